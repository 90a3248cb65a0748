import type { KnownBlock } from '@slack/web-api';
import { type Alert, alertName, alertWord, type Severity, titleToShow } from '../../domain/alert.ts';
import { type RuleFamily, ruleFamilies } from '../../domain/rules/rule.ts';
import type { AlertGroup, GroupCount } from '../../store/slack/alert-groups.ts';
import { severityColors, severitySigns } from './alert-card.ts';
import { code, context, count, date, fitLines, type Message, safe, section } from './text.ts';

/** How the members of a message are counted. */
type Sums = { readonly all: number; readonly open: number; readonly acked: number };

const over = '#2eb886';
/** Lines of a storm by cluster and rule. */
const mostCounts = 15;

/** The one message that tells of several alerts: those of a group, or all that came in a storm. */
export function groupCard(group: AlertGroup, { mayRepeat }: { mayRepeat: boolean }): Message {
  return group.kind === 'STORM' ? stormCard(group, mayRepeat) : ofGroup(group, mayRepeat);
}

function ofGroup(group: AlertGroup, mayRepeat: boolean): Message {
  const { severity, clusterName, listed, counts } = group;
  const worst = severity ?? 'HIGH';
  const sums = sumsOf(counts);
  const name = clusterName ?? 'a cluster';
  const isOver = sums.open === 0;
  const state = stateInWords(sums);
  const text = safe(
    `[${worst}] ${name}: ${count(sums.all, 'alert')} about ${familyInWords(group.family)}. ${state}. ${namesOf(listed)}`,
    300,
  );
  const blocks: KnownBlock[] = [
    {
      ...section(
        `${isOver ? '✅' : severitySigns[worst]} *${worst} · ${count(sums.all, 'alert')}, ${isOver ? 'all resolved' : `${sums.open} firing`}* · ${code(name, 60)}\n*${safe(familyTitle(group.family), 60)}*`,
      ),
      block_id: 'head',
    },
    section(fitLines(linesOf(listed, sums.all), 2_900)),
    factsOf(group, sums),
    ...takeAll(group, sums),
    context(
      [`\`/sr alerts ${safe(name, 60)}\` lists all of them, \`/sr ack A-…\` takes one`, ...repeat(mayRepeat)].join(
        ' · ',
      ),
    ),
  ];
  return { text, attachments: [{ color: isOver ? over : severityColors[worst], fallback: text, blocks }] };
}

function stormCard(group: AlertGroup, mayRepeat: boolean): Message {
  const { counts, closedAt, cause, listed } = group;
  const sums = sumsOf(counts);
  const clusters = new Set(counts.map(({ clusterName }) => clusterName)).size;
  const critical = sumsOf(counts.filter(({ severity }) => severity === 'CRITICAL'));
  const worst = worstOf(counts);
  const isOver = sums.open === 0;
  const why =
    cause === 'BUDGET'
      ? 'This channel has had as many messages as it gets within an hour, so what came since is collected here.'
      : 'Alerts came faster than this channel gets messages, so they are collected here.';
  const now = closedAt === null ? why : `The storm is over since ${date(closedAt)}. New alerts have messages again.`;
  const criticals = listed.filter((alert) => alert.severity === 'CRITICAL');
  const text = safe(
    `[${worst}] ${closedAt === null ? 'Alert storm' : 'Alert storm, over'}: ${count(sums.all, 'alert')} on ${count(clusters, 'cluster')}, ${critical.all} CRITICAL. ${stateInWords(sums)}.`,
    300,
  );
  const blocks: KnownBlock[] = [
    {
      ...section(
        `${isOver ? '✅' : severitySigns[worst]} *${worst} · ${closedAt === null ? 'alert storm' : 'alert storm, over'}* · ${count(sums.all, 'alert')} on ${count(clusters, 'cluster')}, ${sums.open} firing\n${now}`,
      ),
      block_id: 'head',
    },
    ...(criticals.length === 0 ? [] : [section(fitLines(linesOf(criticals, critical.all), 1_400))]),
    section(fitLines(countLines(counts), 1_400)),
    factsOf(group, sums),
    ...takeAll(group, sums),
    context(['`/sr alerts <cluster>` lists all of them, `/sr ack A-…` takes one', ...repeat(mayRepeat)].join(' · ')),
  ];
  return { text, attachments: [{ color: isOver ? over : severityColors[worst], fallback: text, blocks }] };
}

function factsOf({ openedAt }: AlertGroup, sums: Sums): KnownBlock {
  const facts = [
    `*Since*\n${date(openedAt, 'day')}`,
    `*Firing*\n${sums.open} of ${sums.all}`,
    `*Acknowledged*\n${sums.acked} of ${sums.open}`,
  ];
  return { type: 'section', block_id: 'facts', fields: facts.map((text) => ({ type: 'mrkdwn' as const, text })) };
}

