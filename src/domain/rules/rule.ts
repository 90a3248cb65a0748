import type { Severity } from '../alert.ts';
import type { NodeKind } from '../cluster.ts';

/** The groups in which people read alert rules. */
export const ruleFamilies = {
  cluster: 'The cluster as a whole',
  nodes: 'Nodes',
  queries: 'Queries',
  connections: 'Connections',
  loads: 'Loads',
  'routine-loads': 'Routine loads',
  disks: 'Disks',
  memory: 'Memory',
  processes: 'Processes and hosts',
  storage: 'Tablets and compaction',
  metadata: 'Metadata',
  certificates: 'Certificates',
  backups: 'Backups',
  starwarden: 'Starwarden itself',
  own: 'Your own rules',
} as const satisfies Readonly<Record<string, string>>;
export type RuleFamily = keyof typeof ruleFamilies;

export const comparisons = ['ABOVE', 'BELOW'] as const;
export type Comparison = (typeof comparisons)[number];

/** `EACH`: every subject of the metric has an alert of its own. `CLUSTER`: the one value that all have together. */
export const judgedOf = ['EACH', 'CLUSTER'] as const;
export type JudgedOf = (typeof judgedOf)[number];

/** A number of the catalogue beyond a threshold. Thresholds are in the unit of the metric. */
export type OnMetric = {
  readonly kind: 'METRIC';
  /** A name of the catalogue. */
  readonly metric: string;
  readonly of: JudgedOf;
  /** Only values of nodes of these kinds; left out: of all. */
  readonly nodes?: readonly NodeKind[];
  readonly compare: Comparison;
  /** `ABOVE`: bad when greater; the threshold itself is still good. */
  readonly threshold: number;
  /** An alert ends here: at most the threshold for `ABOVE`, at least for `BELOW`. Between them an open alert goes on. */
  readonly clear: number;
  /** Other metrics of the same subject whose values stand in the text. */
  readonly tells?: readonly string[];
  /** A share of nothing, or a latency of no query, is well below the threshold; otherwise it is not known. */
  readonly nothingMeans?: 'FINE';
  /** The stricter rule about the same metric: beyond its threshold, that one has the alert, and this one begins none. */
  readonly upTo?: string;
  /**
   * Another metric: in a look that knows it of the same subject, no alert of this rule begins or goes on ripening, since the rule about that
   * metric judges it. An alert that is open goes on.
   */
  readonly unless?: string;
};

/** A code rule over what a look saw: it knows by itself what is wrong, how bad it is, and for how long it has to hold. */
export type OnCheck = { readonly kind: 'CHECK' };

/** For how long and in how many looks in a row what a check finds must hold, unless the check sees a reason for another time. */
export type CheckWaits = { readonly forMs: number; readonly minSamples: number };

/** An alert rule as data: what people read of it, and what of it they may change. */
export type AlertRule = {
  /** Never changes: alerts, overrides and histories are kept under it. */
  readonly name: string;
  readonly family: RuleFamily;
  /** What is wrong; of a metric rule the title of its alerts, with `{node}`, `{path}`, `{database}`, `{user}`, `{job}`. */
  readonly title: string;
  /** The same, once it is over. */
  readonly pastTitle: string;
  readonly on: OnMetric | OnCheck;
  /** How long it must hold; null = the check decides. */
  readonly forMs: number | null;
  /** What the check decides, as a rule; only of a check. */
  readonly waits?: CheckWaits;
  /** Of a check, the worst that it finds. */
  readonly severity: Severity;
  /** What it means for users, in whole sentences. */
  readonly means: string;
  /** What to do, in whole sentences. */
  readonly todo: string;
  /** A page of the documentation; null = there is none, as for people's own rules. */
  readonly runbook: string | null;
  /** The operation that mends it, as a rule; it is offered, never run at once. */
  readonly action: string | null;
  /** A run that takes the node away explains it. */
  readonly isInhibitedByRuns: boolean;
  /** Nothing hides its alerts. */
  readonly isNeverHidden?: true;
  /** It is about losing the cluster or its data: where runs need approval, nobody switches it off or makes it less strict. */
  readonly isGuarded?: true;
};

export type MetricRule = AlertRule & { readonly on: OnMetric; readonly forMs: number };

export function isMetricRule(rule: AlertRule): rule is MetricRule {
  return rule.on.kind === 'METRIC' && rule.forMs !== null;
}

/** Names of rules that people make begin so, and no shipped one does, also in versions to come. */
export const ownPrefix = 'own_';

/** Whether a value is bad. */
export function isBeyond(compare: Comparison, value: number, threshold: number): boolean {
  return compare === 'ABOVE' ? value > threshold : value < threshold;
}

/** Whether a value is good enough to end an alert. */
export function isClear(compare: Comparison, value: number, clear: number): boolean {
  return compare === 'ABOVE' ? value <= clear : value >= clear;
}
