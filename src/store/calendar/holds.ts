import type { AutomationHold, KeptHold } from '../../domain/calendar.ts';
import { inUtc } from '../../domain/utc.ts';
import { isHeldAt } from '../../domain/why-not-now.ts';
import { AppError } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { type Database, inTransaction, readDatabaseTime, type Tx } from '../database.ts';
import { isDuplicateKey } from '../store-errors.ts';
import { scopeColumns, toHold } from './calendar-rows.ts';
import { auditChange, authorizeScope, type CalendarChange, checkReason, type KnownScope } from './calendar-scope.ts';

type HoldScope = AutomationHold['scope'];

/**
 * Lets nothing begin by itself in the scope, until `until` or until somebody releases it. Runs that were begun go on, and
 * people's commands pass. Throws `PRECONDITION_FAILED` when the scope is held already, naming that hold, besides what
 * `authorizeScope` throws.
 */
export async function holdAutomation(
  db: Database,
  wanted: { readonly scope: HoldScope; readonly reason: string; readonly until: Date | null },
  by: CalendarChange,
): Promise<KeptHold> {
  const action = 'holdAutomation';
  const { scope, until } = wanted;
  const reason = checkReason(wanted.reason);
  const known = await authorizeScope(db, { by, scope, permission: 'automation:hold', action });
  const id = newId('hld');
  try {
    return await inTransaction(db, async (tx) => {
      const at = await readDatabaseTime(tx);
      if (until !== null && until <= at) {
        throw new AppError('INVALID_INPUT', `A hold cannot end at ${inUtc(until)}: that is over`, {
          hint: 'Give a time to come, or none for a hold that lasts until it is released.',
          path: ['input', 'until'],
        });
      }
      const open = await lockOpenHold(tx, scope);
      if (open !== null && isHeldAt(open, at)) throw heldAlready(open, known);
      if (open !== null) await closeHold(tx, open.id, null);
      await tx
        .insertInto('automation_hold')
        .values({
          id,
          ...scopeColumns(scope),
          open_scope: openScopeOf(scope),
          reason,
          held_by_id: by.actor.id,
          held_by_name: by.actor.name,
          held_at: at,
          until_at: until,
          released_by_name: null,
          released_at: null,
        })
        .execute();
      const detail = { id, reason, until: until?.toISOString() ?? null };
      await auditChange(tx, by, { action, ...known, outcome: 'DONE', detail });
      return readHold(tx, id);
    });
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    // Somebody else's hold of the same scope came between the look and the row.
    const open = await findOpenHold(db, scope);
    throw open === null ? error : heldAlready(open, known);
  }
}

/**
 * Ends the hold of exactly this scope. A hold of everything is not ended by releasing one cluster. Throws
 * `PRECONDITION_FAILED` when nothing is held, besides what `authorizeScope` throws.
 */
export async function releaseAutomation(
  db: Database,
  wanted: { readonly scope: HoldScope; readonly comment: string | null },
  by: CalendarChange,
): Promise<KeptHold> {
  const action = 'releaseAutomation';
  const { scope, comment } = wanted;
  const known = await authorizeScope(db, { by, scope, permission: 'automation:hold', action });
  return inTransaction(db, async (tx) => {
    const at = await readDatabaseTime(tx);
    const open = await lockOpenHold(tx, scope);
    if (open === null || !isHeldAt(open, at)) throw await nothingHeld(tx, { scope, open, known, at });
    await closeHold(tx, open.id, { byName: by.actor.name, at });
    const detail = { id: open.id, reason: open.reason, heldBy: open.heldByName, comment };
    await auditChange(tx, by, { action, ...known, outcome: 'DONE', detail });
    return readHold(tx, open.id);
  });
}

function heldAlready(open: KeptHold, { called }: KnownScope): AppError {
  const end = open.until === null ? 'until somebody releases it' : `until ${inUtc(open.until)}`;
  return new AppError(
    'PRECONDITION_FAILED',
    `The automation of ${called} is held already, since ${inUtc(open.heldAt)} ${end}, by ${open.heldByName}: ${open.reason}`,
    { hint: 'Release that hold first if another one is wanted.' },
  );
}

async function nothingHeld(
  tx: Tx,
  { scope, open, known, at }: { scope: HoldScope; open: KeptHold | null; known: KnownScope; at: Date },
): Promise<AppError> {
  const ended = open?.until == null ? '' : `; the hold of ${open.heldByName} ended by itself at ${inUtc(open.until)}`;
  const wider = scope.kind === 'cluster' ? await findOpenHold(tx, { kind: 'all' }) : null;
  const hint =
    wider !== null && isHeldAt(wider, at)
      ? `All automation is held by ${wider.heldByName}: ${wider.reason}. Release that, without naming a cluster.`
      : 'The query automationHolds lists the holds there are.';
  return new AppError('PRECONDITION_FAILED', `The automation of ${known.called} is not held${ended}`, { hint });
}

/** Held by the unique column until it is released, or found to be over by the next hold of the scope. */
function openScopeOf(scope: HoldScope): string {
  return scope.kind === 'all' ? 'all' : `cluster:${scope.clusterId}`;
}

async function lockOpenHold(tx: Tx, scope: HoldScope): Promise<KeptHold | null> {
  const row = await tx
    .selectFrom('automation_hold')
    .selectAll()
    .where('open_scope', '=', openScopeOf(scope))
    .forUpdate()
    .executeTakeFirst();
  return row === undefined ? null : toHold(row);
}

async function findOpenHold(db: Database | Tx, scope: HoldScope): Promise<KeptHold | null> {
  const row = await db
    .selectFrom('automation_hold')
    .selectAll()
    .where('open_scope', '=', openScopeOf(scope))
    .executeTakeFirst();
  return row === undefined ? null : toHold(row);
}

async function closeHold(tx: Tx, id: string, released: { byName: string; at: Date } | null): Promise<void> {
  await tx
    .updateTable('automation_hold')
    .set({ open_scope: null, released_by_name: released?.byName ?? null, released_at: released?.at ?? null })
    .where('id', '=', id)
    .execute();
}

async function readHold(tx: Tx, id: string): Promise<KeptHold> {
  return toHold(await tx.selectFrom('automation_hold').selectAll().where('id', '=', id).executeTakeFirstOrThrow());
}
