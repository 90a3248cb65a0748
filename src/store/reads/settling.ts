import { z } from 'zod';
import { terminalRunStates } from '../../domain/run.ts';
import { longestSettleMs, type Settling } from '../../domain/settling.ts';
import { databaseNowPlus, type Reader } from '../database.ts';
import { fromJson } from '../json.ts';
import { type OnDamaged, readable } from '../readable.ts';

const endCheck = z.object({ passed: z.boolean() });

/**
 * What runs of a cluster hid that no look has found over, of runs that ended well a moment ago: they succeeded, their end
 * check passed, they brought a node back, and no other run with a step about that node has been at work since. Whatever is
 * not so, or cannot be read, settles nothing: its alerts are loud.
 */
export async function readSettling(
  db: Reader,
  { clusterId, damaged }: { readonly clusterId: string; readonly damaged: OnDamaged },
): Promise<readonly Settling[]> {
  const rows = await db
    .selectFrom('hidden_by_run')
    .innerJoin('run', 'run.id', 'hidden_by_run.run_id')
    .innerJoin('run_step', 'run_step.run_id', 'run.id')
    .select(['fingerprint', 'run.id', 'run.number', 'run.finished_at', 'run.post_check', 'run_step.about_id'])
    .distinct()
    .where('hidden_by_run.cluster_id', '=', clusterId)
    .where('hidden_by_run.cleared_at', 'is', null)
    .where('run.cluster_id', '=', clusterId)
    .where('run.state', '=', 'SUCCEEDED')
    .where('run.finished_at', '>', databaseNowPlus(-longestSettleMs))
    .where('run_step.phase', '=', 'do')
    .where('run_step.about_kind', '=', 'node')
    .where('run_step.effect', '=', 'brings-back')
    .where('run_step.state', 'in', ['done', 'already'])
    .where((row) =>
      row.not(
        row.exists(
          row
            .selectFrom('run as later')
            .innerJoin('run_step as step', 'step.run_id', 'later.id')
            .select('later.id')
            .whereRef('later.cluster_id', '=', 'run.cluster_id')
            .whereRef('later.id', '!=', 'run.id')
            .whereRef('step.about_id', '=', 'run_step.about_id')
            .where('later.started_at', 'is not', null)
            .where((or) =>
              or.or([
                or('later.finished_at', 'is', null),
                or('later.finished_at', '>=', or.ref('run.finished_at')),
                // A run that is retried or undone keeps the time of its first end.
                or('later.state', 'not in', terminalRunStates),
              ]),
            ),
        ),
      ),
    )
    .execute();
  const known = readable(
    rows,
    ({ post_check: check, finished_at: endedAt, about_id: nodeId, fingerprint, id: runId, number: runNumber }) => {
      const isWell = check !== null && fromJson(endCheck, check).passed;
      return { isWell, fingerprint, runId, runNumber, endedAt, nodeId };
    },
    damaged,
  );
  return known.flatMap(({ isWell, endedAt, nodeId, ...rest }) =>
    !isWell || endedAt === null || nodeId === null ? [] : [{ ...rest, endedAt, nodeIds: [nodeId] }],
  );
}
