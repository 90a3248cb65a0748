import type { KnownBlock } from '@slack/web-api';
import type { Severity } from '../../domain/alert.ts';
import type { AlertGroup, GroupCount, GroupSums } from '../../store/slack/alert-groups.ts';
import {
  colorOfSums,
  memberLine,
  rankOf,
  type StateOfSums,
  signOfSums,
  stateInWords,
  stateOfSums,
  sumsOf,
} from './group-words.ts';
import { code, context, count, date, fitCounted, type Message, safe, section } from './text.ts';

/** A storm names so many clusters, and of each the rules that fire most. */
const mostClusters = 15;
const mostRules = 2;
const clusterCharacters = 2_900;
const criticalCharacters = 1_900;

type Showing = {
  readonly mayRepeat: boolean;
  /** The button that takes all that the message tells of. */
  readonly takeAll: (group: AlertGroup, sums: GroupSums) => readonly KnownBlock[];
};

/** The message that collects what comes faster than a channel gets messages: a line for each cluster, the worst first. */
export function stormCard(group: AlertGroup, { mayRepeat, takeAll }: Showing): Message {
  const { counts, closedAt, listed, openedAt } = group;
  const sums = sumsOf(counts);
  const clusters = clustersOf(counts);
  const critical = sumsOf(counts.filter(({ severity }) => severity === 'CRITICAL'));
  const worst = clusters[0]?.worst ?? 'HIGH';
  const what = closedAt === null ? 'Alert storm' : 'Alert storm, over';
  const state = stateInWords(sums);
  const size = `${count(sums.all, 'alert')} on ${count(clusters.length, 'cluster')}`;
  const since = `since ${date(openedAt, 'day')}`;
  const criticals = listed.filter(({ severity }) => severity === 'CRITICAL');
  const text = `[${worst}] ${what}: ${size}, ${critical.all} CRITICAL, ${since}. ${state}.`;
  const blocks: KnownBlock[] = [
    {
      ...section(
        `${signOfSums(sums, worst)} *${worst} · ${what}* · ${size} · ${since}\n*${state}*\n${whyInWords(group)}`,
      ),
      block_id: 'head',
    },
    section(
      fitCounted(clusters.slice(0, mostClusters).map(clusterLine), clusterCharacters, (shown) =>
        restInWords(clusters.slice(shown)),
      ),
    ),
    ...(criticals.length === 0
      ? []
      : [
          section(
            fitCounted(
              criticals.map((alert) => memberLine(alert, { severityShown: null, clusterShown: false })),
              criticalCharacters,
              (shown) => (critical.all > shown ? `… and ${critical.all - shown} more CRITICAL: \`/sr alerts\`` : null),
            ),
          ),
        ]),
    ...takeAll(group, sums),
    context(
      [
        '`/sr alerts` with the name of a cluster lists all of its alerts, `/sr ack A-…` takes one',
        ...(mayRepeat ? ['(may appear twice)'] : []),
      ].join(' · '),
    ),
  ];
  return { text, attachments: [{ color: colorOfSums(sums, worst), fallback: text, blocks }] };
}

function whyInWords({ closedAt, cause }: AlertGroup): string {
  if (closedAt !== null) return `The storm is over since ${date(closedAt, 'day')}. New alerts have messages again.`;
  return cause === 'BUDGET'
    ? 'This channel has had as many messages as it gets within an hour, so what came since is collected here.'
    : 'Alerts came faster than this channel gets messages, so they are collected here.';
}

type OfCluster = {
  readonly name: string;
  readonly sums: GroupSums;
  readonly state: StateOfSums;
  /** Of those that nobody has; where there are none, of those that go on, then of all. */
  readonly worst: Severity;
  readonly counts: readonly GroupCount[];
};

const order: readonly StateOfSums[] = ['UNTAKEN', 'TAKEN', 'HIDDEN', 'OVER'];

/** The clusters of a storm: where nobody has something first, the worst and the most of it on top. */
function clustersOf(counts: readonly GroupCount[]): readonly OfCluster[] {
  const clusters = [...Map.groupBy(counts, ({ clusterName }) => clusterName)].map(([name, own]): OfCluster => {
    const sums = sumsOf(own);
    return { name, sums, state: stateOfSums(sums), worst: worstOf(own), counts: own };
  });
  return clusters.toSorted(
    (a, b) =>
      order.indexOf(a.state) - order.indexOf(b.state) ||
      rankOf(a.worst) - rankOf(b.worst) ||
      b.sums.untaken - a.sums.untaken ||
      b.sums.open - a.sums.open ||
      b.sums.all - a.sums.all ||
      a.name.localeCompare(b.name, 'en', { numeric: true }),
  );
}

function worstOf(counts: readonly GroupCount[]): Severity {
  const untaken = counts.filter((each) => each.untaken > 0);
  const open = counts.filter((each) => each.open > 0);
  const [of = []] = [untaken, open, counts].filter((each) => each.length > 0);
  return of.toSorted((a, b) => rankOf(a.severity) - rankOf(b.severity))[0]?.severity ?? 'HIGH';
}

function clusterLine({ name, sums, worst, counts }: OfCluster): string {
  const parts = [
    `${signOfSums(sums, worst)} *${worst}* ${code(name, 60)}`,
    `${count(sums.all, 'alert')}${severitiesInWords(counts)}`,
    stateInWords(sums),
    rulesInWords(counts),
  ];
  return parts.join(' · ');
}

/** How many of each severity, where there are several. */
function severitiesInWords(counts: readonly GroupCount[]): string {
  const found = [...Map.groupBy(counts, ({ severity }) => severity)].toSorted(([a], [b]) => rankOf(a) - rankOf(b));
  return found.length < 2 ? '' : ` (${found.map(([severity, own]) => `${sumsOf(own).all} ${severity}`).join(', ')})`;
}

function rulesInWords(counts: readonly GroupCount[]): string {
  const rules = [...Map.groupBy(counts, ({ rule }) => rule)]
    .map(([rule, own]) => ({ rule, sums: sumsOf(own), worst: worstOf(own) }))
    .toSorted(
      (a, b) => b.sums.untaken - a.sums.untaken || rankOf(a.worst) - rankOf(b.worst) || (a.rule < b.rule ? -1 : 1),
    );
  const named = rules.slice(0, mostRules).map(({ rule, sums }) => `${safe(rule, 40)} ${sums.all}×`);
  const rest = rules.length - named.length;
  return [...named, ...(rest === 0 ? [] : [count(rest, 'other rule')])].join(', ');
}

function restInWords(clusters: readonly OfCluster[]): string | null {
  if (clusters.length === 0) return null;
  const sums = sumsOf(clusters.map((each) => each.sums));
  const critical = sumsOf(clusters.flatMap(({ counts }) => counts.filter(({ severity }) => severity === 'CRITICAL')));
  const bad = critical.open === 0 ? '' : ` (${critical.open} CRITICAL not resolved)`;
  return `… and ${count(clusters.length, 'more cluster')} with ${count(sums.all, 'alert')}${bad}. ${stateInWords(sums)}`;
}
