import type { Repository } from '../domain/backup/repository.ts';
import type { BackupWatch } from '../domain/backup/watch.ts';
import type { StoppedNode } from '../domain/cluster.ts';
import type { OwnWork } from '../domain/own-work.ts';
import { listRepositories } from '../store/backups/repository-rows.ts';
import type { Database } from '../store/database.ts';
import type { OnDamaged } from '../store/readable.ts';
import { readBackupWatch } from '../store/reads/backup-watch.ts';
import { readOwnWork } from '../store/reads/own-work.ts';
import { listStoppedNodes } from '../store/reads/stopped-nodes.ts';
import type { PartName } from './read-parts.ts';

/** What a look judges that is stored with us. */
export type Stored = {
  readonly watch: BackupWatch | null;
  readonly repositories: readonly Repository[];
  readonly stopped: readonly StoppedNode[];
  readonly own: OwnWork;
  /** Parts that could not be read, so that what they hold now says nothing: rules about them judge nothing. */
  readonly unread: readonly PartName[];
};

const noWork: OwnWork = { lookGapMs: null, isChanging: false, waiting: [] };

/**
 * Reads what is stored of a cluster, each part by itself: a damaged row of one must not keep the others, and the cluster
 * itself, from being looked at. Of each part that cannot be read the caller is told.
 */
export async function readStored(db: Database, clusterId: string, damaged: OnDamaged): Promise<Stored> {
  const unread: PartName[] = [];
  const part = async <T>(name: PartName, read: Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await read;
    } catch (error) {
      damaged(error);
      unread.push(name);
      return otherwise;
    }
  };
  return {
    watch: await part('backups', readBackupWatch(db, clusterId), null),
    repositories: await part('repositories', listRepositories(db, clusterId), []),
    stopped: await part('stopped', listStoppedNodes(db, clusterId), []),
    own: await part('own', readOwnWork(db, clusterId), noWork),
    unread,
  };
}
