import type { NodeKind } from '../cluster.ts';

/** What the values of a metric are about. */
export const metricScopes = ['CLUSTER', 'NODE', 'DISK', 'DATABASE', 'USER', 'ROUTINE_LOAD'] as const;
export type MetricScope = (typeof metricScopes)[number];

/** `SHARE` is a part of one, shown in percent. */
export const metricUnits = [
  'COUNT',
  'PER_SECOND',
  'SECONDS',
  'MILLISECONDS',
  'BYTES',
  'BYTES_PER_SECOND',
  'SHARE',
  'DAYS',
] as const;
export type MetricUnit = (typeof metricUnits)[number];

/** Which samples of a family of a page count: those whose labels have these values. */
export type LabelFilter = Readonly<Record<string, string | readonly string[]>>;

/** How several samples, or several nodes, become one value. */
export const joins = ['SUM', 'MAX', 'MIN'] as const;
export type Join = (typeof joins)[number];

/** A family of `/metrics`. Of several names the first counts that the page has: versions call the same thing differently. */
export type Family = { readonly names: readonly string[]; readonly where?: LabelFilter };

/** How a value of one node is made of its page. */
export type Derivation =
  /** The value as it stands; several samples are joined. */
  | { readonly kind: 'GAUGE'; readonly family: Family; readonly join?: Join; readonly scale?: number }
  /** Growth of a counter for each second since the look before; a counter that fell was set back to 0 meanwhile. */
  | { readonly kind: 'RATE'; readonly family: Family; readonly scale?: number }
  /** The quantile that a summary shows. A summary that counted nothing has none. */
  | { readonly kind: 'QUANTILE'; readonly family: Family; readonly quantile: string }
  /** One derivation for each unit of another; a share of nothing is not known. */
  | { readonly kind: 'SHARE'; readonly of: Derivation; readonly in: Derivation }
  /** The sum of several, or the first minus the others. */
  | { readonly kind: 'SUM' | 'DIFFERENCE'; readonly terms: readonly Derivation[] };

/** A value that no page of a node has: the cluster answers it by SQL, at its own slower pace, or another part of the look has it. */
export type FactSource = { readonly kind: 'FACT'; readonly fact: string };

export type MetricSource =
  | FactSource
  | {
      readonly kind: 'PAGE';
      readonly nodes: readonly NodeKind[];
      /** Only the leading frontend knows it; the others show 0. */
      readonly leaderOnly?: true;
      readonly derivation: Derivation;
      /** Which label of the samples names the subject, for scopes below the node: one value for each value of the label. */
      readonly by?: { readonly label: string; readonly subject: 'path' | 'database' | 'user' | 'job' };
    };

/** One entry of the catalogue: a number that people ask for by name. */
export type Metric = {
  /** The name that people type: `query_p95_ms`. Never changes: history and rules are kept under it. */
  readonly name: string;
  /** In a few words, for a card or a chart. */
  readonly title: string;
  /** What it says and what it does not, in one or two sentences for an operator. */
  readonly meaning: string;
  readonly unit: MetricUnit;
  readonly scope: MetricScope;
  readonly source: MetricSource;
  /** How the values of all subjects become the one of the cluster; null = they have none in common. */
  readonly overall: Join | null;
  /** `3.3`: the first and the last version that has it; left out = all from 3.1 on. */
  readonly since?: string;
  readonly until?: string;
  /** Where the fact comes from, for who doubts the number. */
  readonly documented: string;
};
