import { expect, it } from 'vitest';
import { catalogue, findMetric } from '../../../../src/domain/metrics/catalogue/index.ts';
import { flatten } from '../../../../src/domain/metrics/counters.ts';
import { promqlOf } from '../../../../src/domain/metrics/prometheus/promql.ts';

const asking = { matchers: { cluster: 'prod' }, instance: 'instance', scrapeMs: 15_000, everyMs: 15_000 };
const once = 'max by (instance) (sum by (instance, job, prometheus, prometheus_replica, replica)';

function promql(name: string, isOverall = false, everyMs = 15_000): string | null {
  const metric = findMetric(name);
  if (metric === undefined) throw new Error(`there is no metric ${name}`);
  return promqlOf(metric, { ...asking, everyMs }, { isOverall });
}

const failed = `sum (${once} (increase(starrocks_fe_txn_failed{cluster="prod"}[10800000ms]))))`;
const succeeded = failed.replace('failed', 'success');

it.each([
  ['memory_bytes', `${once} (starrocks_be_process_mem_bytes{cluster="prod"}))`],
  ['queries_per_second', `${once} (rate(starrocks_fe_query_total{cluster="prod"}[60000ms])))`],
  [
    'disk_busy_share',
    'clamp_max((max by (instance) (starrocks_be_max_disk_io_util_percent{cluster="prod"})) >= 0, 100) / 100',
  ],
  [
    'query_p95_ms',
    '(max by (instance) (starrocks_fe_query_latency_ms{cluster="prod",quantile="0.95"})) and ((max by (instance) (increase(starrocks_fe_query_latency_ms_count{cluster="prod"}[240000ms]))) >= 20)',
  ],
  [
    'disk_read_bytes_per_second',
    `(${once} (rate(starrocks_be_disk_bytes_read{cluster="prod"}[60000ms])))) unless (max by (instance) (resets(starrocks_be_disk_bytes_read{cluster="prod"}[60000ms])) > 0)`,
  ],
  [
    'transactions_per_second',
    `max ((${once} (rate(starrocks_fe_txn_success{cluster="prod"}[60000ms])))) and on (instance) (node_info{cluster="prod",type="is_master"} == 1))`,
  ],
  [
    'transactions_failed_share_lately',
    `max (clamp(((${failed}) / (((${failed}) + (${succeeded})) >= 2) >= -1e-9) <= 1 + 1e-9, 0, 1))`,
  ],
  [
    'scan_queue',
    `(${once} (starrocks_be_pipe_scan_pending_tasks{cluster="prod"}))) or (${once} (starrocks_be_pipe_scan_executor_queuing{cluster="prod"})))`,
  ],
])('asks for %s by its derivation', (name, wanted) => expect(promql(name)).toBe(wanted));

it('asks for subjects by their labels, and joins those that nodes share', () => {
  expect(promql('disk_free_bytes')).toContain('max by (instance, path)');
  expect(promql('disk_free_bytes')).toContain('path!=""');
  expect(promql('user_connections')).toMatch(/^sum by \(user\) \(/);
  // The leader's mark has no database.
  expect(promql('transactions_running')).toMatch(/^max by \(db\) .*node_info\{cluster="prod",type="is_master"\}/);
});

it('makes the value of the cluster as its own is made', () => {
  expect(promql('queries_per_second', true)).toBe(`sum (${promql('queries_per_second')})`);
  expect(promql('query_p95_ms', true)).toBe(`max (${promql('query_p95_ms')})`);
  expect(promql('disk_free_bytes', true)).toBe(`min (${promql('disk_free_bytes')})`);
  expect(promql('query_error_share', true)).toMatch(
    /^clamp\(\(sum \(clamp_min\(.*\) \/ \(\(sum \(.*\) > 0\) >= -1e-9, 0, 1\)$/,
  );
});

it('measures growth over no less than the time between two values', () => {
  expect(promql('queries_per_second', false, 600_000)).toContain('[615000ms]');
});

it('knows both names that Prometheus may give a label called job', () => {
  const text = promql('loads_waiting');
  expect(text).toContain('exported_job="load",state=~"PENDING|QUEUEING"');
  expect(text).toContain('job="load",exported_job="",state=~"PENDING|QUEUEING"');
});

it('never lets a label of a page take the place of the one that chooses the cluster', () => {
  const metric = findMetric('loads_waiting');
  const ofJob = { ...asking, matchers: { job: 'StarRocks_Cluster01' } };
  const text = metric && promqlOf(metric, ofJob, { isOverall: true });
  expect(text?.match(/\{/g)).toHaveLength(3);
  expect(text?.match(/\{job="StarRocks_Cluster01"/g)).toHaveLength(3);
});

it('has a form for every metric that is made of pages alone, and for no other', () => {
  for (const metric of catalogue) {
    const { source } = metric;
    const hasFacts = source.kind === 'FACT' || flatten(source.derivation).some(({ kind }) => kind === 'FACT');
    for (const isOverall of metric.overall === null ? [false] : [false, true]) {
      const text = promqlOf(metric, asking, { isOverall });
      expect(text === null, metric.name).toBe(hasFacts);
      const selectors = text?.match(/\{/g)?.length ?? 0;
      expect(text?.match(/cluster="prod"/g)?.length ?? 0, metric.name).toBe(selectors);
      if (source.kind !== 'PAGE' || text === null) continue;
      for (const each of flatten(source.derivation))
        if ('family' in each) for (const name of each.family.names) expect(text).toContain(name);
    }
  }
});
