import { z } from 'zod';
import { type Database, databaseNow, databaseNowPlus } from './database.ts';
import { fromJson } from './json.ts';

/** A run that nobody drives any more mutes nothing after so long. */
const lostAfterMs = 120_000;

const withNode = z.looseObject({ nodeId: z.string().optional() });

/**
 * Nodes that a run is working on: some step naming the node (`params.nodeId`) has begun, and one is still to be done. Only
 * runs that are being driven count; a paused, interrupted or lost run leaves its node loud. Nodes whose work ended less
 * than `windowMs` ago count too, so that a look which began before the end does not blame what it saw then.
 */
export async function listPlannedWork(
  db: Database,
  { clusterId, windowMs }: { clusterId: string; windowMs: number },
): Promise<readonly { nodeId: string; runId: string }[]> {
  const rows = await db
    .selectFrom('run')
    .innerJoin('run_step', 'run_step.run_id', 'run.id')
    .select(['run.id as run_id', 'run_step.params', 'run_step.state'])
    .select((row) => [
      row.case().when('run.finished_at', 'is', null).then(1).else(0).end().as('is_driven'),
      row
        .case()
        .when(row.fn.coalesce('run_step.finished_at', 'run.finished_at'), '>', databaseNowPlus(-windowMs))
        .then(1)
        .else(0)
        .end()
        .as('is_recent'),
    ])
    .where('run.cluster_id', '=', clusterId)
    .where('run_step.params', 'like', '%"nodeId"%')
    .where((row) =>
      row.or([
        row('run.finished_at', '>', databaseNowPlus(-windowMs)),
        row.and([
          row('run.state', 'in', ['RUNNING', 'CANCELING', 'UNDOING']),
          // Held, or to be woken later; between the two, the last event is its sign of life.
          row(
            row.fn.coalesce(
              'run.lease_expires_at',
              'run.wake_at',
              row
                .selectFrom('run_event')
                .select((event) => event.fn.max('run_event.at').as('at'))
                .whereRef('run_event.run_id', '=', 'run.id'),
              databaseNow,
            ),
            '>',
            databaseNowPlus(-lostAfterMs),
          ),
        ]),
      ]),
    )
    .orderBy('run.number')
    .execute();

  const groups = new Map<string, { nodeId: string; runId: string; hasBegun: boolean; isOpen: boolean }>();
  for (const row of rows) {
    const { nodeId } = fromJson(withNode, row.params);
    if (nodeId === undefined) continue;
    const key = `${row.run_id} ${nodeId}`;
    const group = groups.get(key) ?? { nodeId, runId: row.run_id, hasBegun: false, isOpen: false };
    const isToBeDone = row.state === 'pending' || row.state === 'applying';
    groups.set(key, {
      ...group,
      hasBegun: group.hasBegun || (row.state !== 'pending' && row.state !== 'skipped'),
      isOpen: group.isOpen || (row.is_driven === 1 && isToBeDone) || row.is_recent === 1,
    });
  }
  return [...groups.values()]
    .filter((group) => group.hasBegun && group.isOpen)
    .map(({ nodeId, runId }) => ({ nodeId, runId }));
}
