import type { Backup } from '../../domain/backup/backup.ts';
import type { BackupCatalogue } from '../../domain/backup/catalogue.ts';
import { type Selection, selectObjects } from '../../domain/restore/selection.ts';
import { AppError } from '../../errors.ts';
import type { RestoreParams } from './params.ts';

export type Chosen = {
  readonly full: Backup;
  /** Null = the full backup is all there is, or nothing had changed since. */
  readonly incremental: Backup | null;
  readonly selection: Selection;
};

/**
 * What each backup brings, from what is remembered of both: the same whenever it is asked. Throws `NOT_FOUND` when a backup
 * has gone meanwhile, and `PRECONDITION_FAILED` when nobody remembers what it holds.
 */
export async function readSelection(
  catalogue: Pick<BackupCatalogue, 'find' | 'readContent'>,
  { fullId, chosenId, tables }: Pick<RestoreParams, 'fullId' | 'chosenId' | 'tables'>,
): Promise<Chosen> {
  const full = await findBackup(catalogue, fullId);
  const content = await catalogue.readContent(fullId);
  if (content === null) throw unknown(fullId);
  // Of some tables only it stands for those that it holds.
  const named = tables ?? (full.isSelection ? content.held.tables.map(({ name }) => name) : null);
  if (chosenId === fullId)
    return { full, incremental: null, selection: selectObjects({ full: content, incremental: null, tables: named }) };
  const chosen = await findBackup(catalogue, chosenId);
  const later = await catalogue.readContent(chosenId);
  if (later === null) throw unknown(chosenId);
  return {
    full,
    incremental: chosen.snapshot === null ? null : chosen,
    selection: selectObjects({ full: content, incremental: later, tables: named }),
  };
}

async function findBackup(catalogue: Pick<BackupCatalogue, 'find'>, id: string): Promise<Backup> {
  const backup = await catalogue.find(id);
  if (backup !== null) return backup;
  throw new AppError('NOT_FOUND', `The backup ${id} is not in the history any more`, { hint: 'Choose another one.' });
}

function unknown(id: string): AppError {
  return new AppError('PRECONDITION_FAILED', `Nobody remembers what the backup ${id} holds`, {
    hint: 'Restore it by hand with RESTORE, or choose another one.',
  });
}
