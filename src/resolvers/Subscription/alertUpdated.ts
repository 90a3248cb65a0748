import type { Alert } from '../../domain/alert.ts';
import { listAlerts, listAlertsChangedSince } from '../../store/alerts/alerts.ts';
import { readDatabaseTime } from '../../store/database.ts';
import { makeLoaders } from '../loaders.ts';
import { ifVisible } from '../Query/alert.ts';
import { type RequestContext, readableBy, readableScopes } from '../request-context.ts';
import { readCurrentActor } from './current-actor.ts';
import { inTurn } from './in-turn.ts';
import { ticks } from './ticks.ts';

const mostAtOnce = 1_000;
/** A change is stamped before it is committed: looked for so much further back than the newest one seen. */
const overlapMs = 10_000;

/** The alerts after each change of their revision. Several changes in one go are one answer: the newest. */
async function* watchAlerts(
  clusterId: string | null,
  context: RequestContext,
): AsyncGenerator<{ alertUpdated: Alert }, void, void> {
  const { db, doorbell } = context.deps;
  let newest = await inTurn(() => readDatabaseTime(db));
  let shown: ReadonlyMap<string, number> | null = null;
  for await (const _ of ticks(doorbell, (topic) => topic.startsWith('alert:'))) {
    const actor = await readCurrentActor(context);
    const since = new Date(newest.getTime() - overlapMs);
    const changed = await inTurn(() =>
      shown === null
        ? listAlerts(db, { open: true, visibleTo: readableScopes(actor), limit: mostAtOnce })
        : listAlertsChangedSince(db, { since, limit: mostAtOnce }),
    );
    const before: ReadonlyMap<string, number> | null = shown;
    shown = new Map([...(before ?? []), ...changed.map(({ id, revision }) => [id, revision] as const)]);
    for (const alert of changed) {
      if (alert.changedAt > newest) newest = alert.changedAt;
      const isNew = (before?.get(alert.id) ?? 0) < alert.revision;
      const isMeant = clusterId === null || alert.clusterId === clusterId;
      if (!isNew || !isMeant || ifVisible(alert, { ...context, actor }) === null) continue;
      context.loaders = makeLoaders(db, readableBy(actor));
      yield { alertUpdated: alert };
    }
  }
}

export const alertUpdated = {
  subscribe: (_: unknown, { clusterId }: { clusterId?: string | null }, context: RequestContext) =>
    watchAlerts(clusterId ?? null, context),
};
