import type { PersonRef } from '../../domain/alert.ts';
import type { CalendarScope } from '../../domain/calendar.ts';
import { mistakeInRotation } from '../../domain/on-call.ts';
import { AppError } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { scopeColumns } from '../calendar/calendar-rows.ts';
import { auditChange, authorizeScope, checkReason } from '../calendar/calendar-scope.ts';
import { type Database, inTransaction, type Tx } from '../database.ts';
import { toJson } from '../json.ts';
import { listRotations, listRoutes } from '../reads/escalations.ts';
import { findActors } from '../reads/persons.ts';
import { visibilityOf } from '../reads/visibility.ts';
import { type KeptRotation, toRotation } from './escalation-rows.ts';
import {
  decideAnew,
  endedBy,
  lockRouting,
  permission,
  type RoutingChange,
  saidBy,
  scopeKey,
} from './routing-change.ts';
import { refuseUnsafe } from './safe-routing.ts';

export type WantedRotation = {
  readonly name: string;
  readonly scope: CalendarScope;
  /** In the order of their turns. */
  readonly personIds: readonly string[];
  readonly startsAt: string;
  readonly timeZone: string;
  readonly shiftHours: number;
  readonly reason: string;
};

/**
 * Says who is on call when; takes the place of the rotation of the same name, whose scope stays as it is. Throws `INVALID_INPUT`,
 * `NOT_FOUND` for a person who is not there or was shut out, `PRECONDITION_FAILED` when nobody who can be reached would be called for
 * CRITICAL alerts of production, and what `authorizeScope` throws.
 */
export async function setRotation(db: Database, wanted: WantedRotation, by: RoutingChange): Promise<KeptRotation> {
  const action = 'setOnCallRotation';
  const { name, scope, startsAt, timeZone, shiftHours } = wanted;
  const reason = checkReason(wanted.reason);
  const known = await authorizeScope(db, { by, scope, permission, action });
  const persons = await findPersons(db, wanted.personIds);
  const mistake = mistakeInRotation({ name, persons, startsAt, timeZone, shiftHours });
  if (mistake !== null)
    throw new AppError('INVALID_INPUT', mistake.message, {
      hint: 'docs/monitoring/escalation.md shows a rotation.',
      path: ['input', mistake.field],
    });
  const id = newId('rot');
  return inTransaction(db, async (tx) => {
    const before = await lockRotation(tx, name);
    if (before !== null && scopeKey(before.scope) !== scopeKey(scope))
      throw new AppError('ALREADY_EXISTS', `There is a rotation ${name} for something else`, {
        hint: 'Choose another name: who may change a rotation follows from what it is for.',
        path: ['input', 'name'],
      });
    if (before !== null) await end(tx, before.id, endedBy(by, 'another one took its place'));
    await tx
      .insertInto('on_call_rotation')
      .values({
        ...{ id, name, open_name: name, ...scopeColumns(scope) },
        ...{ definition: toJson({ persons, startsAt, timeZone, shiftHours }), ...saidBy(by, reason) },
      })
      .execute();
    const routes = await listRoutes(tx, { visibility: 'everywhere', past: false });
    await refuseUnsafe(tx, { before: routes, after: routes, rotation: name, by });
    await decideAnew(tx);
    const detail = { id, name, persons: persons.map((person) => person.name), startsAt, timeZone, shiftHours, reason };
    await auditChange(tx, by, { action, called: known.called, scope, outcome: 'DONE', detail });
    return readRotation(tx, id);
  });
}

/** Throws `NOT_FOUND`, `PRECONDITION_FAILED` while a route uses it, and what `authorizeScope` throws. */
export async function removeRotation(
  db: Database,
  wanted: { readonly name: string; readonly reason: string },
  by: RoutingChange,
): Promise<KeptRotation> {
  const action = 'removeOnCallRotation';
  const { name } = wanted;
  const reason = checkReason(wanted.reason);
  const visibility = visibilityOf(by.actor, 'cluster:read');
  const seen = (await listRotations(db, { visibility, past: false })).find((each) => each.name === name);
  if (seen === undefined) throw noRotation(name);
  const { scope } = seen;
  const known = await authorizeScope(db, { by, scope, permission, action });
  return inTransaction(db, async (tx) => {
    const locked = await lockRotation(tx, name);
    if (locked === null) throw noRotation(name);
    const routes = await listRoutes(tx, { visibility: 'everywhere', past: false });
    if (routes.some(({ rotation }) => rotation === name))
      throw new AppError('PRECONDITION_FAILED', `A route calls the rotation ${name}`, {
        hint: 'Set another route in its place first; the query alertRoutes lists them.',
        path: ['input', 'name'],
      });
    await end(tx, locked.id, endedBy(by, reason));
    await auditChange(tx, by, { action, called: known.called, scope, outcome: 'DONE', detail: { name, reason } });
    return readRotation(tx, locked.id);
  });
}

async function findPersons(db: Database, ids: readonly string[]): Promise<readonly PersonRef[]> {
  const found = ids.length === 0 ? [] : await findActors(db, ids, 'API');
  return ids.map((id) => {
    const person = found.find((each) => each.id === id);
    if (person !== undefined) return { id, name: person.name };
    throw new AppError('NOT_FOUND', `There is no person ${id} who may log in`, {
      hint: 'Query `persons` for their ids.',
      path: ['input', 'personIds'],
    });
  });
}

async function lockRotation(tx: Tx, name: string): Promise<KeptRotation | null> {
  await lockRouting(tx);
  const row = await tx.selectFrom('on_call_rotation').selectAll().where('open_name', '=', name).executeTakeFirst();
  return row === undefined ? null : toRotation(row);
}

async function end(tx: Tx, id: string, ending: ReturnType<typeof endedBy>): Promise<void> {
  await tx
    .updateTable('on_call_rotation')
    .set({ open_name: null, ...ending })
    .where('id', '=', id)
    .execute();
}

async function readRotation(tx: Tx, id: string): Promise<KeptRotation> {
  return toRotation(await tx.selectFrom('on_call_rotation').selectAll().where('id', '=', id).executeTakeFirstOrThrow());
}

function noRotation(name: string): AppError {
  return new AppError('NOT_FOUND', `There is no rotation ${name}`, {
    hint: 'The query onCallRotations lists them.',
    path: ['input', 'name'],
  });
}
