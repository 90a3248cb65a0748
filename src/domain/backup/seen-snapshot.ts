import type { SnapshotRow } from '../topology.ts';
import type { Backup } from './backup.ts';
import { isSameLocation } from './store-location.ts';

/**
 * `OURS`: a backup of our history, taken from this cluster. `FOREIGN`: no backup of this cluster has this name. `UNKNOWN`: one
 * has, but it is not certain that it is this snapshot. Only what is certainly ours may ever be deleted.
 */
export type SnapshotOwner = 'OURS' | 'FOREIGN' | 'UNKNOWN';

/** What is known of a backup that may be the snapshot. */
export type NamedBackup = Pick<Backup, 'id' | 'state' | 'origin' | 'location' | 'backupTimestamp'> & {
  readonly snapshot: string;
};

/** One name in a repository, as SHOW SNAPSHOT lists it. */
export type SeenSnapshot = {
  /** As it stands in the store, where anybody may have put anything: never a part of a path or a statement. */
  readonly name: string;
  readonly timestamps: readonly string[];
  /** In StarRocks' own words. */
  readonly status: string;
  /** Whether the repository can read it: it has a time, and the status is OK. */
  readonly isComplete: boolean;
  readonly owner: SnapshotOwner;
  /** The backup of our history that has this name; null = none has. */
  readonly backupId: string | null;
  /** What one should know of it, as sentences. */
  readonly notes: readonly string[];
};

type Place = {
  /** The id that the cluster gave itself; null = its frontends do not agree, or did not tell. */
  readonly origin: string | null;
  readonly location: string;
};

/** The snapshots by name. `backups` are those of this cluster in this repository, the newest of a name last. */
export function seeSnapshots(
  rows: readonly SnapshotRow[],
  { backups, ...place }: Place & { readonly backups: readonly NamedBackup[] },
): readonly SeenSnapshot[] {
  const named = Map.groupBy(backups, ({ snapshot }) => snapshot);
  return rows
    .map((row) => see(row, named.get(row.snapshot) ?? [], place))
    .toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function see(
  { snapshot: name, timestamps: listed, status }: SnapshotRow,
  same: readonly NamedBackup[],
  place: Place,
): SeenSnapshot {
  // A file that is still being written is listed as `Invalid: __info_….part`.
  const timestamps = listed.filter((each) => /^[\d-]+$/.test(each));
  const backup = same.findLast(({ state }) => state !== 'DELETED') ?? same.at(-1) ?? null;
  const doubt = backup === null ? null : whyInDoubt(backup, timestamps, place);
  const isComplete = timestamps.length > 0 && /^OK$/i.test(status);
  return {
    ...{ name, timestamps, status, isComplete },
    owner: backup === null ? 'FOREIGN' : doubt === null ? 'OURS' : 'UNKNOWN',
    backupId: backup?.id ?? null,
    notes: [...(doubt === null ? [] : [doubt]), ...notesOn(name, { timestamps, status, backup, isComplete })],
  };
}

function whyInDoubt(backup: NamedBackup, timestamps: readonly string[], { origin, location }: Place): string | null {
  if (origin === null) return 'A backup of ours has this name, but the cluster does not tell which cluster it is';
  if (backup.origin === null)
    return 'A backup of ours has this name, but it is not known which cluster it was taken from';
  if (backup.origin !== origin) return 'A backup of ours has this name, but it was taken from another cluster';
  if (backup.location !== null && !isSameLocation(backup.location, location))
    return 'A backup of ours has this name, but the repository was at another place when it was taken';
  if (backup.backupTimestamp !== null && timestamps.length > 0 && !timestamps.includes(backup.backupTimestamp))
    return `A backup of ours has this name, but its time is ${backup.backupTimestamp}`;
  return null;
}

type Listed = Pick<SeenSnapshot, 'timestamps' | 'status' | 'isComplete'> & { readonly backup: NamedBackup | null };

function notesOn(name: string, { timestamps, status, backup, isComplete }: Listed): readonly string[] {
  const isLeftOver = timestamps.length === 0 && /no snapshot/i.test(status);
  return [
    ...(isLeftOver
      ? ['It cannot be restored from: a backup broke off and left objects there, or still runs; the name is taken']
      : !isComplete
        ? ['The repository could not read it, so that it is not known whether it can be restored from']
        : []),
    ...(timestamps.length > 1
      ? [`There are ${timestamps.length} times under this name, and RESTORE has to be told which one is meant`]
      : []),
    ...(name.includes('*')
      ? ['StarRocks takes the * for any text, so the times may be those of other snapshots whose names fit']
      : []),
    ...(isUsualName(name) ? [] : ['StarRocks did not check this name; Starwarden uses it in no path']),
    ...(backup?.state === 'DELETED'
      ? ['Starwarden deleted that backup, and something of this name is there all the same']
      : []),
  ];
}

/** A name that cannot mean anything but itself. */
function isUsualName(name: string): boolean {
  return /^[\w-]{1,256}$/.test(name);
}
