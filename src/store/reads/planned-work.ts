import { databaseNowPlus, type Reader } from '../database.ts';
import { drivenStates, isDriven } from './driven-runs.ts';

/**
 * Nodes that a run is taking away and bringing back: in one lane, some step about the node has begun, and a step that
 * takes the node away or brings it back is still to be done. A step that only looks at a node that is back, or changes
 * what lies beside it, mutes nothing. Only runs that are being driven count; while a run is paused, interrupted or lost,
 * its node's alerts are not muted. Nodes whose work ended less than `windowMs` ago count too, so that a probe that began
 * before the end does not raise an alert for what it saw then.
 *
 * The plan and an undo are kept apart: an undone run leaves steps of its plan open for ever, and an undo takes back one
 * node after the other; neither may mute a node whose turn it is not. A recovery continues the lane that failed; one from
 * before a retry does not count.
 */
export async function listPlannedWork(
  db: Reader,
  { clusterId, windowMs }: { clusterId: string; windowMs: number },
): Promise<readonly Work[]> {
  return plannedWorkOfClusters(db, { clusterIds: [clusterId], windowMs });
}

/** The same of several clusters, in one statement. */
export async function plannedWorkOfClusters(
  db: Reader,
  { clusterIds, windowMs }: { clusterIds: readonly string[]; windowMs: number },
): Promise<readonly Work[]> {
  const rows = await db
    .selectFrom('run')
    .innerJoin('run_step', 'run_step.run_id', 'run.id')
    .select([
      'run.id as run_id',
      'run.number as run_number',
      'run.cluster_id',
      'run.state as run_state',
      'about_id',
      'effect',
      'phase',
      'lane',
      'run_step.state',
    ])
    .select((row) => [
      row.case().when('run.outcome', 'is', null).then(0).else(1).end().as('is_ending'),
      row
        .case()
        .when(row.fn.coalesce('run_step.finished_at', 'run.finished_at'), '>', databaseNowPlus(-windowMs))
        .then(1)
        .else(0)
        .end()
        .as('is_recent'),
    ])
    .where('run.cluster_id', 'in', clusterIds)
    .where('about_kind', '=', 'node')
    .where('about_id', 'is not', null)
    .where((row) => row.or([row('run_step.phase', '!=', 'recover'), row('run_step.undo_of', 'is not', null)]))
    .where((row) =>
      row.or([
        row('run.finished_at', '>', databaseNowPlus(-windowMs)),
        row.and([row('run.state', 'in', drivenStates), isDriven]),
      ]),
    )
    .orderBy('run.number')
    .execute();

  const groups = new Map<string, Work & { hasBegun: boolean; isOpen: boolean }>();
  for (const row of rows) {
    if (row.about_id === null) continue;
    const key = JSON.stringify([row.run_id, row.about_id, row.phase === 'undo', row.lane]);
    const group = groups.get(key) ?? {
      ...{ nodeId: row.about_id, runId: row.run_id, runNumber: row.run_number, clusterId: row.cluster_id },
      ...{ hasBegun: false, isOpen: false },
    };
    // The run's state decides, and not the time at which it ended: a retry or undo goes on after that.
    const isInDrivenState = drivenStates.some((state) => state === row.run_state);
    const isDue = row.phase !== 'do' || (row.is_ending === 0 && row.run_state !== 'UNDOING');
    const isToBeDone = isInDrivenState && isDue && (row.state === 'pending' || row.state === 'applying');
    const isAbsence = row.effect === 'takes-away' || row.effect === 'brings-back';
    groups.set(key, {
      ...group,
      hasBegun: group.hasBegun || (row.state !== 'pending' && row.state !== 'skipped'),
      isOpen: group.isOpen || (isAbsence && (isToBeDone || row.is_recent === 1)),
    });
  }
  const open = [...groups.values()].filter((group) => group.hasBegun && group.isOpen);
  return [...new Map(open.map(({ hasBegun, isOpen, ...work }) => [`${work.runId} ${work.nodeId}`, work])).values()];
}

type Work = {
  readonly nodeId: string;
  readonly runId: string;
  readonly runNumber: number;
  /** Null = the run is about no cluster that there is yet. */
  readonly clusterId: string | null;
};
