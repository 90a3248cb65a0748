import { z } from 'zod';
import type { Backup } from '../../domain/cluster.ts';
import { isTerminal, runStates } from '../../domain/run.ts';
import type { Queryable } from '../database.ts';
import { toBackup } from '../inventory.ts';
import { isVisible, type Page, type Visibility } from './visibility.ts';

export type BackupListFilter = {
  readonly clusterId?: string | null | undefined;
  readonly database?: string | null | undefined;
};

/** Where a backup may be seen is decided by its run, which keeps the environment after the cluster is gone. */
const columns = { clusterId: 'run.cluster_id', environment: 'run.environment' };

/** Newest first, then by id. */
export async function listBackups(
  db: Queryable,
  {
    visibility,
    filter,
    page,
  }: { visibility: Visibility; filter: BackupListFilter; page: Page<{ startedAt: Date; id: string }> },
): Promise<readonly Backup[]> {
  let query = visibleBackups(db, visibility);
  if (filter.clusterId != null) query = query.where('backup.cluster_id', '=', filter.clusterId);
  if (filter.database != null) query = query.where('database_name', '=', filter.database);
  const { after } = page;
  if (after !== null) {
    query = query.where((row) =>
      row.or([
        row('backup.started_at', '<', after.startedAt),
        row.and([row('backup.started_at', '=', after.startedAt), row('backup.id', '<', after.id)]),
      ]),
    );
  }
  const rows = await query
    .orderBy('backup.started_at', 'desc')
    .orderBy('backup.id', 'desc')
    .limit(page.limit)
    .execute();
  return rows.map((row) => toBackup(row, isOpen(row.run_state)));
}

export async function findVisibleBackups(
  db: Queryable,
  by: { visibility: Visibility; ids: readonly string[] },
): Promise<readonly Backup[]> {
  const rows = await visibleBackups(db, by.visibility).where('backup.id', 'in', by.ids).execute();
  return rows.map((row) => toBackup(row, isOpen(row.run_state)));
}

function visibleBackups(db: Queryable, visibility: Visibility) {
  return db
    .selectFrom('backup')
    .innerJoin('run', 'run.id', 'backup.run_id')
    .selectAll('backup')
    .select('run.state as run_state')
    .where(isVisible(visibility, columns));
}

function isOpen(state: string): boolean {
  return !isTerminal(z.enum(runStates).parse(state));
}
