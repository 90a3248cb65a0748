import { countLately, type Grown, type LatelyCounts, latelyMs } from './lately.ts';
import type { LoginAttempts } from './login-attempts.ts';
import type { Derivation, Metric } from './metric.ts';
import type { KeyedSample, Samples } from './page.ts';
import { findFamily, matches } from './samples.ts';
import type { SeenPaths } from './vanished-paths.ts';

/** The counters of one node at one look, as plain JSON. */
export type NodeCounters = {
  /** Milliseconds since 1970: when its page was read. */
  readonly atMs: number;
  /** By `sampleKey`. */
  readonly values: Readonly<Record<string, number>>;
  /** By the name of its count. Left out by versions that did not follow them. */
  readonly summaries?: Readonly<Record<string, SummaryCounts>>;
  /** Of counters that are rare. Left out by versions that did not follow them. */
  readonly lately?: LatelyCounts;
  /** Of backends: the storage paths that their pages named. Left out by versions that did not remember them. */
  readonly paths?: SeenPaths;
  /** Of frontends. */
  readonly attempts?: LoginAttempts;
};

/** What a summary counted lately: it shows its quantiles as they are long after the last request of which they are made. */
export type SummaryCounts = {
  /** Milliseconds since 1970: since when every look, without a long gap, saw what it counted. */
  readonly sinceMs: number;
  /** Growths of the count that the looks of the last `summaryWindowMs` saw, oldest first, without those of 0. */
  readonly grown: readonly (readonly [atMs: number, requests: number])[];
};

/**
 * Over this time the requests behind a quantile are counted. It is shorter than the 5 minutes of the rule about slow queries,
 * so that requests that all came at one moment, and after which nobody asked anything, can never fill that time alone.
 */
export const summaryWindowMs = 4 * 60_000;

/** By the id of the node: what the next look needs of this one. */
export type Counters = { readonly [nodeId: string]: NodeCounters };

type Owner = 'PROCESS' | 'HOST';

/** How a counter grew since the look before. */
export type Growth = {
  readonly seconds: number;
  /** Null = it is not known: the counter is new, or it is one of the host and fell. */
  readonly of: (sample: Pick<KeyedSample, 'key'>) => number | null;
};

/** Counters of which all metrics together need the growth, and whose they are. */
export type CounterFamilies = {
  readonly rates: readonly Extract<Derivation, { kind: 'RATE' }>[];
  readonly counts: readonly string[];
  /** Those that are counted over hours; no two versions call them differently. */
  readonly lately: readonly string[];
};

export function counterFamilies(metrics: readonly Metric[]): CounterFamilies {
  const all = metrics.flatMap(({ source }) => (source.kind === 'PAGE' ? flatten(source.derivation) : []));
  const rates = all.filter((one) => one.kind === 'RATE');
  return {
    // Several metrics are made of the same counters.
    rates: [...new Map(rates.map((one) => [JSON.stringify([one.family, one.of]), one])).values()],
    counts: all.flatMap((one) => (one.kind === 'QUANTILE' ? one.family.names.map(countOf) : [])),
    lately: [...new Set(all.flatMap((one) => (one.kind === 'LATELY' ? [one.counter] : [])))],
  };
}

/** The family in which a summary says how much it counted. */
export function countOf(name: string): string {
  return `${name}_count`;
}

/** A derivation and all that it is made of. */
export function flatten(derivation: Derivation): Derivation[] {
  if (derivation.kind === 'SHARE') return [derivation, ...flatten(derivation.of), ...flatten(derivation.in)];
  if (derivation.kind === 'ONCE_SET') return [derivation, ...flatten(derivation.mark), ...flatten(derivation.value)];
  if (derivation.kind === 'SUM' || derivation.kind === 'MAX' || derivation.kind === 'DIFFERENCE')
    return [derivation, ...derivation.terms.flatMap(flatten)];
  return [derivation];
}

/** The counters of a page by `sampleKey`. */
export type PageCounters = ReadonlyMap<string, { readonly value: number; readonly owner: Owner }>;

