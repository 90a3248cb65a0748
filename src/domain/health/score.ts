import { alertName } from '../alert.ts';
import { durationInWords } from '../alert-facts.ts';
import { nodeLabel } from '../node-identity.ts';
import { isElectable } from '../quorum.ts';
import { isSilent, namesOf, unjudgedInWords } from '../unjudged.ts';
import { count } from '../words.ts';
import { findingsOfAlerts } from './alert-findings.ts';
import type { Finding, HealthFacts } from './facts.ts';
import { findingsOf } from './findings.ts';
import { findOfCluster, fullestDisks } from './measured.ts';
import { freshMs } from './points.ts';

export type * from './facts.ts';

export const healthScoreWords = ['GOOD', 'FAIR', 'POOR', 'BAD', 'UNKNOWN'] as const;
export type HealthScoreWord = (typeof healthScoreWords)[number];

/** One thing that is wrong, once, at the worst that is told of it. */
export type Deduction = {
  /** What kind of trouble, in a name that never changes: that of the rule which tells of it, where there is one. */
  readonly name: string;
  readonly points: number;
  readonly because: string;
  readonly subject: string;
  /** The open alerts that tell of it, as in A-7; none = only the last look does. */
  readonly alerts: readonly string[];
  /** What else is told of the same thing; it costs nothing more. */
  readonly alsoTold: readonly string[];
};

export type HealthScore = {
  /** 0 to 100: 100 less all deductions; null = the cluster was not looked at lately, so nobody knows. */
  readonly score: number | null;
  readonly word: HealthScoreWord;
  /** The most expensive first. Without a score they are as they were last known. */
  readonly deductions: readonly Deduction[];
  /** What is not known, in words. While there is something, the score is the most that the cluster can have. */
  readonly unknown: readonly string[];
  /** What is done to the cluster on purpose now, in words: it costs less than the same thing would without. */
  readonly plannedWork: readonly string[];
  /** When the cluster was last looked at; null = never. */
  readonly asOf: Date | null;
};

/** Pure. 100 less what each thing that is wrong costs; what is not known costs nothing, and is said. */
export function scoreHealth(facts: HealthFacts): HealthScore {
  const asOf = facts.look?.at ?? facts.observedAt;
  const deductions = deductionsOf([...findingsOf(facts), ...findingsOfAlerts(facts)]);
  const blind = whyBlind(facts, asOf);
  const score = blind === null ? Math.max(0, 100 - lostPoints(deductions)) : null;
  const unknown = blind === null ? gapsOf(facts) : [blind];
  return { score, word: wordOf(score), deductions, unknown, plannedWork: plannedWorkIn(facts), asOf };
}

/** `POOR, 45 of 100`, `FAIR as far as is known, at most 80 of 100`, `UNKNOWN`. */
export function scoreInWords({ score, word, unknown }: Pick<HealthScore, 'score' | 'word' | 'unknown'>): string {
  if (score === null) return word;
  return unknown.length > 0 && score > 0
    ? `${word} as far as is known, at most ${score} of 100`
    : `${word}, ${score} of 100`;
}

/** Compares for a list with the worst first. A cluster of which nobody knows stands before those that are FAIR. */
export function compareWorstFirst(a: Scored, b: Scored): number {
  return placeOf(a) - placeOf(b) || lostPoints(b.deductions) - lostPoints(a.deductions);
}

type Scored = {
  readonly score: number | null;
  readonly deductions: readonly Pick<Deduction, 'points'>[];
};

function placeOf({ score, deductions }: Scored): number {
  return score ?? Math.min(limits.FAIR - 1, Math.max(0, 100 - lostPoints(deductions)));
}

function lostPoints(deductions: Scored['deductions']): number {
  return deductions.reduce((sum, { points }) => sum + points, 0);
}

/** The least score of each word. */
const limits = { GOOD: 90, FAIR: 70, POOR: 40 } as const;

