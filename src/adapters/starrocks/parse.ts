import {
  type BackendRow,
  type BackupJobRow,
  backupJobStates,
  type ComputeNodeRow,
  type FrontendConfigRow,
  type FrontendRow,
  type ReplicaTotals,
  type RepositoryRow,
  type RestoreJobRow,
  restoreJobStates,
  type SnapshotRow,
  type WorkerRow,
} from '../../domain/topology.ts';
import { AppError } from '../../errors.ts';
import { absent, bytes, flag, percent, unread, version, whole } from './cells.ts';
import type { SqlRow } from './port.ts';

const roles = ['LEADER', 'FOLLOWER', 'OBSERVER'] as const;

export function parseFrontends(rows: readonly SqlRow[]): FrontendRow[] {
  return rows.map((row) => ({
    name: text(row, 'Name'),
    host: text(row, 'IP'),
    editLogPort: number(row, 'EditLogPort'),
    httpPort: number(row, 'HttpPort'),
    queryPort: number(row, 'QueryPort'),
    rpcPort: number(row, 'RpcPort'),
    role: oneOf(row, 'Role', roles),
    clusterId: text(row, 'ClusterId'),
    joined: flag(text(row, 'Join')),
    alive: flag(text(row, 'Alive')),
    replayedJournalId: number(row, 'ReplayedJournalId'),
    lastHeartbeatAt: absent(row.LastHeartbeat),
    errorMessage: absent(row.ErrMsg),
    startedAt: absent(row.StartTime),
    version: version(row.Version),
  }));
}

export function parseBackends(rows: readonly SqlRow[]): BackendRow[] {
  return rows.map((row) => ({
    ...worker(row, 'BackendId'),
    ...unreadDiskUse(row),
    tabletCount: number(row, 'TabletNum'),
    dataUsedBytes: bytes(row.DataUsedCapacity),
    availableBytes: bytes(row.AvailCapacity),
    totalBytes: bytes(row.TotalCapacity),
    usedPercent: percent(row.UsedPct),
    maxDiskUsedPercent: percent(row.MaxDiskUsedPct),
    location: absent(row.Location),
    lastTabletReportAt: lastTabletReport(row.Status),
  }));
}

export function parseComputeNodes(rows: readonly SqlRow[]): ComputeNodeRow[] {
  return rows.map((row) => ({ ...worker(row, 'ComputeNodeId'), tabletCount: whole(row.TabletNum) }));
}

/** Newest last; there is usually at most one row. */
export function parseBackupJobs(rows: readonly SqlRow[]): BackupJobRow[] {
  return rows.map((row) => ({
    jobId: text(row, 'JobId'),
    snapshot: text(row, 'SnapshotName'),
    database: text(row, 'DbName'),
    state: oneOf(row, 'State', backupJobStates),
    objects: row.BackupObjs ?? '',
    createdAt: text(row, 'CreateTime'),
    finishedAt: absent(row.FinishedTime),
    ...taskCells(row),
  }));
}

/** One row for the database that was asked about, and perhaps one about external catalogs after it. */
export function parseRestoreJobs(rows: readonly SqlRow[]): RestoreJobRow[] {
  return rows.map((row) => ({
    jobId: text(row, 'JobId'),
    label: text(row, 'Label'),
    timestamp: text(row, 'Timestamp'),
    database: row.DbName ?? '',
    state: oneOf(row, 'State', restoreJobStates),
    objects: row.RestoreObjs ?? '',
    createdAt: text(row, 'CreateTime'),
    finishedAt: absent(row.FinishedTime),
    ...taskCells(row),
  }));
}

function taskCells(row: SqlRow) {
  return {
    unfinishedTasks: (row.UnfinishedTasks ?? '').split(',').filter((task) => task.trim() !== '').length,
    progress: absent(row.Progress),
    taskErrors: absent(row.TaskErrMsg),
    status: row.Status ?? '',
    timeoutSeconds: number(row, 'Timeout'),
  };
}

export function parseSnapshots(rows: readonly SqlRow[]): SnapshotRow[] {
  return rows.map((row) => ({
    snapshot: text(row, 'Snapshot'),
    timestamps: (row.Timestamp ?? '').split('\n').filter((timestamp) => timestamp !== '' && timestamp !== 'NULL'),
    database: absent(row.Database),
    status: text(row, 'Status'),
  }));
}

