import { type RowSet, textRows } from '../../mysql/packets.ts';
import { timeOrNull } from '../format.ts';
import type { BackupJob, Job, JobStatus, RestoreJob } from '../meta/state.ts';
import { emptyTaskList, type TaskList } from './jobs.ts';

type Shown<J extends Job> = { job: J; tasks: TaskList | null };

const backupColumns = [
  ...[
    'JobId',
    'SnapshotName',
    'DbName',
    'State',
    'BackupObjs',
    'CreateTime',
    'SnapshotFinishedTime',
    'UploadFinishedTime',
  ],
  ...['FinishedTime', 'UnfinishedTasks', 'Progress', 'TaskErrMsg', 'Status', 'Timeout'],
];

export function backupRows(shown: Shown<BackupJob>[]): RowSet {
  const rows = shown.map(({ job, tasks }) => [
    String(job.jobId),
    job.label,
    job.dbName,
    job.state,
    job.objects.map(({ table, partitions }) => backupObject(job.dbName, table, partitions)).join(', '),
    timeOrNull(job.createdAt),
    timeOrNull(job.snapshotFinishedAt),
    timeOrNull(job.uploadFinishedAt),
    timeOrNull(job.finishedAt),
    ...taskCells(tasks, job.state === 'UPLOADING'),
    statusText(job.status),
    String(job.timeoutMs / 1000),
  ]);
  return textRows(backupColumns, rows);
}

function backupObject(db: string, table: string, partitions: string[] | null): string {
  return `[${db}.${table}${partitions === null ? '' : `PARTITIONS (${partitions.join(', ')})`}]`;
}

const restoreColumns = [
  ...['JobId', 'Label', 'Timestamp', 'DbName', 'State', 'AllowLoad', 'ReplicationNum', 'RestoreObjs', 'CreateTime'],
  ...[
    'MetaPreparedTime',
    'SnapshotFinishedTime',
    'DownloadFinishedTime',
    'FinishedTime',
    'UnfinishedTasks',
    'Progress',
  ],
  ...['TaskErrMsg', 'Status', 'Timeout'],
];

export function restoreRows(shown: Shown<RestoreJob>[]): RowSet {
  const rows = shown.map(({ job, tasks }) => [
    ...[
      String(job.jobId),
      job.label,
      job.timestamp,
      job.dbName,
      job.state,
      String(job.allowLoad),
      String(job.replicationNum),
    ],
    job.objects.map(restoredObject).join(', '),
    ...[job.createdAt, job.metaPreparedAt, job.snapshotFinishedAt, job.downloadFinishedAt, job.finishedAt].map(
      timeOrNull,
    ),
    ...taskCells(tasks, job.state === 'DOWNLOADING'),
    statusText(job.status),
    String(job.timeoutMs / 1000),
  ]);
  return textRows(restoreColumns, rows);
}

/** By the name in the snapshot, with its partitions, named or not, unless the only one has the table's name (recorded). */
function restoredObject({ table, listed = [] }: RestoreJob['objects'][number]): string {
  const partitions = listed.filter((name) => name !== table);
  return partitions.length === 0 ? table : `${table} PARTITIONS [${partitions.join(', ')}]`;
}

/** UnfinishedTasks, Progress and TaskErrMsg: known to the leader only, so empty on a follower. */
function taskCells(tasks: TaskList | null, showsProgress: boolean): string[] {
  const { unfinished, progress, errors } = tasks ?? emptyTaskList();
  return [
    [...unfinished].map(([id, backendId]) => `${id}=${backendId}`).join(', '),
    showsProgress ? [...progress].map(([id, text]) => `[${id}: ${text}]`).join(', ') : '',
    [...errors].map(([id, text]) => `[${id}: ${text}]`).join(', '),
  ];
}

function statusText({ code, message }: JobStatus): string {
  return code === 'OK' ? '[OK]' : `[${code}, msg: ${message}]`;
}
