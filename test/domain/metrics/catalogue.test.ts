import { describe, expect, it } from 'vitest';
import { catalogue, findMetric, metricGroups } from '../../../src/domain/metrics/catalogue/index.ts';
import { flatten } from '../../../src/domain/metrics/counters.ts';
import { isFactName } from '../../../src/domain/metrics/facts.ts';
import { wantedFamilies } from '../../../src/domain/metrics/wanted.ts';

/**
 * What a backend registers, read in StarRocks' source at 37c7c51 (27 June 2025): starrocks_metrics.cpp, system_metrics.cpp,
 * the thread pools of agent_server.cpp and storage_engine.cpp, exec_env.cpp, pipeline_metrics.cpp. Only those that somebody
 * may want.
 */
const ofBackends = new Set(
  [
    ...[
      'cpu',
      'disk_bytes_read',
      'disk_bytes_written',
      'disk_io_time_ms',
      'network_receive_bytes',
      'network_send_bytes',
    ],
    ...['disks_avail_capacity', 'disks_data_used_capacity', 'disks_state', 'disks_total_capacity'],
    ...['max_disk_io_util_percent', 'max_network_receive_bytes_rate', 'max_network_send_bytes_rate'],
    ...['process_mem_bytes', 'query_mem_bytes', 'load_mem_bytes', 'metadata_mem_bytes', 'update_mem_bytes'],
    ...['compaction_mem_bytes', 'storage_page_cache_mem_bytes', 'clone_mem_bytes', 'schema_change_mem_bytes'],
    ...['process_fd_num_used', 'process_fd_num_limit_soft', 'process_fd_num_limit_hard', 'process_thread_num'],
    ...[
      'tablet_base_max_compaction_score',
      'tablet_cumulative_max_compaction_score',
      'tablet_update_max_compaction_score',
    ],
    ...[
      'running_base_compaction_task_num',
      'running_cumulative_compaction_task_num',
      'running_update_compaction_task_num',
    ],
    ...['max_tablet_rowset_num', 'engine_requests_total', 'primary_key_table_error_state_total'],
    ...['load_bytes', 'load_rows', 'query_scan_bytes', 'query_scan_rows', 'fragment_requests_total'],
    ...[
      'async_delta_writer_queue_count',
      'clone_queue_count',
      'memtable_flush_queue_count',
      'publish_version_queue_count',
    ],
    ...['pipe_prepare_pool_queue_len', 'pipe_scan_pending_tasks', 'pipe_scan_executor_queuing'],
  ].map((name) => `starrocks_be_${name}`),
);

describe('the catalogue', () => {
  it('has the numbers that people ask for, each once', () => {
    expect(catalogue.length).toBeGreaterThan(60);
    expect(new Set(catalogue.map(({ name }) => name)).size).toBe(catalogue.length);
    expect(metricGroups.flatMap(({ metrics }) => metrics)).toEqual(catalogue);
    expect(findMetric('query_p95_ms')?.unit).toBe('MILLISECONDS');
    expect(findMetric('valueOf')).toBeUndefined();
  });

  it.each(catalogue.map((metric) => [metric.name, metric] as const))('says what %s is', (name, metric) => {
    expect(name).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/);
    expect(name.length).toBeLessThanOrEqual(60);
    expect(metric.title).toMatch(/^[A-Z0-9]/);
    expect(metric.meaning).toMatch(/^.{20,}[.]$/);
    expect(metric.documented).not.toBe('');
    for (const version of [metric.since, metric.until]) expect(version ?? '3.1').toMatch(/^\d\.\d+$/);
  });

  it('names only families that backends register', () => {
    const wanted = [...wantedFamilies(catalogue)].filter((name) => name.startsWith('starrocks_be_'));
    expect(wanted.filter((name) => !ofBackends.has(name))).toEqual([]);
  });

  it('names only facts that somebody finds out', () => {
    const named = catalogue.flatMap(({ source }) =>
      (source.kind === 'FACT' ? [source] : flatten(source.derivation)).flatMap((each) =>
        each.kind === 'FACT' ? [each.fact] : [],
      ),
    );
    expect(named.filter((name) => !isFactName(name))).toEqual([]);
  });

  it('has one value of the cluster for what is of nodes, and names the label of what is on them', () => {
    for (const { name, scope, source, overall } of catalogue) {
      if (scope === 'CLUSTER') expect(overall, name).toBeNull();
      if (source.kind === 'PAGE') expect(source.by !== undefined, name).toBe(!['CLUSTER', 'NODE'].includes(scope));
      if (overall === 'POOLED') expect(source, name).toMatchObject({ derivation: { kind: 'SHARE' } });
    }
  });
});
