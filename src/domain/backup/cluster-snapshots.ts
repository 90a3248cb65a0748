import { parseVersion } from '../version.ts';

/** The newest finished snapshot, as `information_schema.cluster_snapshots` has it: a row only while they are switched on. */
export type ClusterSnapshot = {
  readonly name: string;
  readonly type: string;
  /** From its name; null = the name is not one of an automated snapshot. */
  readonly createdAt: Date | null;
  readonly storageVolume: string;
  readonly storagePath: string;
};

/**
 * The states of a job (StarRocks 3.5, `ClusterSnapshotJob`): a snapshot is EXPIRED once a newer one is finished, and DELETED
 * when its files are gone. A job that a leader did not end is an ERROR for the next one.
 */
export const snapshotJobStates = [
  'INITIALIZING',
  'SNAPSHOTING',
  'UPLOADING',
  'FINISHED',
  'EXPIRED',
  'DELETED',
  'ERROR',
] as const;
export type SnapshotJobState = (typeof snapshotJobStates)[number];

export type ClusterSnapshotJob = {
  readonly name: string;
  readonly id: number;
  readonly createdAt: Date | null;
  /** A state that this version of Starwarden does not know is kept as it was read. */
  readonly state: SnapshotJobState | { readonly unknown: string };
  /** When it was finished, in the cluster's own words and time zone; null = it is not. */
  readonly finishedText: string | null;
  readonly error: string | null;
};

export type ClusterSnapshots = {
  readonly newest: ClusterSnapshot | null;
  /** The newest one first. */
  readonly jobs: readonly ClusterSnapshotJob[];
};

/**
 * When an automated snapshot was begun, from its name, which holds the leader's clock in ms: the columns of the tables are in
 * the time zone of the session, which nobody names.
 */
export function createdAtOf(name: string): Date | null {
  const ms = /^automated_cluster_snapshot_(\d{13})$/.exec(name)?.[1];
  return ms === undefined ? null : new Date(Number(ms));
}

/** The newest job that has come to an end, whether well or badly. */
export function newestEnded(jobs: readonly ClusterSnapshotJob[]): ClusterSnapshotJob | null {
  return jobs.find(({ state }) => state === 'ERROR' || isTaken(state)) ?? null;
}

/** Whether the job made a snapshot, which may be gone since. */
export function isTaken(state: ClusterSnapshotJob['state']): boolean {
  return state === 'FINISHED' || state === 'EXPIRED' || state === 'DELETED';
}

/**
 * Whether a cluster can have automated snapshots: shared data, and every frontend that told its version from 3.4 on. A release
 * that cannot be read is taken for one without them.
 */
export function hasClusterSnapshots({
  runMode,
  versions,
}: {
  readonly runMode: string | null;
  readonly versions: readonly string[];
}): boolean {
  return runMode === 'shared_data' && versions.length > 0 && !versions.some(isTooOld);
}

function isTooOld(text: string): boolean {
  const version = parseVersion(text);
  return version === null || version.major < 3 || (version.major === 3 && version.minor < 4);
}
