import { type AccessTarget, can, type Permission } from '../../domain/access.ts';
import type { CalendarScope } from '../../domain/calendar.ts';
import { AppError } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { auditChange, authorizeScope, checkReason } from '../calendar/calendar-scope.ts';
import { type Database, inTransaction, readDatabaseTime, type Tx } from '../database.ts';
import { findVisibleCluster } from '../reads/clusters.ts';
import { findVisibleOnCallOverride, listRotations } from '../reads/escalations.ts';
import { findActors } from '../reads/persons.ts';
import { visibilityOf } from '../reads/visibility.ts';
import { type KeptOnCallOverride, toOnCallOverride } from './escalation-rows.ts';
import { decideAnew, endedBy, permission, type RoutingChange, saidBy } from './routing-change.ts';

export type WantedOverride = {
  /** The name of the rotation. */
  readonly rotation: string;
  /** Null = the one who asks. */
  readonly personId: string | null;
  /** Null = now. */
  readonly from: Date | null;
  readonly until: Date;
  readonly reason: string;
};

const longestMs = 90 * 86_400_000;
const shortestMs = 60_000;

/**
 * Somebody is called in place of the primary for a time. Whoever handles alerts may take it upon themselves; giving it to somebody
 * else needs the permission for rotations. Throws `NOT_FOUND`, `INVALID_INPUT`, and what `authorizeScope` throws.
 */
export async function overrideOnCall(
  db: Database,
  wanted: WantedOverride,
  by: RoutingChange,
): Promise<KeptOnCallOverride> {
  const action = 'overrideOnCall';
  const { until } = wanted;
  const reason = checkReason(wanted.reason);
  const rotation = await findRotation(db, wanted.rotation, by);
  const personId = wanted.personId ?? by.actor.id;
  const needed: Permission = personId === by.actor.id ? 'alert:handle' : permission;
  const known = await authorizeScope(db, { by, scope: rotation.scope, permission: needed, action });
  const [person] = await findActors(db, [personId], 'API');
  if (person === undefined)
    throw new AppError('NOT_FOUND', `There is no person ${personId} who may log in`, {
      hint: 'Query `persons` for their ids.',
      path: ['input', 'personId'],
    });
  if (!can(person, 'alert:handle', await targetOf(db, rotation.scope)))
    throw new AppError('INVALID_INPUT', `${person.name} may not handle alerts there`, {
      hint: 'It needs the permission alert:handle for all that the rotation is for.',
      path: ['input', 'personId'],
    });
  const id = newId('ovr');
  return inTransaction(db, async (tx) => {
    const now = await readDatabaseTime(tx);
    const from = wanted.from ?? now;
    const lastsMs = until.getTime() - from.getTime();
    if (lastsMs < shortestMs || lastsMs > longestMs || until <= now)
      throw new AppError('INVALID_INPUT', 'It lasts a minute to 90 days and ends in the future', {
        hint: 'For longer, change the rotation.',
        path: ['input', 'until'],
      });
    await tx
      .insertInto('on_call_override')
      .values({
        ...{ id, rotation: rotation.name, person_id: person.id, person_name: person.name },
        ...{ from_at: from, until_at: until, ...saidBy(by, reason) },
      })
      .execute();
    await decideAnew(tx);
    const detail = {
      ...{ id, rotation: rotation.name, person: person.name, reason },
      ...{ from: from.toISOString(), until: until.toISOString() },
    };
    await auditChange(tx, by, { action, called: known.called, scope: rotation.scope, outcome: 'DONE', detail });
    return readOverride(tx, id);
  });
}

/** What the rotation says holds again. Who took it may give it back; for others as `overrideOnCall`. */
export async function endOnCallOverride(
  db: Database,
  wanted: { readonly id: string; readonly reason: string },
  by: RoutingChange,
): Promise<KeptOnCallOverride> {
  const action = 'endOnCallOverride';
  const { id } = wanted;
  const reason = checkReason(wanted.reason);
  const seen = await findVisibleOnCallOverride(db, { visibility: visibilityOf(by.actor, 'cluster:read'), id });
  if (seen === null) throw noOverride(id);
  const rotation = await findRotation(db, seen.rotation, by);
  const needed: Permission = seen.person.id === by.actor.id ? 'alert:handle' : permission;
  const known = await authorizeScope(db, { by, scope: rotation.scope, permission: needed, action });
  return inTransaction(db, async (tx) => {
    const { numUpdatedRows } = await tx
      .updateTable('on_call_override')
      .set(endedBy(by, reason))
      .where('id', '=', id)
      .where('ended_at', 'is', null)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw noOverride(id);
    await decideAnew(tx);
    const detail = { id, rotation: rotation.name, person: seen.person.name, reason };
    await auditChange(tx, by, { action, called: known.called, scope: rotation.scope, outcome: 'DONE', detail });
    return readOverride(tx, id);
  });
}

async function targetOf(db: Database, scope: CalendarScope): Promise<AccessTarget> {
  switch (scope.kind) {
    case 'all':
      return null;
    case 'environment':
      return { clusterId: '', environment: scope.environment };
    case 'cluster': {
      const cluster = await findVisibleCluster(db, { visibility: 'everywhere', id: scope.clusterId });
      return { clusterId: scope.clusterId, environment: cluster?.environment ?? '' };
    }
    default:
      return scope satisfies never;
  }
}

async function findRotation(db: Database, name: string, { actor }: RoutingChange) {
  const visibility = visibilityOf(actor, 'cluster:read');
  const found = (await listRotations(db, { visibility, past: false })).find((each) => each.name === name);
  if (found !== undefined) return found;
  throw new AppError('NOT_FOUND', `There is no rotation ${name}`, {
    hint: 'The query onCallRotations lists them.',
    path: ['input', 'rotation'],
  });
}

async function readOverride(tx: Tx, id: string): Promise<KeptOnCallOverride> {
  return toOnCallOverride(
    await tx.selectFrom('on_call_override').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
  );
}

function noOverride(id: string): AppError {
  return new AppError('NOT_FOUND', `There is no override ${id} that holds`, {
    hint: 'The query onCall shows those that hold.',
    path: ['input', 'id'],
  });
}
