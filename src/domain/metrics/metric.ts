import type { NodeKind } from '../cluster.ts';

/** What the values of a metric are about. */
export const metricScopes = [
  'CLUSTER',
  'NODE',
  'DISK',
  'MEDIUM',
  'DATABASE',
  'USER',
  'ROUTINE_LOAD',
  'ENDPOINT',
] as const;
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

/** Which samples of a family of a page count: those whose labels have these values, or any but this one. */
export type LabelFilter = Readonly<Record<string, string | readonly string[] | { readonly not: string }>>;

/** How several samples, or several nodes, become one value. */
export const joins = ['SUM', 'MAX', 'MIN'] as const;
export type Join = (typeof joins)[number];

/** `POOLED`: of a share, the parts of all subjects together for each of their wholes; the error share of three frontends. */
export type Overall = Join | 'POOLED';

/** A family of `/metrics`. Of several names the first counts that the page has: versions call the same thing differently. */
export type Family = { readonly names: readonly string[]; readonly where?: LabelFilter };

/** How a value of one node is made of its page. */
export type Derivation =
  /**
   * The value as it stands; several samples are joined, summed up if not said otherwise. `isCount`: a page that came to its
   * end without any such sample has 0 of them.
   */
  | {
      readonly kind: 'GAUGE';
      readonly family: Family;
      readonly join?: Join;
      readonly scale?: number;
      readonly isCount?: true;
    }
  /** A percentage that the node made itself, as a share. What its rounding brings above 100 is 1. */
  | { readonly kind: 'PERCENT'; readonly family: Family }
  /**
   * Growth of a counter for each second since the look before; the growth of several samples is summed up. Counters of a
   * process go back to 0 together when it starts. Those of the `HOST` (from /proc) do not: when one of them falls, the rate
   * is not known.
   */
  | { readonly kind: 'RATE'; readonly family: Family; readonly scale?: number; readonly of?: 'PROCESS' | 'HOST' }
  /**
   * By how much a counter without labels, which one frontend counts at a time, grew in the last hours (`latelyMs`): on all frontends together, as far
   * as looks saw it, also on those that are silent now.
   */
  | { readonly kind: 'LATELY'; readonly counter: string }
  /**
   * The quantile that a summary shows, where it was seen to count at least so many requests lately (`summaryWindowMs`; default
   * 1): a summary that counted nothing has none, an old one says nothing of now, and one of few says what one of them took.
   */
  | { readonly kind: 'QUANTILE'; readonly family: Family; readonly quantile: string; readonly least?: number }
  /**
   * One derivation for each unit of another; a share of nothing is not known, nor one of less than `least`. Between 0 and 1, unless
   * what it is a share of is a limit that can be exceeded.
   */
  | {
      readonly kind: 'SHARE';
      readonly of: Derivation;
      readonly in: Derivation;
      readonly isOfLimit?: true;
      readonly least?: number;
    }
  /** The sum, the highest, or the first minus the others. */
  | { readonly kind: 'SUM' | 'MAX' | 'DIFFERENCE'; readonly terms: readonly Derivation[] }
  /** Known only where another derivation is above 0: a node shows 0 for what it has not measured yet, as after its start. */
  | { readonly kind: 'ONCE_SET'; readonly mark: Derivation; readonly value: Derivation }
  /** A fact about the same subject, with its node or without, else about the node, else about the cluster. */
  | FactSource;

/** A value that no page of a node has: the cluster answers it by SQL, at its own slower pace, or another part of the look has it. */
export type FactSource = {
  readonly kind: 'FACT';
  readonly fact: string;
  /**
   * The fact is the moment in which this ends (`The certificate`), in seconds since 1970, and the value the days from the look
   * until then: below 0 once it has passed.
   */
  readonly endOf?: string;
};

export type PageSource = {
  readonly kind: 'PAGE';
  readonly nodes: readonly NodeKind[];
  /** Only the leading frontend knows it; the others show 0. */
  readonly leaderOnly?: true;
  readonly derivation: Derivation;
  /** Which label of the samples names the subject, for scopes below the node: one value for each value of the label. */
  readonly by?: { readonly label: string; readonly subject: 'path' | 'database' | 'user' | 'job' };
  /** A path that the page of its node named before is 0 while the node's conf file names it still; see `SeenPaths`. */
  readonly remembersPaths?: true;
  /** How several nodes that know the same subject become one value, where the subject is no part of a node; default `SUM`. */
  readonly across?: Join;
};

export type MetricSource = FactSource | PageSource;

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
  /**
   * How the values of all subjects become the one of the cluster; null = they have none in common, or the metric is about
   * the cluster. A sum needs every living node; the highest and the lowest are those of the nodes that answered.
   */
  readonly overall: Overall | null;
  /** Set where the lowest values are the worst: those are kept of a metric that has too many subjects. */
  readonly isWorseLow?: true;
  /** `3.3`: the first and the last version that has it; left out = all from 3.1 on. */
  readonly since?: string;
  readonly until?: string;
  /** Where the fact comes from, for who doubts the number. */
  readonly documented: string;
};