export function parseRepositories(rows: readonly SqlRow[]): RepositoryRow[] {
  return rows.map((row) => ({
    name: text(row, 'RepoName'),
    isReadOnly: flag(text(row, 'IsReadOnly')),
    location: text(row, 'Location'),
    createdAt: absent(row.CreateTime),
    errorMessage: absent(row.ErrMsg),
  }));
}

/** The totals of SHOW PROC '/statistic'; null when there is no such row. */
export function parseReplicaTotals(rows: readonly SqlRow[]): ReplicaTotals | null {
  const row = rows.find(({ DbId }) => DbId === 'Total');
  if (row === undefined) return null;
  return {
    databases: number(row, 'DbName'),
    tables: number(row, 'TableNum'),
    tablets: number(row, 'TabletNum'),
    replicas: number(row, 'ReplicaNum'),
    unhealthyTablets: number(row, 'UnhealthyTabletNum'),
    inconsistentTablets: number(row, 'InconsistentTabletNum'),
    cloningTablets: number(row, 'CloningTabletNum'),
    errorStateTablets: number(row, 'ErrorStateTabletNum'),
  };
}

export function parseFrontendConfig(rows: readonly SqlRow[]): FrontendConfigRow[] {
  return rows.map((row) => ({
    key: text(row, 'Key'),
    aliases: (row.AliasNames ?? '')
      .replaceAll(/[[\]\s]/g, '')
      .split(',')
      .filter(Boolean),
    value: row.Value ?? '',
    isMutable: flag(text(row, 'IsMutable')),
  }));
}

function worker(row: SqlRow, idColumn: 'BackendId' | 'ComputeNodeId'): WorkerRow {
  return {
    id: text(row, idColumn),
    host: text(row, 'IP'),
    heartbeatPort: number(row, 'HeartbeatPort'),
    bePort: whole(row.BePort),
    httpPort: whole(row.HttpPort),
    brpcPort: whole(row.BrpcPort),
    startedAt: absent(row.LastStartTime),
    lastHeartbeatAt: absent(row.LastHeartbeat),
    alive: flag(text(row, 'Alive')),
    decommissioning: flag(text(row, 'SystemDecommissioned')),
    errorMessage: absent(row.ErrMsg),
    version: version(row.Version),
    cpuCores: whole(row.CpuCores),
    memoryLimitBytes: bytes(row.MemLimit),
    memoryUsedPercent: percent(row.MemUsedPct),
    cpuUsedPercent: percent(row.CpuUsedPct),
    runningQueries: whole(row.NumRunningQueries),
    statusCode: absent(row.StatusCode),
    warehouse: absent(row.WarehouseName),
  };
}

function unreadDiskUse({ MaxDiskUsedPct: cell }: SqlRow): Pick<BackendRow, 'unreadDiskUse'> {
  const text = unread(cell, percent(cell));
  return text === undefined ? {} : { unreadDiskUse: text };
}

function lastTabletReport(status: string | null | undefined): string | null {
  return absent(/"lastSuccessReportTabletsTime"\s*:\s*"([^"]*)"/.exec(status ?? '')?.[1]);
}

/** A column that every version has: without it one could only guess. */
function text(row: SqlRow, column: string): string {
  const value = row[column];
  if (typeof value === 'string') return value;
  throw new AppError('SQL_FAILED', `The frontend's answer has no value in the column ${column}`, {
    hint: `It has: ${Object.keys(row).join(', ')}`,
  });
}

function number(row: SqlRow, column: string): number {
  const value = Number(text(row, column));
  if (Number.isSafeInteger(value)) return value;
  throw new AppError(
    'SQL_FAILED',
    `The frontend's answer has "${row[column]}" in the column ${column}, which is no number`,
  );
}

function oneOf<T extends string>(row: SqlRow, column: string, known: readonly T[]): T {
  const value = text(row, column);
  const found = known.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  throw new AppError('SQL_FAILED', `The frontend's answer has "${value}" in the column ${column}, which is not known`);
}
