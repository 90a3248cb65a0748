import type { Backup, BackupKind, BackupState, Verification } from '../../domain/backup/backup.ts';
import { toBackup, toVerification } from '../backups/backup-rows.ts';
import type { Reader } from '../database.ts';
import { isVisible, type Page, pageOf, type Visibility } from './visibility.ts';

export type BackupListFilter = {
  readonly clusterId?: string | null | undefined;
  readonly database?: string | null | undefined;
  readonly states?: readonly BackupState[] | null | undefined;
  readonly kind?: BackupKind | null | undefined;
  readonly policyId?: string | null | undefined;
  /** Begun at or after. */
  readonly since?: Date | null | undefined;
  /** Begun before. */
  readonly until?: Date | null | undefined;
};

/**
 * Where a backup may be seen is decided by its cluster, and by the environment of its run, which stays known after the
 * cluster is gone.
 */
const columns = { clusterId: 'backup.cluster_id', environment: 'run.environment' };

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
    .where(part.where)
    .orderBy(part.orderBy)
    .limit(page.limit)
    .execute();
  return part.inOrder(rows.map(toBackup));
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
  if (filter.states != null) query = query.where('backup.state', 'in', [...filter.states]);
  if (filter.kind != null) query = query.where('backup.kind', '=', filter.kind);
  if (filter.policyId != null) query = query.where('backup.policy_id', '=', filter.policyId);
  if (filter.since != null) query = query.where('backup.started_at', '>=', filter.since);
  if (filter.until != null) query = query.where('backup.started_at', '<', filter.until);
  return query;
}

/** Those of the ids that may be seen. */
export async function findVisibleBackups(
  db: Reader,
  { visibility, ids }: { visibility: Visibility; ids: readonly string[] },
): Promise<readonly Backup[]> {
  if (ids.length === 0) return [];
  const rows = await visibleBackups(db, visibility).selectAll('backup').where('backup.id', 'in', ids).execute();
  return rows.map(toBackup);
}

/** The incremental backups that need these full ones, oldest first. They belong to backups that were seen already. */
export async function dependentsOfBackups(db: Reader, ids: readonly string[]): Promise<readonly Backup[]> {
  const rows = await db
    .selectFrom('backup')
    .selectAll()
    .where('base_id', 'in', ids)
    .where('state', '<>', 'DELETED')
    .orderBy('started_at')
    .orderBy('id')
    .execute();
  return rows.map(toBackup);
}

/** The results of the verifications of these backups, oldest first. */
export async function verificationsOfBackups(
  db: Reader,
  ids: readonly string[],
): Promise<readonly (Verification & { readonly backupId: string })[]> {
  const rows = await db
    .selectFrom('backup_verification')
    .selectAll()
    .where('backup_id', 'in', ids)
    .orderBy('at')
    .orderBy('level')
    .execute();
  return rows.map((row) => ({ ...toVerification(row), backupId: row.backup_id }));
}

export async function findVisibleBackup(
  db: Reader,
  { visibility, id }: { visibility: Visibility; id: string },
): Promise<Backup | null> {
  const row = await visibleBackups(db, visibility).selectAll('backup').where('backup.id', '=', id).executeTakeFirst();
  return row === undefined ? null : toBackup(row);
}

/** The backups of a cluster, not deleted, whose snapshots have this name; in several repositories there may be one each. */
export async function findVisibleBackupsBySnapshot(
  db: Reader,
  { visibility, clusterId, snapshot }: { visibility: Visibility; clusterId: string; snapshot: string },
): Promise<readonly Backup[]> {
  const rows = await visibleBackups(db, visibility)
    .selectAll('backup')
    .where('backup.cluster_id', '=', clusterId)
    .where('snapshot', '=', snapshot)
    .where('backup.state', '<>', 'DELETED')
    .orderBy('backup.started_at')
    .limit(10)
    .execute();
  return rows.map(toBackup);
}

function visibleBackups(db: Reader, visibility: Visibility) {
  return db.selectFrom('backup').innerJoin('run', 'run.id', 'backup.run_id').where(isVisible(visibility, columns));
}
