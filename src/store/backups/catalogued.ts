import type { CataloguedBackup } from '../../domain/backup/usable.ts';
import { openRunStates } from '../../domain/run.ts';
import type { Reader } from '../database.ts';
import { toBackup, toVerification } from './backup-rows.ts';

/** The backups that are not deleted, oldest first, with their verifications and the open runs that make or delete them. */
export async function listCatalogued(
  db: Reader,
  { clusterId, database, exceptRunId }: { clusterId: string; database?: string; exceptRunId?: string },
): Promise<readonly CataloguedBackup[]> {
  let query = db.selectFrom('backup').selectAll().where('cluster_id', '=', clusterId).where('state', '<>', 'DELETED');
  if (database !== undefined) query = query.where('database_name', '=', database);
  const rows = await query.orderBy('started_at').orderBy('id').execute();
  if (rows.length === 0) return [];
  const open = await findOpenRuns(db, clusterId);
  if (exceptRunId !== undefined) open.delete(exceptRunId);
  const checks = Map.groupBy(await listChecks(db, { clusterId, database }), ({ backup_id }) => backup_id);
  return rows.map((row) => ({
    ...toBackup(row),
    checks: (checks.get(row.id) ?? []).map(toVerification),
    openRun: open.get(row.run_id) ?? open.get(row.deleted_run_id ?? '') ?? null,
  }));
}

/** The numbers of the runs that are not over and made or delete a backup of the cluster, by their ids. */
async function findOpenRuns(db: Reader, clusterId: string): Promise<Map<string, number>> {
  const makers = db.selectFrom('backup').select('run_id').where('cluster_id', '=', clusterId);
  const deleters = db
    .selectFrom('backup')
    .select('deleted_run_id')
    .where('cluster_id', '=', clusterId)
    .where('deleted_run_id', 'is not', null);
  const rows = await db
    .selectFrom('run')
    .select(['id', 'number'])
    .where('state', 'in', openRunStates)
    .where((run) => run.or([run('id', 'in', makers), run('id', 'in', deleters)]))
    .execute();
  return new Map(rows.map(({ id, number }) => [id, Number(number)]));
}

function listChecks(db: Reader, { clusterId, database }: { clusterId: string; database: string | undefined }) {
  let query = db
    .selectFrom('backup_verification')
    .innerJoin('backup', 'backup.id', 'backup_verification.backup_id')
    .selectAll('backup_verification')
    .where('backup.cluster_id', '=', clusterId)
    .where('backup.state', '<>', 'DELETED');
  if (database !== undefined) query = query.where('backup.database_name', '=', database);
  return query.orderBy('backup_verification.at').execute();
}
