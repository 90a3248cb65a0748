import type { BackupCatalogue } from '../../domain/backup/catalogue.ts';
import type { CataloguedBackup } from '../../domain/backup/usable.ts';
import type { RestoreGround } from '../../domain/restore/preflight.ts';
import { AppError } from '../../errors.ts';
import type { Surroundings } from './observe.ts';
import type { RestoreParams } from './params.ts';
import { readSelection } from './read-selection.ts';

type Given = Pick<RestoreParams, 'place' | 'database' | 'target' | 'fullId' | 'chosenId' | 'tables' | 'replicas'>;

/** Everything that the checks of a restore are made of. Throws what `readSelection` throws. */
export async function groundOf(
  given: Given,
  around: Surroundings,
  { catalogue, clusterId }: { catalogue: BackupCatalogue; clusterId: string },
): Promise<RestoreGround> {
  const { selection, incremental } = await readSelection(catalogue, given);
  const backups = await catalogue.listCatalogued({ clusterId, database: given.database });
  const used = [
    ...(selection.full.length === 0 ? [] : [given.fullId]),
    ...(incremental === null || selection.incremental.length === 0 ? [] : [incremental.id]),
  ];
  return {
    ...around,
    place: given.place,
    database: given.database,
    target: given.target,
    backups: used.map((id) => find(backups, id)),
    selection,
    isPart: given.tables !== null || selection.split.length > 0,
    replicas: given.replicas,
  };
}

function find(backups: readonly CataloguedBackup[], id: string): CataloguedBackup {
  const found = backups.find((backup) => backup.id === id);
  if (found !== undefined) return found;
  throw new AppError('NOT_FOUND', `The backup ${id} is not in the history any more`, { hint: 'Choose another one.' });
}