/** One button that takes all that the message tells of, as it is shown: what joins later is not meant by it. */
function takeAll({ id, joinRevision }: AlertGroup, { open, acked }: Sums): readonly KnownBlock[] {
  const untaken = open - acked;
  if (untaken === 0) return [];
  const words = `Acknowledge ${count(untaken, 'alert')}`;
  return [
    {
      type: 'actions',
      block_id: 'act',
      elements: [
        {
          type: 'button',
          action_id: 'alert.ack_all',
          text: { type: 'plain_text', text: 'Acknowledge all…' },
          value: groupValue({ id, joinRevision }),
          accessibility_label: `${words} of this message`,
          confirm: {
            title: { type: 'plain_text', text: `${words}?` },
            text: {
              type: 'plain_text',
              text: `You take care of all ${untaken} that this message shows as open and not acknowledged, those too that it does not list by name.`,
            },
            confirm: { type: 'plain_text', text: 'Acknowledge all' },
            deny: { type: 'plain_text', text: 'Cancel' },
          },
        },
      ],
    },
  ];
}

function groupValue({ id, joinRevision }: Pick<AlertGroup, 'id' | 'joinRevision'>): string {
  return `${id} ${joinRevision}`;
}

/** Reads the value of the button that takes all; null = it is none of ours. */
export function readGroupValue(value: string | null): { groupId: string; joinRevision: number } | null {
  const match = /^(agr_[0-9A-Z]{26}) (\d{1,15})$/.exec(value ?? '');
  return match?.[1] === undefined || match[2] === undefined
    ? null
    : { groupId: match[1], joinRevision: Number(match[2]) };
}

/** What became of taking all. */
export function allTaken(taken: readonly Alert[], refusals: readonly string[]): Message {
  const names = taken.slice(0, 20).map(alertName).join(', ');
  const more = taken.length > 20 ? ` and ${taken.length - 20} more` : '';
  const said =
    taken.length === 0
      ? 'You have taken none of the alerts of that message.'
      : `You take care of ${count(taken.length, 'alert')}: ${names}${more}.`;
  const others = [...Map.groupBy(refusals, (why) => why)].map(([why, all]) => `${all.length} not: ${safe(why, 200)}`);
  const none =
    taken.length + refusals.length === 0 ? ' All of them are over or taken already, or you may not see them.' : '';
  return { text: `${said}${none}${others.length === 0 ? '' : ` ${others.slice(0, 5).join('. ')}.`}` };
}

function linesOf(alerts: readonly Alert[], all: number): readonly string[] {
  const lines = alerts.map(
    (alert) =>
      `${signOf(alert)} *${alertWord(alert)}* ${alertName(alert)} · ${code(alert.clusterName, 60)} · ${safe(titleToShow(alert), 150)}`,
  );
  return all > alerts.length ? [...lines, `… and ${all - alerts.length} more`] : lines;
}

function signOf(alert: Alert): string {
  if (alert.signal === 'RESOLVED') return '✅';
  return alert.handling.kind === 'ACKED' ? '👤' : severitySigns[alert.severity];
}

function countLines(counts: readonly GroupCount[]): readonly string[] {
  const sorted = counts.toSorted((a, b) => rank(a.severity) - rank(b.severity) || b.open - a.open || b.all - a.all);
  const shown = sorted.slice(0, mostCounts);
  const rest = sumsOf(sorted.slice(mostCounts));
  const lines = shown.map(
    ({ clusterName, rule, severity, all, open }) =>
      `${severitySigns[severity]} ${severity} · ${code(clusterName, 60)} · ${safe(rule, 60)}: ${all}${open === all ? '' : `, ${open} still firing`}`,
  );
  return rest.all === 0 ? lines : [...lines, `… and ${rest.all} of other clusters and rules`];
}

function stateInWords({ all, open, acked }: Sums): string {
  if (open === 0) return all === 1 ? 'It is resolved' : 'All are resolved';
  const firing = open === all ? 'All are firing' : `${open} of them are firing`;
  return `${firing}, ${acked === 0 ? 'none is acknowledged' : `${acked} acknowledged`}`;
}

function namesOf(alerts: readonly Alert[]): string {
  const open = alerts.filter(({ signal }) => signal !== 'RESOLVED').slice(0, 3);
  return open.map(alertName).join(', ');
}

function sumsOf(counts: readonly Sums[]): Sums {
  return counts.reduce<Sums>(
    (sum, { all, open, acked }) => ({ all: sum.all + all, open: sum.open + open, acked: sum.acked + acked }),
    { all: 0, open: 0, acked: 0 },
  );
}

function worstOf(counts: readonly GroupCount[]): Severity {
  return counts.toSorted((a, b) => rank(a.severity) - rank(b.severity))[0]?.severity ?? 'HIGH';
}

function rank(severity: Severity): number {
  return Object.keys(severitySigns).indexOf(severity);
}

function isFamily(name: string): name is RuleFamily {
  return name in ruleFamilies;
}

/** The family as people read it; a rule that this version does not know is a family of its own. */
export function familyTitle(family: string | null): string {
  return family !== null && isFamily(family) ? ruleFamilies[family] : (family ?? 'alerts');
}

function familyInWords(family: string | null): string {
  const title = familyTitle(family);
  return `${title.slice(0, 1).toLowerCase()}${title.slice(1)}`;
}

function repeat(mayRepeat: boolean): readonly string[] {
  return mayRepeat ? ['(may appear twice)'] : [];
}
