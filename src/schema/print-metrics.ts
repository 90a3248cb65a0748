import { metricGroups } from '../domain/metrics/catalogue/index.ts';
import { countOf, flatten } from '../domain/metrics/counters.ts';
import { facts } from '../domain/metrics/facts.ts';
import type { Derivation, Metric, MetricScope, MetricUnit, Overall } from '../domain/metrics/metric.ts';
import { promqlInWords } from '../domain/metrics/prometheus/promql.ts';
import { cell } from './print-reference.ts';

const units = {
  COUNT: 'a number',
  PER_SECOND: 'per second',
  SECONDS: 'seconds',
  MILLISECONDS: 'milliseconds',
  BYTES: 'bytes',
  BYTES_PER_SECOND: 'bytes per second',
  SHARE: 'share (1 = 100 %)',
  DAYS: 'days',
} as const satisfies Record<MetricUnit, string>;

const scopes = {
  CLUSTER: 'cluster',
  NODE: 'node',
  DISK: 'storage path',
  MEDIUM: 'storage medium',
  DATABASE: 'database',
  USER: 'user',
  ROUTINE_LOAD: 'routine load',
  ENDPOINT: 'endpoint',
} as const satisfies Record<MetricScope, string>;

const overalls = { SUM: 'sum', MAX: 'highest', MIN: 'lowest', POOLED: 'all together' } as const satisfies Record<
  Overall,
  string
>;

const sources = {
  SQL: 'asked by SQL',
  NODES: 'read with the list of nodes',
  HOSTS: 'read over SSH',
  CONFS: 'read from conf files over SSH',
  HISTORY: 'made of the history that Starwarden keeps',
  ENDPOINTS: 'read in a TLS handshake, which is broken off before a login',
} as const;

/** The page of all metrics, in Markdown. Pure. */
export function printMetrics(): string {
  const groups = metricGroups.flatMap(({ title, metrics }) => [
    `## ${title}`,
    [
      '| name | meaning | unit | of each | cluster | made of |',
      '| --- | --- | --- | --- | --- | --- |',
      ...metrics.map(row),
    ].join('\n'),
  ]);
  const rows = Object.entries(facts).map(
    ([name, { means, everyMs, from }]) => `| \`${name}\` | ${cell(means)} | ${sources[from]} | ${everyMs / 1_000} s |`,
  );
  return `${[
    '<!-- Printed from the code by `npm run generate`; changes belong there. -->',
    '# Metrics',
    'The numbers that Starwarden knows by name. Names never change. *Of each* says what has a value of its own; *cluster* says how these become the one value of the cluster: a sum is not known while a node that is alive does not answer, the highest and the lowest are those of the nodes that answered.',
    'What is not known has no value, never 0 in its place: the first look has no rates, a share of nothing is none, a latency of fewer than 20 queries in the last 4 minutes is none. A rate is the growth of a counter since the look before; after a restart of a process its counters count from 0. For a share *of a limit*, more than 1 is possible.',
    ...groups,
    '## As Prometheus is asked',
    'With `PROMETHEUS_URL` set these are read from there ([prometheus.md](prometheus.md)); what chooses the cluster is left out here, and the times are those of a Prometheus that reads its targets once a minute. All other metrics are made of SQL or of hosts, at least in part: Prometheus does not have them.',
    [
      '| name | PromQL for each |',
      '| --- | --- |',
      ...metricGroups.flatMap(({ metrics }) => metrics.flatMap(promqlRow)),
    ].join('\n'),
    '## What is asked at a slower pace',
    'An answer counts for three times its pace.',
    ['| fact | meaning | how | pace |', '| --- | --- | --- | --- |', ...rows].join('\n'),
  ].join('\n\n')}\n`;
}

function promqlRow(metric: Metric): readonly string[] {
  const text = promqlInWords(metric);
  return text === null ? [] : [`| \`${metric.name}\` | \`${text.replaceAll('|', '\\|')}\` |`];
}

function row({ name, title, meaning, unit, scope, overall, source, since, until, documented }: Metric): string {
  const versions = [since && `from ${since} on`, until && `up to ${until}`].filter((each) => each !== undefined);
  const words = versions.length === 0 ? meaning : `${meaning} Only ${versions.join(', ')}.`;
  const together = scope === 'CLUSTER' ? '' : overall === null ? 'none' : overalls[overall];
  const parts = source.kind === 'FACT' ? [source] : flatten(source.derivation);
  const madeOf = [...new Set(parts.flatMap(named))];
  // What is counted over hours is put together of all frontends: who led may have changed meanwhile.
  const isOfLeader = source.kind === 'PAGE' && source.leaderOnly && parts.every(({ kind }) => kind !== 'LATELY');
  const only = isOfLeader ? ' of the leader' : '';
  return `| \`${name}\` | **${cell(title)}.** ${cell(words)} | ${units[unit]} | ${scopes[scope]} | ${together} | ${madeOf.map((each) => `\`${each}\``).join(', ')}${only} (${cell(documented)}) |`;
}

function named(derivation: Derivation): readonly string[] {
  if (derivation.kind === 'FACT') return [derivation.fact];
  if (derivation.kind === 'QUANTILE') return derivation.family.names.flatMap((name) => [name, countOf(name)]);
  if (derivation.kind === 'LATELY') return [derivation.counter];
  return 'family' in derivation ? derivation.family.names : [];
}
