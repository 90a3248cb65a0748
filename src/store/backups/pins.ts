import { can } from '../../domain/access.ts';
import type { Backup } from '../../domain/backup/backup.ts';
import type { JsonObject } from '../../domain/json.ts';
import { AppError } from '../../errors.ts';
import { insertAudit } from '../access/audit.ts';
import { type Database, inTransaction, readDatabaseTime, type Tx } from '../database.ts';
import { findVisibleBackup } from '../reads/backups.ts';
import { findVisibleRun } from '../reads/runs.ts';
import { visibilityOf } from '../reads/visibility.ts';
import { toBackup } from './backup-rows.ts';
import type { ChangedBy } from './policies.ts';

/**
 * Keeps a backup, whatever its policy says, until a time or until somebody takes the pin off; a new pin takes the place of
 * an old one. Throws `NOT_FOUND`, `FORBIDDEN`, `INVALID_INPUT`, and `PRECONDITION_FAILED` when it is gone already.
 */
export async function pinBackup(
  db: Database,
  { backupId, reason, until }: { backupId: string; reason: string; until: Date | null },
  by: ChangedBy,
): Promise<Backup> {
  return change(db, { backupId, action: 'pinBackup', by }, async (tx, backup) => {
    if (until !== null && until <= (await readDatabaseTime(tx))) {
      throw new AppError('INVALID_INPUT', 'The pin would be over already', {
        hint: 'Give a time to come, or leave it out.',
        path: ['input', 'until'],
      });
    }
    if (backup.state === 'DELETING' || backup.state === 'DELETED') {
      throw new AppError('PRECONDITION_FAILED', 'The backup is deleted, or its deletion has begun', {
        hint: 'A pin cannot bring it back.',
      });
    }
    const columns = { pinned_reason: reason, pinned_until: until, pinned_by_name: by.actor.name };
    await tx.updateTable('backup').set(columns).where('id', '=', backup.id).execute();
    return { reason, until: until?.toISOString() ?? null };
  });
}

/** Takes the pin off; changes nothing when there is none. */
export async function unpinBackup(db: Database, backupId: string, by: ChangedBy): Promise<Backup> {
  return change(db, { backupId, action: 'unpinBackup', by }, async (tx, backup) => {
    if (backup.pin === null) return null;
    const columns = { pinned_reason: null, pinned_until: null, pinned_by_name: null };
    await tx.updateTable('backup').set(columns).where('id', '=', backup.id).execute();
    return { reason: backup.pin.reason, byName: backup.pin.byName };
  });
}

type Request = { readonly backupId: string; readonly action: string; readonly by: ChangedBy };

/** One transaction: change and audit row. A change that answers null has changed nothing. */
async function change(
  db: Database,
  request: Request,
  work: (tx: Tx, backup: Backup) => Promise<JsonObject | null>,
): Promise<Backup> {
  await authorize(db, request);
  return inTransaction(db, async (tx) => {
    const backup = await lockBackup(tx, request.backupId);
    const detail = await work(tx, backup);
    if (detail === null) return backup;
    await insertAudit(tx, { ...auditOf(backup, request), outcome: 'DONE', detail });
    return lockBackup(tx, request.backupId);
  });
}

/** The environment of a backup is that of its run, which stays known after the cluster is gone. */
async function authorize(db: Database, request: Request): Promise<void> {
  const { actor } = request.by;
  const visibility = visibilityOf(actor, 'cluster:read');
  const backup = await findVisibleBackup(db, { visibility, id: request.backupId });
  const run = backup === null ? null : await findVisibleRun(db, { visibility: 'everywhere', id: backup.runId });
  if (backup === null || run === null) throw noBackup(request.backupId);
  if (can(actor, 'backup:manage', { clusterId: backup.clusterId, environment: run.environment })) return;
  await insertAudit(db, { ...auditOf(backup, request), outcome: 'FORBIDDEN', detail: null });
  throw new AppError('FORBIDDEN', `${actor.name} may not pin or unpin backups of this cluster`, {
    hint: 'It needs the permission backup:manage; ask an ADMIN for a role that has it.',
  });
}

async function lockBackup(tx: Tx, id: string): Promise<Backup> {
  const row = await tx.selectFrom('backup').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
  if (row === undefined) throw noBackup(id);
  return toBackup(row);
}

function auditOf({ clusterId, database, snapshot }: Backup, { by, action }: Request) {
  return { ...by, action, subject: snapshot ?? database, clusterId, runId: null };
}

function noBackup(id: string): AppError {
  return new AppError('NOT_FOUND', `There is no backup ${id}`, { hint: 'Query backups for their ids.' });
}
