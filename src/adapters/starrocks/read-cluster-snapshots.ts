import {
  type ClusterSnapshotJob,
  type ClusterSnapshots,
  createdAtOf,
  snapshotJobStates,
} from '../../domain/backup/cluster-snapshots.ts';
import { parseFrontendConfig } from './parse.ts';
import type { SqlCall, SqlReader, SqlRow } from './port.ts';
import {
  adminShowFrontendConfig,
  listClusterSnapshotJobs,
  listClusterSnapshots,
  showStorageVolumes,
} from './statements.ts';

/** What the cluster says of its automated snapshots. From 3.4 on; an earlier one does not know the tables (`SQL_FAILED`). */
export async function readClusterSnapshots(sql: SqlReader, call: SqlCall = {}): Promise<ClusterSnapshots> {
  const snapshots = await sql.query(listClusterSnapshots(), call);
  const jobs = await sql.query(listClusterSnapshotJobs(), call);
  const [newest] = snapshots.map((row) => ({
    name: row.SNAPSHOT_NAME ?? '',
    type: row.SNAPSHOT_TYPE ?? '',
    createdAt: createdAtOf(row.SNAPSHOT_NAME ?? ''),
    storageVolume: row.STORAGE_VOLUME ?? '',
    storagePath: row.STORAGE_PATH ?? '',
  }));
  return { newest: newest ?? null, jobs: jobs.map(toJob).toSorted((a, b) => b.id - a.id) };
}

export async function readStorageVolumes(sql: SqlReader, call: SqlCall = {}): Promise<readonly string[]> {
  return (await sql.query(showStorageVolumes(), call)).map((row) => Object.values(row)[0] ?? '');
}

/** How often one is due, in ms; null when the user may not ask (OPERATE). Each frontend has its own; the leader's counts. */
export async function readSnapshotIntervalMs(sql: SqlReader, call: SqlCall = {}): Promise<number | null> {
  const key = 'automated_cluster_snapshot_interval_seconds';
  const rows = parseFrontendConfig(await sql.query(adminShowFrontendConfig(key), { ...call, route: 'leader' }));
  const seconds = Number(rows.find((row) => row.key === key)?.value ?? Number.NaN);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : null;
}

function toJob(row: SqlRow): ClusterSnapshotJob {
  const name = row.SNAPSHOT_NAME ?? '';
  const state = row.STATE ?? '';
  const known = snapshotJobStates.find((each) => each === state) ?? { unknown: state };
  // A job that is not finished has the begin of 1970 there, in the time zone of the session.
  const finished = row.FINISHED_TIME ?? '';
  return {
    name,
    id: Number(row.JOB_ID ?? 0),
    createdAt: createdAtOf(name),
    state: known,
    finishedText: finished === '' || /^19(69|70)-/.test(finished) ? null : finished,
    error: row.ERROR_MESSAGE || null,
  };
}
