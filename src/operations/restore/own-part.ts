import type { Statement } from '../../adapters/starrocks/port.ts';
import { restoreSnapshot as restoreStatement } from '../../adapters/starrocks/restore-statements.ts';
import type { Backup } from '../../domain/backup/backup.ts';
import type { BackupCatalogue } from '../../domain/backup/catalogue.ts';
import type { BackupObject } from '../../domain/backup/content.ts';
import { AppError } from '../../errors.ts';
import type { RestoreParams, Side } from './params.ts';
import { readSelection } from './read-selection.ts';

export type OwnPart = {
  readonly backup: Backup;
  /** `isNew`: no earlier step of this run has made the table. */
  readonly objects: readonly (BackupObject & { readonly isNew: boolean })[];
};

/** The backup of which a step restores, and what it restores of it. */
export async function ownPart(
  catalogue: Pick<BackupCatalogue, 'find' | 'readContent'>,
  given: RestoreParams & { readonly side: Side },
): Promise<OwnPart> {
  const { full, incremental, selection } = await readSelection(catalogue, given);
  if (given.side === 'full')
    return { backup: full, objects: selection.full.map((object) => ({ ...object, isNew: true })) };
  if (incremental === null)
    throw new AppError('PRECONDITION_FAILED', 'There is no incremental backup to restore from any more');
  const split = new Set(selection.split);
  return {
    backup: incremental,
    objects: selection.incremental.map((object) => ({ ...object, isNew: !split.has(object.name) })),
  };
}

/** RESTORE of that part. */
export function statementOf({ backup, objects }: OwnPart, given: RestoreParams): Statement {
  const { target, replicas, timeoutSeconds } = given;
  const { repository, snapshot, backupTimestamp } = backup;
  if (snapshot === null || backupTimestamp === null)
    throw new AppError('PRECONDITION_FAILED', `The backup ${backup.id} has no snapshot that RESTORE could name`);
  return restoreStatement({
    ...{ database: target, repository, snapshot, timestamp: backupTimestamp, replicas, timeoutSeconds },
    objects,
  });
}
