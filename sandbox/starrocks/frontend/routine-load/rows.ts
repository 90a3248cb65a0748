import { type Cell, type RowSet, textRows } from '../../mysql/packets.ts';
import { formatTime } from '../../pace.ts';
import type { FrontendContext } from '../context.ts';
import type { RoutineLoad } from '../meta/state.ts';
import { stateShown, unstableReason } from './states.ts';

/** Columns of SHOW ROUTINE LOAD in a release. */
export function routineLoadColumns({ release }: FrontendContext): string[] {
  return [
    ...['Id', 'Name', 'CreateTime', 'PauseTime', 'EndTime', 'DbName', 'TableName', 'State', 'DataSourceType'],
    ...['CurrentTaskNum', 'JobProperties', 'DataSourceProperties', 'CustomProperties', 'Statistic', 'Progress'],
    ...['TimestampProgress', 'ReasonOfStateChanged', 'ErrorLogUrls'],
    ...(release.atLeast(3, 2) ? ['TrackingSQL'] : []),
    ...['OtherMsg', 'LatestSourcePosition'],
    ...(release.atLeast(3, 3) ? ['OffsetLag'] : []),
  ];
}

export function routineLoadCells(fe: FrontendContext, job: RoutineLoad): Cell[] {
  const parts = Object.entries(job.progress);
  const byPartition = (value: (one: RoutineLoad['progress'][string]) => string) =>
    JSON.stringify(Object.fromEntries(parts.map(([partition, one]) => [partition, value(one)])));
  const started = job.rows.loaded + job.rows.error > 0;
  const state = stateShown(fe, job);
  return [
    ...[String(job.id), job.name, formatTime(job.createdAt), timeOrNull(job.pausedAt), timeOrNull(job.endedAt)],
    ...[fe.group.state.databases.get(String(job.dbId))?.name ?? '', job.tableName, state, 'KAFKA'],
    ...[job.state === 'RUNNING' ? '1' : '0', jobProperties(job), sourceProperties(job), customProperties(job)],
    ...[
      statistic(job),
      // What was consumed last, and the word of the job before anything was.
      byPartition(({ loaded }) => (loaded === 0 ? 'OFFSET_BEGINNING' : String(loaded - 1))),
      started ? byPartition(({ at }) => String(at)) : '{}',
      state === 'UNSTABLE' ? (unstableReason(fe, job) ?? '') : job.reason,
      '',
    ],
    ...(fe.release.atLeast(3, 2) ? [''] : []),
    ...['', started ? byPartition(({ latest }) => String(latest)) : '{}'],
    ...(fe.release.atLeast(3, 3)
      ? [started ? byPartition(({ loaded, latest }) => String(latest - loaded)) : '{}']
      : []),
  ];
}

/** `/routine_loads`: all of them, stopped ones too. */
export function routineLoadRows(fe: FrontendContext): RowSet {
  const { databases, routineLoads } = fe.group.state;
  const rows = [...routineLoads.values()].map((job) => {
    const db = databases.get(String(job.dbId))?.name ?? '';
    const tasks = JSON.stringify({ running_task: job.state === 'RUNNING' ? '1' : '0', waiting_task: '0' });
    return [job.name, String(job.id), db, statistic(job), tasks];
  });
  return textRows(['Name', 'Id', 'DbName', 'Statistic', 'TaskStatistic'], rows);
}

function jobProperties({ properties }: RoutineLoad): string {
  return JSON.stringify({
    partial_update_mode: 'null',
    timezone: 'UTC',
    columnSeparator: ',',
    log_rejected_record_num: '0',
    taskTimeoutSecond: '60',
    maxFilterRatio: properties.max_filter_ratio ?? '1.0',
    strict_mode: 'false',
    currentTaskConcurrentNum: '1',
    partitions: '*',
    maxBatchIntervalS: properties.max_batch_interval ?? '10',
    format: properties.format ?? 'csv',
    pause_on_fatal_parse_error: 'false',
    taskConsumeSecond: '15',
    desireTaskConcurrentNum: properties.desired_concurrent_number ?? '1',
    maxErrorNum: properties.max_error_number ?? '0',
    maxBatchRows: properties.max_batch_rows ?? '200000',
  });
}

function sourceProperties({ source, progress, state }: RoutineLoad): string {
  return JSON.stringify({
    topic: source.kafka_topic,
    currentKafkaPartitions: state === 'RUNNING' ? Object.keys(progress).join(',') : '',
    brokerList: source.kafka_broker_list,
  });
}

function customProperties({ source }: RoutineLoad): string {
  const own = Object.entries(source).filter(([key]) => key.startsWith('property.'));
  const masked = own.map(([key, value]) => [key.slice('property.'.length), /password/i.test(key) ? '******' : value]);
  return JSON.stringify(Object.fromEntries(masked));
}

function statistic({ rows }: RoutineLoad): string {
  const totalRows = rows.loaded + rows.error;
  return JSON.stringify({
    receivedBytes: rows.bytes,
    errorRows: rows.error,
    committedTaskNum: Math.ceil(totalRows / 1000),
    loadedRows: rows.loaded,
    loadRowsRate: 0,
    abortedTaskNum: 0,
    totalRows,
    unselectedRows: 0,
    receivedBytesRate: 0,
    taskExecuteTimeMs: 1,
  });
}

function timeOrNull(at: number | null): string | null {
  return at === null ? null : formatTime(at);
}