/** Every counter of the page that a metric wants, and whose it is. One of which the page says two things is left out. */
export function countersOf(samples: Samples, { rates, counts, lately }: CounterFamilies): PageCounters {
  const wanted = rates.flatMap(({ family, of = 'PROCESS' }) =>
    (findFamily(samples, family) ?? [])
      .filter((sample) => matches(sample, family.where))
      .map((sample) => ({ sample, owner: of })),
  );
  const summaries = [...counts, ...lately].flatMap((name) =>
    (samples.get(name) ?? []).map((sample) => ({ sample, owner: 'PROCESS' as const })),
  );
  const counters = new Map<string, { value: number; owner: Owner }>();
  const contradictory = new Set<string>();
  for (const { sample, owner } of [...wanted, ...summaries]) {
    const { key } = sample;
    if (!Number.isFinite(sample.value) || (counters.get(key)?.value ?? sample.value) !== sample.value)
      contradictory.add(key);
    // JSON, in which counters are kept, has no -0.
    counters.set(key, { value: sample.value + 0, owner });
  }
  return new Map([...counters].filter(([key]) => !contradictory.has(key)));
}

const shortestSeconds = 1;

/** What to keep of a page for the next look. */
export function keepCounters(
  now: PageCounters,
  { families, atMs, before }: { families: CounterFamilies; atMs: number; before: NodeCounters | undefined },
): NodeCounters {
  // Looks that follow each other at once measure from the same start, or no rate would ever be known.
  if (before !== undefined && atMs >= before.atMs && atMs - before.atMs < shortestSeconds * 1_000) return before;
  const seen = Object.fromEntries([...now].map(([key, { value }]) => [key, value]));
  // What a page that broke off does not say came all the same: the next whole page tells how much since the last one.
  const held = families.lately.flatMap((key) => {
    const last = before?.values[key];
    return seen[key] === undefined && last !== undefined ? [[key, last] as const] : [];
  });
  const values = { ...Object.fromEntries(held), ...seen };
  const growth = growthOf(now, { atMs, before, limits: { longestMs: summaryWindowMs } });
  const summaries = families.counts.flatMap((name) => {
    if (values[name] === undefined) return [];
    const requests = typeof growth === 'string' ? null : growth.of({ key: name });
    return [[name, countedAfter(before?.summaries?.[name], { atMs, requests })] as const];
  });
  // A page that broke off says nothing of them, and a backend has none.
  const lately = families.lately.some((key) => now.has(key))
    ? countLately(before?.lately, grownLately(now, { families, atMs, before }), atMs)
    : before?.lately;
  return { atMs, values, summaries: Object.fromEntries(summaries), ...(lately === undefined ? {} : { lately }) };
}

/** Null = the look before is too long ago. */
function grownLately(
  now: PageCounters,
  { families, atMs, before }: { families: CounterFamilies; atMs: number; before: NodeCounters | undefined },
): Grown | null {
  const growth = growthOf(now, { atMs, before, limits: { longestMs: latelyMs } });
  if (typeof growth === 'string' || before === undefined) return null;
  return {
    ...{ beforeMs: before.atMs, atMs },
    by: Object.fromEntries(families.lately.map((key) => [key, growth.of({ key }) ?? 0])),
  };
}

/** `requests` = by how much the count grew since the look before; null = nobody knows, so it is seen for the first time. */
function countedAfter(
  before: SummaryCounts | undefined,
  { atMs, requests }: { readonly atMs: number; readonly requests: number | null },
): SummaryCounts {
  if (requests === null) return { sinceMs: atMs, grown: [] };
  const grown = (before?.grown ?? []).filter(([seenAtMs]) => atMs - seenAtMs < summaryWindowMs);
  return { sinceMs: before?.sinceMs ?? atMs, grown: requests > 0 ? [...grown, [atMs, requests]] : grown };
}

export type Limits = { readonly longestMs: number };

/**
 * The growth of a node's counters since the look before; a text says why it is not known. When one counter of a process
 * fell, the process was started anew, so all its counters grew from 0, also those that are higher than before by now.
 */
export function growthOf(
  now: PageCounters,
  {
    atMs,
    before,
    limits,
  }: {
    readonly atMs: number;
    readonly before: NodeCounters | undefined;
    readonly limits: Limits;
  },
): Growth | string {
  if (before === undefined) return 'there is no look before this one';
  const ms = atMs - before.atMs;
  if (ms < shortestSeconds * 1_000) return 'the look before is less than a second ago';
  if (ms > limits.longestMs) return `the last look that read its page is ${Math.round(ms / 1_000)} s ago`;
  const isAnew = [...now].some(([key, { value, owner }]) => owner === 'PROCESS' && value < (before.values[key] ?? 0));
  return {
    seconds: ms / 1_000,
    of: (sample) => {
      const counter = now.get(sample.key);
      if (counter === undefined) return null;
      if (counter.owner === 'PROCESS' && isAnew) return Math.max(0, counter.value);
      const old = before.values[sample.key];
      return old === undefined || counter.value < old ? null : counter.value - old;
    },
  };
}
