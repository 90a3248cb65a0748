import type { Alert } from '../../domain/alert.ts';
import { readDatabaseTime } from '../../store/database.ts';
import { listAlerts, listAlertsChangedSince } from '../../store/reads/alerts.ts';
import { makeLoaders } from '../loaders.ts';
import { type RequestContext, readableBy } from '../request-context.ts';
import { readCurrentActor } from './current-actor.ts';
import { inTurn } from './in-turn.ts';
import { ticks } from './ticks.ts';

const mostAtOnce = 1_000;
/** The time of a change is set before the change is committed: so this much before the newest change seen is read again. */
const overlapMs = 10_000;

/** The alerts after each change of their revision. Several changes at once give one answer: the newest. */
async function* watchAlerts(
  clusterId: string | null,
  context: RequestContext,
): AsyncGenerator<{ alertUpdated: Alert }, void, void> {
  const { db, doorbell } = context.deps;
  let newest = await inTurn(() => readDatabaseTime(db));
  let shown: ReadonlyMap<string, number> | null = null;
  for await (const _ of ticks(doorbell, (topic) => topic.startsWith('alert:'))) {
    const visibility = readableBy(await readCurrentActor(context));
    const since = new Date(newest.getTime() - overlapMs);
    const changed = await inTurn(() =>
      shown === null
        ? listAlerts(db, { visibility, filter: { clusterId, open: true }, page: { limit: mostAtOnce, after: null } })
        : listAlertsChangedSince(db, { visibility, clusterId, since, limit: mostAtOnce }),
    );
    const before: ReadonlyMap<string, number> | null = shown;
    shown = new Map([...(before ?? []), ...changed.map(({ id, revision }) => [id, revision] as const)]);
    for (const alert of changed) {
      if (alert.changedAt > newest) newest = alert.changedAt;
      if ((before?.get(alert.id) ?? 0) >= alert.revision) continue;
      context.loaders = makeLoaders(context.deps, visibility);
      yield { alertUpdated: alert };
    }
  }
}

export const alertUpdated = {
  subscribe: (_: unknown, { clusterId }: { clusterId?: string | null }, context: RequestContext) =>
    watchAlerts(clusterId ?? null, context),
};
