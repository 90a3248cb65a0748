import type { Severity } from '../../domain/alert.ts';
import { type AlertRoute, isWithin, mistakeInRoute } from '../../domain/alert-route.ts';
import type { CalendarScope } from '../../domain/calendar.ts';
import { AppError } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { scopeColumns } from '../calendar/calendar-rows.ts';
import { auditChange, authorizeScope, checkReason } from '../calendar/calendar-scope.ts';
import { type Database, inTransaction, type Tx } from '../database.ts';
import { toJson } from '../json.ts';
import { listRotations, listRoutes } from '../reads/escalations.ts';
import { visibilityOf } from '../reads/visibility.ts';
import { type KeptRoute, type RouteDefinition, toRoute } from './escalation-rows.ts';
import {
  decideAnew,
  endedBy,
  lockRouting,
  permission,
  type RoutingChange,
  saidBy,
  scopeKey,
} from './routing-change.ts';
import { clustersOf, refuseUnsafe } from './safe-routing.ts';

export type WantedRoute = {
  readonly scope: CalendarScope;
  readonly leastSeverity: Severity;
  readonly definition: RouteDefinition;
  readonly reason: string;
};

/**
 * Says where alerts of a scope go and who is called; takes the place of the route that is there for the same scope and severity.
 * Throws `INVALID_INPUT`, `NOT_FOUND` for a rotation, `PRECONDITION_FAILED` when CRITICAL alerts of production would be left
 * without a channel or anybody, and what `authorizeScope` throws.
 */
export async function setRoute(db: Database, wanted: WantedRoute, by: RoutingChange): Promise<KeptRoute> {
  const action = 'setAlertRoute';
  const { scope, leastSeverity, definition } = wanted;
  const reason = checkReason(wanted.reason);
  const mistake = mistakeInRoute(definition);
  if (mistake !== null)
    throw new AppError('INVALID_INPUT', mistake.message, {
      hint: 'docs/monitoring/escalation.md shows a route.',
      path: ['input', mistake.field],
    });
  const known = await authorizeScope(db, { by, scope, permission, action });
  const id = newId('rte');
  const key = `${scopeKey(scope)} ${leastSeverity}`;
  return inTransaction(db, async (tx) => {
    const routes = await lockRoutes(tx);
    await refuseUnknownRotation(tx, { by, scope, rotation: definition.rotation });
    const others = routes.filter((route) => `${scopeKey(route.scope)} ${route.leastSeverity}` !== key);
    const made: AlertRoute = { ...definition, id, scope, leastSeverity };
    await refuseUnsafe(tx, { before: routes, after: [...others, made], by });
    await tx
      .updateTable('alert_route')
      .set({ open_key: null, ...endedBy(by, 'another one took its place') })
      .where('open_key', '=', key)
      .execute();
    await tx
      .insertInto('alert_route')
      .values({
        ...{ id, open_key: key, ...scopeColumns(scope), least_severity: leastSeverity },
        ...{ definition: toJson(definition), ...saidBy(by, reason) },
      })
      .execute();
    await decideAnew(tx);
    const { webhook, workingHours, ...shown } = definition;
    const detail = { id, leastSeverity, reason, ...shown, hasWebhook: webhook !== null, workingHours };
    await auditChange(tx, by, { action, called: known.called, scope, outcome: 'DONE', detail });
    return readRoute(tx, id);
  });
}

/** Alerts go by the next wider route, or as if there were none. Throws as `setRoute`. */
export async function removeRoute(
  db: Database,
  wanted: { readonly id: string; readonly reason: string },
  by: RoutingChange,
): Promise<KeptRoute> {
  const action = 'removeAlertRoute';
  const { id } = wanted;
  const reason = checkReason(wanted.reason);
  const visibility = visibilityOf(by.actor, 'cluster:read');
  const seen = (await listRoutes(db, { visibility, past: false })).find((route) => route.id === id);
  if (seen === undefined) throw noRoute(id);
  const { scope } = seen;
  const known = await authorizeScope(db, { by, scope, permission, action });
  return inTransaction(db, async (tx) => {
    const routes = await lockRoutes(tx);
    if (!routes.some((route) => route.id === id)) throw noRoute(id);
    await refuseUnsafe(tx, { before: routes, after: routes.filter((route) => route.id !== id), by });
    await tx
      .updateTable('alert_route')
      .set({ open_key: null, ...endedBy(by, reason) })
      .where('id', '=', id)
      .execute();
    await decideAnew(tx);
    const detail = { id, leastSeverity: seen.leastSeverity, reason };
    await auditChange(tx, by, { action, called: known.called, scope, outcome: 'DONE', detail });
    return readRoute(tx, id);
  });
}

async function lockRoutes(tx: Tx): Promise<readonly KeptRoute[]> {
  await lockRouting(tx);
  const rows = await tx.selectFrom('alert_route').selectAll().where('open_key', 'is not', null).execute();
  return rows.map(toRoute);
}

async function refuseUnknownRotation(
  tx: Tx,
  { by, scope, rotation }: { by: RoutingChange; scope: CalendarScope; rotation: string | null },
): Promise<void> {
  if (rotation === null) return;
  const visibility = visibilityOf(by.actor, 'cluster:read');
  const found = (await listRotations(tx, { visibility, past: false })).find(({ name }) => name === rotation);
  if (found === undefined)
    throw new AppError('NOT_FOUND', `There is no rotation ${rotation}`, {
      hint: 'The query onCallRotations lists them.',
      path: ['input', 'rotation'],
    });
  if (isWithin(scope, found.scope, await environmentOf(tx, scope))) return;
  throw new AppError('INVALID_INPUT', `The rotation ${rotation} is for less than this route`, {
    hint: 'Whoever may change it could change who is called here. Make a rotation for the same scope or a wider one.',
    path: ['input', 'rotation'],
  });
}

async function environmentOf(tx: Tx, scope: CalendarScope): Promise<string | null> {
  if (scope.kind !== 'cluster') return null;
  const [cluster] = await clustersOf(tx, scope.clusterId);
  return cluster?.environment ?? null;
}

async function readRoute(tx: Tx, id: string): Promise<KeptRoute> {
  return toRoute(await tx.selectFrom('alert_route').selectAll().where('id', '=', id).executeTakeFirstOrThrow());
}

function noRoute(id: string): AppError {
  return new AppError('NOT_FOUND', `There is no route ${id} that holds`, {
    hint: 'The query alertRoutes lists them.',
    path: ['input', 'id'],
  });
}
