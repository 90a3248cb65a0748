import { sql } from 'kysely';
import type { CataloguedBackup } from '../../domain/backup/usable.ts';
import type { BackupWatch, WatchedPart } from '../../domain/backup/watch.ts';
import { toBackup, toVerification } from '../backups/backup-rows.ts';
import { databaseNow, type Reader } from '../database.ts';
import { toFiring, toSchedule } from '../schedules/schedule-rows.ts';
import { policiesOfClusters } from './policies.ts';

/** Of each policy, database and kind. A base of one of these is one of these too, but for backups that nobody looks at. */
const newest = 16;

/**
 * What is stored about the backups by policy of a cluster that the caller may see, or that the monitor probes. One
 * statement where there is no policy.
 */
export async function readBackupWatch(db: Reader, clusterId: string): Promise<BackupWatch | null> {
  const policies = await policiesOfClusters(db, [clusterId]);
  if (policies.length === 0) return null;
  return {
    now: await readTime(db, clusterId),
    policies,
    parts: await readParts(
      db,
      policies.map(({ id }) => id),
    ),
    backups: await readNewestBackups(db, clusterId),
  };
}

/** The database's clock, by which schedules are due. */
async function readTime(db: Reader, clusterId: string): Promise<Date> {
  const row = await db
    .selectFrom('backup_policy')
    .select(databaseNow.as('now'))
    .where('cluster_id', '=', clusterId)
    .limit(1)
    .executeTakeFirstOrThrow();
  return row.now;
}

async function readParts(db: Reader, policyIds: readonly string[]): Promise<readonly WatchedPart[]> {
  const schedules = await db.selectFrom('schedule').selectAll().where('policy_id', 'in', policyIds).execute();
  if (schedules.length === 0) return [];
  const firings = await db
    .selectFrom('schedule_firing as firing')
    .selectAll()
    .where(
      'schedule_id',
      'in',
      schedules.map(({ id }) => id),
    )
    .where('slot_at', '=', (row) =>
      row
        .selectFrom('schedule_firing as later')
        .select((column) => column.fn.max('later.slot_at').as('last'))
        .whereRef('later.schedule_id', '=', 'firing.schedule_id'),
    )
    .execute();
  const lastOf = new Map(firings.map((row) => [row.schedule_id, toFiring(row)]));
  return schedules.map((row) => {
    const { policy, state, id } = toSchedule(row);
    const last = lastOf.get(id) ?? null;
    return { policyId: policy?.id ?? '', part: policy?.part ?? '', state, dueAt: row.due_at, last };
  });
}

/** Oldest first, with their verifications. */
export async function readNewestBackups(db: Reader, clusterId: string): Promise<readonly CataloguedBackup[]> {
  const rows = await db
    .selectFrom((from) =>
      from
        .selectFrom('backup')
        .selectAll()
        .select(
          sql<number>`ROW_NUMBER() OVER (PARTITION BY policy_id, database_name, kind ORDER BY started_at DESC, id DESC)`.as(
            'place',
          ),
        )
        .where('cluster_id', '=', clusterId)
        .where('state', '<>', 'DELETED')
        .as('placed'),
    )
    .selectAll()
    .where('place', '<=', newest)
    .orderBy('started_at')
    .orderBy('id')
    .execute();
  if (rows.length === 0) return [];
  const checks = await db
    .selectFrom('backup_verification')
    .selectAll()
    .where(
      'backup_id',
      'in',
      rows.map(({ id }) => id),
    )
    .orderBy('at')
    .execute();
  const checksOf = Map.groupBy(checks, ({ backup_id }) => backup_id);
  return rows.map((row) => ({
    ...toBackup(row),
    checks: (checksOf.get(row.id) ?? []).map(toVerification),
    openRun: null,
  }));
}
