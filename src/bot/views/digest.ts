import type { KnownBlock } from '@slack/web-api';
import { alertName } from '../../domain/alert.ts';
import { type Digest, type DigestOfCluster, type LowAlert, oldMs, sumsOf } from '../../domain/delivery/digest.ts';
import { severitySigns } from './alert-card.ts';
import {
  code,
  context,
  count,
  date,
  fitLines,
  header,
  type Message,
  packed,
  safe,
  section,
  textLength,
} from './text.ts';

/** Below the 50 blocks that Slack takes, and what a person reads at all. */
const mostBlocks = 45;
const mostCharacters = 9_000;
/** Kept for what stands below the clusters. */
const belowCharacters = 2_900;
const belowBlocks = 5;
const longestCluster = 2_400;
const shortestCluster = 400;
const sentencesLength = 900;

type Showing = {
  /** Whether an earlier sending of it may have arrived. */
  readonly mayRepeat: boolean;
  /** Set for somebody who asked what it would say: when it is due; null = nobody knows. */
  readonly preview?: { readonly dueAt: Date | null; readonly timeZone: string };
};

/** The daily message of a channel: what is open and not urgent, and what nobody was told of. */
export function digestMessage(digest: Digest, { mayRepeat, preview }: Showing): Message {
  const title = `Daily digest of alerts, ${dayInWords(digest.day)}`;
  const intro = preview === undefined ? [] : [context(previewLine(preview))];
  const head = [header(title), ...intro, section(safe(sentencesOf(digest), sentencesLength))];
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
    text: safe(`${title}. ${sentencesOf(digest)}`, sentencesLength),
    blocks: [...head, ...clustersOf(digest, head), ...below],
  };
}

function previewLine({ dueAt, timeZone }: NonNullable<Showing['preview']>): string {
  const due = dueAt === null ? 'as soon as it is planned' : `${date(dueAt, 'day')} (time zone ${timeZone})`;
  return `Only you see this: what it would say now, as far as you may see it. It is posted: ${due}.`;
}

function dayInWords(day: string): string {
  const at = new Date(`${day}T00:00:00Z`);
  const month = at.toLocaleString('en-GB', { month: 'long', timeZone: 'UTC' });
  return `${at.getUTCDate()} ${month} ${at.getUTCFullYear()}`;
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
      const left = `${count(rest.length, 'cluster')} more with ${count(low, 'open LOW alert')}`;
      return [...blocks, section(`… and ${left}: \`/sr alerts\` with the name of one lists them.`)];
    }
    blocks.push(block);
  }
  return blocks;
}

function clusterText(cluster: DigestOfCluster, max: number): string {
  const { name, low, lowCount, flapping } = cluster;
  const lines = [...low.map(lowLine), ...flapping.map(flappingLine)];
  // The counts are kept, however many alerts there are.
  const title = `*${code(name, 60)}* · ${count(lowCount, 'open LOW alert')}${oldInWords(cluster)}`;
  const tail = notesOf(cluster).map((note) => `${note}.`);
  const most = Math.max(200, max - title.length - tail.reduce((sum, line) => sum + line.length + 1, 0) - 100);
  const shown = packed(lines, most, '\n')[0] ?? [];
  const unseen = lowCount - Math.min(shown.length, low.length);
  const unseenFlapping = flapping.length - Math.max(0, shown.length - low.length);
  const more = [
    ...(unseen === 0 ? [] : [count(unseen, 'LOW alert')]),
    ...(unseenFlapping === 0 ? [] : [`${count(unseenFlapping, 'alert')} that begin and end again and again`]),
  ];
  const rest = more.length === 0 ? [] : [`… and ${more.join(', ')} more: ${code(`/sr alerts ${name}`, 80)}`];
  return [title, ...shown, ...rest, ...tail].join('\n');
}

