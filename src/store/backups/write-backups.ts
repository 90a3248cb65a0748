import type { Backup } from '../../domain/backup/backup.ts';
import type { ChosenBackup, EndedBackup, NewBackup } from '../../domain/inventory.ts';
import { AppError } from '../../errors.ts';
import { databaseNow, type Queryable } from '../database.ts';
import { toJson } from '../json.ts';
import { isDuplicateKey } from '../store-errors.ts';
import { saveContent } from './content.ts';

/** A backup, and the cluster that it must belong to. */
type Which = { readonly id: string; readonly clusterId: string };
type WhichByRun = Which & { readonly runId: string };

const open = ['SCHEDULED', 'RUNNING'] as const;

/** Opens a row. A repeat finds it there and changes nothing; a row that an earlier try of the run left open is closed. */
export async function insertBackup(
  db: Queryable,
  backup: NewBackup & Pick<Backup, 'clusterId' | 'runId' | 'scheduledFor'>,
): Promise<void> {
  await db
    .updateTable('backup')
    .set({ state: 'BROKEN', problem: 'An earlier try of its run, which took it no further', finished_at: databaseNow })
    .where('run_id', '=', backup.runId)
    .where('database_name', '=', backup.database)
    .where('id', '<>', backup.id)
    .where('state', 'in', open)
    .execute();
  try {
    await db
      .insertInto('backup')
      .values({
        id: backup.id,
        cluster_id: backup.clusterId,
        run_id: backup.runId,
        database_name: backup.database,
        is_selection: backup.isSelection ? 1 : 0,
        repository: backup.repository,
        location: backup.location,
        snapshot: null,
        backup_timestamp: null,
        state: 'SCHEDULED',
        kind: backup.kind,
        origin: backup.origin,
        policy_id: backup.policyId,
        tier: backup.tier,
        scheduled_for: backup.scheduledFor,
        started_at: databaseNow,
        verified_at: null,
      })
      .execute();
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
  }
}

export async function chooseBackup(
  db: Queryable,
  { id, clusterId }: Which,
  { kind, baseId, snapshot, content }: ChosenBackup,
): Promise<void> {
  await db
    .updateTable('backup')
    .set({ state: 'RUNNING', kind, base_id: baseId, snapshot })
    .where('id', '=', id)
    .where('cluster_id', '=', clusterId)
    .where('state', 'in', open)
    .execute();
  if (content !== null) await saveContent(db, id, content);
}

/**
 * What has become of it since (deleted, say) is not taken back. A run that failed and is retried may bring a backup to a
 * good end that was broken meanwhile.
 */
export async function endBackup(db: Queryable, { id, clusterId }: Which, ended: EndedBackup): Promise<void> {
  await db
    .updateTable('backup')
    .set({
      state: ended.state,
      problem: ended.problem?.slice(0, 2_000) ?? null,
      backup_timestamp: ended.backupTimestamp,
      snapshot_at: ended.snapshotAt,
      finished_at: databaseNow,
      size_bytes: ended.sizeBytes,
      object_count: ended.objectCount,
      table_count: ended.tableCount,
      partition_count: ended.partitionCount,
      not_held: toJson(ended.notHeld),
    })
    .where('id', '=', id)
    .where('cluster_id', '=', clusterId)
    .where('state', 'not in', ['DELETING', 'DELETED'])
    .execute();
  if (ended.content !== null) await saveContent(db, id, ended.content);
}

const unfinished = 'Its run ended before the backup was complete';

/**
 * A run ends: what it has begun and not brought to an end is broken. This is the one place that makes the state of a
 * backup follow from its run, and it is written with the end of the run. `failures` are messages by database, of the step at which
 * its backup stopped: whoever looks at the backup reads the cause, and not only that there is one.
 */
export async function endBackupsOf(
  db: Queryable,
  runId: string,
  failures: ReadonlyMap<string, string> = new Map(),
): Promise<void> {
  const left = await db
    .selectFrom('backup')
    .select(['id', 'database_name'])
    .where('run_id', '=', runId)
    .where('state', 'in', open)
    .execute();
  for (const { id, database_name: database } of left) {
    const why = failures.get(database);
    const problem = (why === undefined ? unfinished : `${unfinished}: ${why}`).slice(0, 2_000);
    await db
      .updateTable('backup')
      .set((row) => ({
        state: 'BROKEN',
        problem: row.fn.coalesce('problem', row.val(problem)),
        finished_at: databaseNow,
      }))
      .where('id', '=', id)
      .where('state', 'in', open)
      .execute();
  }
}

/**
 * From here on nobody can pin it. A pin, or a backup that is based on it, that came after the step had looked is seen here:
 * throws `PRECONDITION_FAILED`, and nothing has happened to it.
 */
export async function beginDeleting(db: Queryable, { id, clusterId, runId }: WhichByRun, because: string) {
  const row = await db
    .selectFrom('backup')
    .select((column) => [
      'pinned_by_name',
      'pinned_reason',
      column
        .and([
          column('pinned_reason', 'is not', null),
          column.or([column('pinned_until', 'is', null), column('pinned_until', '>', databaseNow)]),
        ])
        .as('isPinned'),
    ])
    .where('id', '=', id)
    .where('cluster_id', '=', clusterId)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) return;
  if (Number(row.isPinned) === 1) refuseDeleting(`${row.pinned_by_name} has pinned it: ${row.pinned_reason}`);
  const dependent = await db
    .selectFrom('backup')
    .select(['id'])
    .where('cluster_id', '=', clusterId)
    .where('base_id', '=', id)
    .where('state', '<>', 'DELETED')
    .limit(1)
    .executeTakeFirst();
  if (dependent !== undefined) refuseDeleting(`${dependent.id} is based on it`);
  await db
    .updateTable('backup')
    .set({ state: 'DELETING', deleted_because: because.slice(0, 2_000), deleted_run_id: runId })
    .where('id', '=', id)
    .where('cluster_id', '=', clusterId)
    .where('state', '<>', 'DELETED')
    .execute();
}

function refuseDeleting(why: string): never {
  throw new AppError('PRECONDITION_FAILED', `The backup stays after all: ${why}`, {
    hint: 'Nothing of it was deleted.',
  });
}

export async function endDeleting(db: Queryable, { id, clusterId, runId }: WhichByRun, because: string) {
  await db
    .updateTable('backup')
    .set({
      state: 'DELETED',
      deleted_at: databaseNow,
      deleted_because: because.slice(0, 2_000),
      deleted_run_id: runId,
    })
    .where('id', '=', id)
    .where('cluster_id', '=', clusterId)
    .where('state', '<>', 'DELETED')
    .execute();
}
