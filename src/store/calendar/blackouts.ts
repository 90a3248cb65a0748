import type { Blackout } from '../../domain/calendar.ts';
import { inUtc } from '../../domain/utc.ts';
import { AppError } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { type Database, databaseNow, inTransaction, readDatabaseTime, type Tx } from '../database.ts';
import { findVisibleBlackout } from '../reads/calendar.ts';
import { visibilityOf } from '../reads/visibility.ts';
import { scopeColumns, toBlackout } from './calendar-rows.ts';
import { auditChange, authorizeScope, type CalendarChange, checkReason, type KnownScope } from './calendar-scope.ts';

export type NewBlackout = Omit<Blackout, 'id' | 'ownerName'>;

/** Throws `INVALID_INPUT` when it would be over already or end before it begins, besides what `authorizeScope` throws. */
export async function createBlackout(db: Database, blackout: NewBlackout, by: CalendarChange): Promise<Blackout> {
  const action = 'createBlackout';
  const { scope, from, until } = blackout;
  const reason = checkReason(blackout.reason);
  const known = await authorizeScope(db, { by, scope, permission: 'calendar:manage', action });
  const id = newId('blk');
  return inTransaction(db, async (tx) => {
    refuseUnlessToCome({ from, until, at: await readDatabaseTime(tx) });
    await tx
      .insertInto('blackout')
      .values({
        id,
        name: blackout.name,
        ...scopeColumns(scope),
        applies_to: blackout.appliesTo,
        from_at: from,
        until_at: until,
        reason,
        owner_id: by.actor.id,
        owner_name: by.actor.name,
        created_at: databaseNow,
      })
      .execute();
    const made = await readBlackout(tx, id);
    await auditChange(tx, by, { action, ...known, outcome: 'DONE', detail: detailOf(made) });
    return made;
  });
}

/**
 * Gives a blackout that is not over another end: a time to come, or `now` for one that is on. Throws `NOT_FOUND`,
 * `INVALID_INPUT`, `PRECONDITION_FAILED`, besides what `authorizeScope` throws.
 */
export async function updateBlackout(
  db: Database,
  { id, until, comment }: { readonly id: string; readonly until: Date | 'now'; readonly comment: string | null },
  by: CalendarChange,
): Promise<Blackout> {
  const action = 'updateBlackout';
  return change(db, { id, action, by }, async (tx, before, known) => {
    const at = await readDatabaseTime(tx);
    if (before.until <= at) {
      throw new AppError('PRECONDITION_FAILED', `Blackout "${before.name}" is over since ${inUtc(before.until)}`, {
        hint: 'Make a new one.',
      });
    }
    if (until === 'now' && before.from >= at) {
      throw new AppError('PRECONDITION_FAILED', `Blackout "${before.name}" begins at ${inUtc(before.from)} only`, {
        hint: 'Delete it if it is not wanted.',
      });
    }
    const end = until === 'now' ? at : until;
    if (until !== 'now') refuseUnlessToCome({ from: before.from, until: end, at });
    await tx.updateTable('blackout').set({ until_at: end }).where('id', '=', id).execute();
    const detail = { ...detailOf(before), until: end.toISOString(), wasUntil: before.until.toISOString(), comment };
    await auditChange(tx, by, { action, ...known, outcome: 'DONE', detail });
    return readBlackout(tx, id);
  });
}

/** Throws `NOT_FOUND`, also for a blackout that the actor may not see, besides what `authorizeScope` throws. */
export async function deleteBlackout(db: Database, id: string, by: CalendarChange): Promise<Blackout> {
  const action = 'deleteBlackout';
  return change(db, { id, action, by }, async (tx, before, known) => {
    await tx.deleteFrom('blackout').where('id', '=', id).execute();
    await auditChange(tx, by, { action, ...known, outcome: 'DONE', detail: detailOf(before) });
    return before;
  });
}

/** May the actor see the blackout, and change it? Then one transaction, with the row locked. */
async function change(
  db: Database,
  { id, action, by }: { id: string; action: string; by: CalendarChange },
  work: (tx: Tx, before: Blackout, known: KnownScope) => Promise<Blackout>,
): Promise<Blackout> {
  const seen = await findVisibleBlackout(db, { visibility: visibilityOf(by.actor, 'cluster:read'), id });
  if (seen === null) throw noBlackout(id);
  const known = await authorizeScope(db, { by, scope: seen.scope, permission: 'calendar:manage', action });
  return inTransaction(db, async (tx) => {
    const row = await tx.selectFrom('blackout').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
    if (row === undefined) throw noBlackout(id);
    return work(tx, toBlackout(row), known);
  });
}

function refuseUnlessToCome({ from, until, at }: { from: Date; until: Date; at: Date }): void {
  const problem =
    until <= from
      ? `A blackout that begins at ${inUtc(from)} cannot end at ${inUtc(until)}`
      : until <= at
        ? `A blackout cannot end at ${inUtc(until)}: that is over`
        : null;
  if (problem === null) return;
  throw new AppError('INVALID_INPUT', problem, { hint: 'Give a later end.', path: ['input', 'until'] });
}

async function readBlackout(tx: Tx, id: string): Promise<Blackout> {
  return toBlackout(await tx.selectFrom('blackout').selectAll().where('id', '=', id).executeTakeFirstOrThrow());
}

function noBlackout(id: string): AppError {
  return new AppError('NOT_FOUND', `There is no blackout ${id}`, {
    hint: 'The query blackouts lists them.',
    path: ['id'],
  });
}

function detailOf({ id, name, appliesTo, from, until, reason }: Blackout) {
  return { id, name, appliesTo, from: from.toISOString(), until: until.toISOString(), reason };
}
