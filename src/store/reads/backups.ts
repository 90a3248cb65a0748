import { z } from 'zod';
import type { Backup } from '../../domain/cluster.ts';
import { isTerminal, runStates } from '../../domain/run.ts';
import { toBackup } from '../clusters/cluster-rows.ts';
import type { Reader } from '../database.ts';
import { isVisible, type Page, pageOf, type Visibility } from './visibility.ts';

export type BackupListFilter = {
  readonly clusterId?: string | null | undefined;
  readonly database?: string | null | undefined;
  /** Begun at or after. */
  readonly since?: Date | null | undefined;
  /** Begun before. */
  readonly until?: Date | null | undefined;
};

/** Where a backup may be seen is decided by its run, which keeps the environment after the cluster is gone. */
const columns = { clusterId: 'run.cluster_id', environment: 'run.environment' };

/** Newest first; backups of the same moment by id. */
export async function listBackups(
  db: Reader,
  {
    visibility,
    filter,
    page,
  }: { visibility: Visibility; filter: BackupListFilter; page: Page<{ startedAt: Date; id: string }> },
): Promise<readonly Backup[]> {
  const part = pageOf(page, {
    columns: ['backup.started_at', 'backup.id'],
    direction: 'desc',
    values: ({ startedAt, id }) => [startedAt, id],
  });
  const rows = await backupsThat(db, { visibility, filter })
    .selectAll('backup')
    .select('run.state as run_state')
    .where(part.where)
    .orderBy(part.orderBy)
    .limit(page.limit)
    .execute();
  return part.inOrder(rows.map((row) => toBackup(row, isOpen(row.run_state))));
}

/** How many backups fit the filter. */
export async function countBackups(
  db: Reader,
  which: { visibility: Visibility; filter: BackupListFilter },
): Promise<number> {
  const row = await backupsThat(db, which)
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}

function backupsThat(db: Reader, { visibility, filter }: { visibility: Visibility; filter: BackupListFilter }) {
  let query = visibleBackups(db, visibility);
  if (filter.clusterId != null) query = query.where('backup.cluster_id', '=', filter.clusterId);
  if (filter.database != null) query = query.where('database_name', '=', filter.database);
  if (filter.since != null) query = query.where('backup.started_at', '>=', filter.since);
  if (filter.until != null) query = query.where('backup.started_at', '<', filter.until);
  return query;
}

export async function findVisibleBackup(
  db: Reader,
  { visibility, id }: { visibility: Visibility; id: string },
): Promise<Backup | null> {
  const row = await visibleBackups(db, visibility)
    .selectAll('backup')
    .select('run.state as run_state')
    .where('backup.id', '=', id)
    .executeTakeFirst();
  return row === undefined ? null : toBackup(row, isOpen(row.run_state));
}

function visibleBackups(db: Reader, visibility: Visibility) {
  return db.selectFrom('backup').innerJoin('run', 'run.id', 'backup.run_id').where(isVisible(visibility, columns));
}

function isOpen(state: string): boolean {
  return !isTerminal(z.enum(runStates).parse(state));
}
