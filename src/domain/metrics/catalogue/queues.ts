import { frontends, gauge, leader, type Metric, source, workers } from './build.ts';

const onWorkers = (name: string, title: string, { family, meaning }: { family: string; meaning: string }): Metric => ({
  name,
  title,
  meaning,
  unit: 'COUNT',
  scope: 'NODE',
  source: { ...workers, derivation: gauge(family) },
  overall: 'MAX',
  documented: source.backendPage,
});

const onFrontends = (
  name: string,
  title: string,
  { derivation, meaning }: { derivation: ReturnType<typeof gauge>; meaning: string },
): Metric => ({
  name,
  title,
  meaning,
  unit: 'COUNT',
  scope: 'NODE',
  source: { ...frontends, derivation },
  overall: 'MAX',
  documented: source.frontendPage,
});

/**
 * What frontends show of their brpc pools stands behind the names of users, which anybody can forge lines with, so it does not
 * count; backends show no queue of brpc at all.
 */
export const queueMetrics: readonly Metric[] = [
  onFrontends('thrift_calls_running', 'Calls to a frontend', {
    derivation: gauge('starrocks_fe_thread_pool', { name: 'thrift-server-pool', type: 'active_thread_num' }),
    meaning:
      'Calls of other nodes (Thrift) that a frontend works on: reports, loads, statements that were forwarded. Backends show connections of Thrift and no such calls.',
  }),
  onFrontends('thrift_calls_queued', 'Queued calls to a frontend', {
    derivation: gauge('starrocks_fe_thread_pool', { name: 'thrift-server-pool', type: 'task_in_queue' }),
    meaning:
      'Calls of other nodes (Thrift) that wait for a thread of a frontend. Queues of brpc are not known: backends show none, and what frontends show of their pools stands on their pages where others can forge lines.',
  }),
  onFrontends('http_requests_queued', 'Queued HTTP requests', {
    derivation: gauge('starrocks_fe_http_worker_pending_tasks_num'),
    meaning: 'HTTP requests, stream loads among them, that wait for a thread of a frontend.',
  }),
  {
    name: 'reports_queued',
    title: 'Queued reports of backends',
    meaning: 'Reports of backends about tablets, disks and tasks that the leader has not worked through.',
    unit: 'COUNT',
    scope: 'CLUSTER',
    source: { ...leader, derivation: gauge('starrocks_fe_report_queue_size') },
    overall: null,
    documented: source.frontendPage,
  },
  onWorkers('publish_queue', 'Queued publishing', {
    family: 'starrocks_be_publish_version_queue_count',
    meaning: 'Versions that wait to become visible on a node; loads seem slow while it is long.',
  }),
  onWorkers('load_write_queue', 'Queued writes of loads', {
    family: 'starrocks_be_async_delta_writer_queue_count',
    meaning: 'Batches of loads that wait for a thread to write them on a node.',
  }),
  onWorkers('flush_queue', 'Queued flushes', {
    family: 'starrocks_be_memtable_flush_queue_count',
    meaning: 'Memory tables of loads that wait to be written to disk on a node.',
  }),
  onWorkers('clone_queue', 'Queued copies of tablets', {
    family: 'starrocks_be_clone_queue_count',
    meaning: 'Copies of tablets that wait for a thread on a node.',
  }),
  onWorkers('query_prepare_queue', 'Queued query fragments', {
    family: 'starrocks_be_pipe_prepare_pool_queue_len',
    meaning: 'Parts of queries that wait to be prepared on a node.',
  }),
  {
    ...onWorkers('scan_queue', 'Queued scans', {
      family: '',
      meaning: 'Scans of queries that wait for a thread on a node.',
    }),
    // The second still stands on the page of newer versions, where nothing sets it any more.
    source: {
      ...workers,
      derivation: {
        kind: 'GAUGE',
        family: { names: ['starrocks_be_pipe_scan_pending_tasks', 'starrocks_be_pipe_scan_executor_queuing'] },
      },
    },
    documented: 'be/src/exec/pipeline/pipeline_metrics.cpp',
  },
];