function wordOf(score: number | null): HealthScoreWord {
  if (score === null) return 'UNKNOWN';
  if (score >= limits.GOOD) return 'GOOD';
  if (score >= limits.FAIR) return 'FAIR';
  return score >= limits.POOR ? 'POOR' : 'BAD';
}

function deductionsOf(findings: readonly Finding[]): readonly Deduction[] {
  const things = [...Map.groupBy(findings, ({ key }) => key).values()];
  return things
    .flatMap((told): Deduction[] => {
      const [worst, ...others] = told.toSorted(compareFindings);
      if (worst === undefined) return [];
      const { name, points, because, subject } = worst;
      const numbers = told.flatMap(({ alert }) => (alert === null ? [] : [alert]));
      const alerts = numbers.toSorted((a, b) => a - b).map((number) => alertName({ number }));
      const also = new Set(others.map((each) => each.because).filter((words) => !words.startsWith(because)));
      return [{ name, points, because, subject, alerts, alsoTold: [...also] }];
    })
    .toSorted(compareFindings);
}

type Told = Pick<Finding, 'points' | 'subject' | 'because'>;

function compareFindings(a: Told, b: Told): number {
  return b.points - a.points || compareText(a.subject, b.subject) || compareText(a.because, b.because);
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Why nothing can be said of how it is now; null = it was looked at lately. */
function whyBlind({ now, look }: HealthFacts, asOf: Date | null): string | null {
  if (asOf === null) return 'it was never looked at';
  if (look === null) return 'it was not looked at since it was registered';
  const ageMs = now.getTime() - asOf.getTime();
  return ageMs > freshMs ? `the last look is ${durationInWords(ageMs)} old` : null;
}

function plannedWorkIn({ work, nodes, explained, isUpgrading }: HealthFacts): readonly string[] {
  const labelOf = (id: string) => {
    const node = nodes.find((each) => each.id === id);
    return node === undefined ? 'a node' : nodeLabel(node);
  };
  const worked = new Set(work.map(({ nodeId }) => nodeId));
  const stopped = nodes.filter(({ id }) => explained.has(id) && !worked.has(id));
  return [
    ...(isUpgrading ? ['a run changes its version'] : []),
    ...work.map(({ nodeId, runNumber }) => `R-${runNumber} works on ${labelOf(nodeId)}`),
    ...stopped.map((node) => `${nodeLabel(node)} is ${explained.get(node.id)}`),
  ];
}

/** What the last look left open. */
function gapsOf(facts: HealthFacts): readonly string[] {
  const { look, nodes, runMode, notJudged } = facts;
  if (look?.ok === false) return ['its nodes, disks and tablets are as they were last seen'];
  const isTold = notJudged.some(
    ({ rule, labels }) => countedTablets.has(rule) && Object.keys(labels ?? {}).length === 0,
  );
  const counted = [...countedTablets].map((metric) => findOfCluster(facts, metric));
  // The data of a shared-data cluster has no replicas.
  const hasGap = runMode !== 'shared_data' && !isTold && counted.some((value) => value === null);
  const silent = fullestDisks(facts).filter(({ share }) => share === null);
  const unread = (look?.nodes ?? []).filter(isSilent).map(nodeLabel);
  const mute = nodes.filter(({ alive, version }) => alive && version === null);
  return [
    ...(nodes.some(isElectable) ? [] : ['no frontend of it is known']),
    ...(hasGap ? ['whether tablets miss replicas was not measured lately'] : []),
    ...(silent.length === 0 ? [] : [`how full the disks of ${namesOf(silent.map(({ label }) => label))} are`]),
    ...(unread.length === 0 ? [] : [`the numbers of ${namesOf(unread)}, which does not answer well over HTTP`]),
    ...(mute.length === 0 ? [] : [`the version of ${count(mute.length, 'node')}`]),
    ...unjudgedInWords(look?.nodes ?? [], notJudged),
  ];
}

const countedTablets: ReadonlySet<string> = new Set(['tablets_without_replica', 'tablets_unhealthy']);
