import type { KnownBlock } from '@slack/web-api';
import { alertName } from '../../domain/alert.ts';
import { type Digest, type DigestOfCluster, oldMs, sumsOf } from '../../domain/delivery/digest.ts';
import { severitySigns } from './alert-card.ts';
import { code, context, count, date, fitLines, header, type Message, safe, section, textLength } from './text.ts';

/** Below the 50 blocks that Slack takes, and what a person reads at all. */
const mostBlocks = 45;
const mostCharacters = 9_000;
/** Kept for what stands below the clusters. */
const belowCharacters = 2_900;
const belowBlocks = 5;
const longestCluster = 2_400;
const shortestCluster = 400;

/** The daily message of a channel: what is open and not urgent, and what nobody was told of. */
export function digestMessage(digest: Digest, { mayRepeat }: { mayRepeat: boolean }): Message {
  const head = [header('Daily digest of alerts'), section(safe(sentencesOf(digest), 900))];
  const below = [
    ...part('Noisiest rules of the last 24 hours', noisyLines(digest)),
    ...part('Silences that end today', silenceLines(digest)),
    context(
      [
        '`/sr alerts` lists all open alerts, `/sr ack A-…` takes one',
        `counted since ${date(digest.since, 'day')}`,
        ...(mayRepeat ? ['(may appear twice)'] : []),
      ].join(' · '),
    ),
  ];
  return {
    text: safe(`Daily digest of alerts. ${sentencesOf(digest)}`, 900),
    blocks: [...head, ...clustersOf(digest, head), ...below],
  };
}

/** As many clusters as fit, the others by a count. */
function clustersOf({ clusters }: Digest, head: readonly KnownBlock[]): readonly KnownBlock[] {
  const room = mostCharacters - belowCharacters - textLength(head);
  const most = Math.min(longestCluster, Math.max(shortestCluster, Math.floor(room / Math.max(1, clusters.length))));
  const blocks: KnownBlock[] = [];
  let length = 0;
  for (const [index, cluster] of clusters.entries()) {
    const block = section(clusterText(cluster, most));
    length += textLength(block);
    if (length > room || blocks.length >= mostBlocks - belowBlocks - head.length) {
      const rest = clusters.slice(index);
      const { low } = sumsOf({ clusters: rest });
      return [
        ...blocks,
        section(
          `… and ${count(rest.length, 'cluster')} more with ${count(low, 'open LOW alert')}: \`/sr alerts <cluster>\` lists them.`,
        ),
      ];
    }
    blocks.push(block);
  }
  return blocks;
}

function clusterText(cluster: DigestOfCluster, max: number): string {
  const { name, low, lowCount, missed, flapping, silenced, inhibited } = cluster;
  const notes = [
    ...(missed.length === 0 ? [] : [`Resolved before anybody was told: ${missedInWords(missed)}`]),
    ...(silenced + inhibited === 0 ? [] : [hiddenInWords(cluster)]),
  ];
  const lines = [
    ...low.map(
      (alert) =>
        `${severitySigns.LOW} *LOW* ${alertName(alert)} · ${safe(alert.title, 150)} · since ${date(alert.since, 'day')}`,
    ),
    ...flapping.map(
      (alert) =>
        `${severitySigns[alert.severity]} *${alert.severity}* ${alertName(alert)} begins and ends again and again · ${safe(alert.title, 150)}`,
    ),
  ];
  // The counts are kept, however many alerts there are.
  const title = `*${code(name, 60)}* · ${count(lowCount, 'open LOW alert')}${oldInWords(cluster)}`;
  const tail = notes.map((note) => `${note}.`);
  const room = max - title.length - tail.reduce((sum, line) => sum + line.length + 1, 0);
  const unseen = lowCount - low.length;
  const shown = lines.length === 0 ? [] : [fitLines(lines, Math.max(200, room))];
  const more =
    unseen === 0 ? [] : [`… of ${count(lowCount, 'open LOW alert')}; \`/sr alerts ${safe(name, 60)}\` lists all`];
  return [title, ...shown, ...more, ...tail].join('\n');
}

function oldInWords({ oldCount }: DigestOfCluster): string {
  return oldCount === 0 ? '' : `, ${oldCount} of them for more than ${oldMs / 86_400_000} days`;
}

function missedInWords(missed: DigestOfCluster['missed']): string {
  const named = missed.slice(0, 3).map((each) => `${safe(each.rule, 60)} ${each.count}×`);
  const rest = missed.slice(3).reduce((sum, each) => sum + each.count, 0);
  return [...named, ...(rest === 0 ? [] : [`others ${rest}×`])].join(', ');
}

function hiddenInWords({ silenced, inhibited }: DigestOfCluster): string {
  const parts = [
    ...(silenced === 0 ? [] : [`${count(silenced, 'alert')} by a silence`]),
    ...(inhibited === 0
      ? []
      : [`${count(inhibited, 'alert')} because something else explained ${inhibited === 1 ? 'it' : 'them'}`]),
  ];
  return `Hidden for some time: ${parts.join(', ')}`;
}

function noisyLines({ noisy }: Digest): readonly string[] {
  return noisy.map(
    ({ rule, count: times }) => `${safe(rule, 80)} fired ${count(times, 'time')} · \`/sr rule ${safe(rule, 80)}\``,
  );
}

function silenceLines({ silences }: Digest): readonly string[] {
  return silences.map(({ name, until, reason }) => `${name} ends ${date(until, 'day')} · ${safe(reason, 100)}`);
}

function part(title: string, lines: readonly string[]): readonly KnownBlock[] {
  return lines.length === 0 ? [] : [section(`*${title}*\n${fitLines(lines, 1_200)}`)];
}

/** What the message says, in sentences, for notifications and screen readers. */
function sentencesOf(digest: Digest): string {
  const { low, old, missed, flapping, hidden } = sumsOf(digest);
  const names = digest.clusters.filter(({ lowCount }) => lowCount > 0).length;
  const are = (n: number) => (n === 1 ? 'is' : 'are');
  const were = (n: number) => (n === 1 ? 'was' : 'were');
  return [
    low === 0
      ? 'No LOW alert is open.'
      : `${count(low, 'LOW alert')} ${are(low)} open on ${count(names, 'cluster')}${old === 0 ? '' : `, ${old} of them for more than 7 days`}.`,
    ...(missed === 0 ? [] : [`${count(missed, 'alert')} ${were(missed)} resolved before anybody was told.`]),
    ...(flapping === 0
      ? []
      : [`${count(flapping, 'alert')} ${flapping === 1 ? 'begins and ends' : 'begin and end'} again and again.`]),
    ...(hidden === 0 ? [] : [`${count(hidden, 'alert')} ${were(hidden)} hidden for some time.`]),
    ...(digest.silences.length === 0
      ? []
      : [`${count(digest.silences.length, 'silence')} ${digest.silences.length === 1 ? 'ends' : 'end'} today.`]),
    ...(digest.noisy[0] === undefined ? [] : [`The noisiest rule is ${digest.noisy[0].rule}.`]),
  ].join(' ');
}