function lowLine({ number, title, since, isStale, takenBy }: LowAlert): string {
  const parts = [
    `${severitySigns.LOW} *LOW* ${alertName({ number })} · ${safe(title, 150)}`,
    `since ${date(since, 'day')}`,
    ...(isStale ? ['*no data now*'] : []),
    ...(takenBy === null ? [] : [`taken by ${safe(takenBy, 60)}`]),
  ];
  return parts.join(' · ');
}

function flappingLine({ number, title, severity }: DigestOfCluster['flapping'][number]): string {
  return `${severitySigns[severity]} *${severity}* ${alertName({ number })} · ${safe(title, 150)} · *begins and ends again and again*`;
}

function notesOf(cluster: DigestOfCluster): readonly string[] {
  const { ended, missed } = cluster;
  return [
    ...(ended === 0 ? [] : [`${count(ended, 'alert')} of earlier digests ${ended === 1 ? 'is' : 'are'} resolved`]),
    ...(missed.length === 0 ? [] : [`Resolved before anybody was told: ${missedInWords(missed)}`]),
    ...hiddenInWords(cluster),
  ];
}

function oldInWords({ oldCount, lowCount }: Pick<DigestOfCluster, 'oldCount' | 'lowCount'>): string {
  const days = `for more than ${oldMs / 86_400_000} days`;
  if (oldCount === 0) return '';
  return lowCount === 1 ? `, ${days}` : `, ${oldCount} of them ${days}`;
}

function missedInWords(missed: DigestOfCluster['missed']): string {
  const named = missed.slice(0, 3).map((each) => `${safe(each.rule, 60)} ${each.count}×`);
  const rest = missed.slice(3).reduce((sum, each) => sum + each.count, 0);
  return [...named, ...(rest === 0 ? [] : [`others ${rest}×`])].join(', ');
}

function hiddenInWords({ silenced, inhibited, hiddenBefore }: DigestOfCluster): readonly string[] {
  const parts = [
    ...(silenced === 0 ? [] : [`${count(silenced, 'alert')} by a silence`]),
    ...(inhibited === 0 ? [] : [`${count(inhibited, 'alert')} by a run, maintenance or another alert`]),
    ...(hiddenBefore === 0 ? [] : [`${count(hiddenBefore, 'alert')} for some time, not any more`]),
  ];
  return parts.length === 0 ? [] : [`Hidden: ${parts.join(', ')}`];
}

function noisyLines({ noisy }: Digest): readonly string[] {
  return noisy.map(
    ({ rule, count: times }) => `${safe(rule, 80)} fired ${count(times, 'time')} · ${code(`/sr rule ${rule}`, 90)}`,
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
  const { low, old, ended, missed, flapping, hidden } = sumsOf(digest);
  const names = digest.clusters.filter(({ lowCount }) => lowCount > 0).length;
  const were = (n: number, rest: string) =>
    n === 0 ? [] : [`${count(n, 'alert')} ${n === 1 ? 'was' : 'were'} ${rest}.`];
  const { silences, noisy } = digest;
  return [
    low === 0
      ? 'No LOW alert is open.'
      : `${count(low, 'LOW alert')} ${low === 1 ? 'is' : 'are'} open on ${count(names, 'cluster')}${oldInWords({ oldCount: old, lowCount: low })}.`,
    ...(ended === 0 ? [] : [`${count(ended, 'alert')} of earlier digests ${ended === 1 ? 'is' : 'are'} resolved.`]),
    ...were(missed, 'resolved before anybody was told'),
    ...(flapping === 0
      ? []
      : [`${count(flapping, 'alert')} ${flapping === 1 ? 'begins and ends' : 'begin and end'} again and again.`]),
    ...(hidden === 0
      ? []
      : [
          `${count(hidden, 'alert')} ${hidden === 1 ? 'is' : 'are'} hidden, or ${hidden === 1 ? 'was' : 'were'} for some time.`,
        ]),
    ...(silences.length === 0
      ? []
      : [`${count(silences.length, 'silence')} ${silences.length === 1 ? 'ends' : 'end'} today.`]),
    ...(noisy[0] === undefined ? [] : [`The noisiest rule is ${noisy[0].rule}.`]),
  ].join(' ');
}
