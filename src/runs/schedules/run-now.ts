import type { Run } from '../../domain/run.ts';
import type { ScheduleFiring } from '../../domain/schedule.ts';
import { AppError, type UserError } from '../../errors.ts';
import { insertAudit } from '../../store/access/audit.ts';
import { inTransaction } from '../../store/database.ts';
import { findFiring, findOpenRun, insertWithoutRun } from '../../store/schedules/firings.ts';
import type { Engine } from '../engine.ts';
import { submit } from '../submit.ts';
import { toFiringPlan } from './fire.ts';
import { readForAction, type ScheduleRequest } from './manage.ts';
import { scheduleTime } from './may-fire.ts';

/** A run, or the firing of a schedule that only makes plans. */
export type RunNow =
  | { readonly run: Run | null; readonly firing: ScheduleFiring | null; readonly userErrors: readonly [] }
  | { readonly run: null; readonly firing: null; readonly userErrors: readonly UserError[] };

/**
 * Does now what the schedule does, as a command of this actor: with their rights, and with an approval of its own where one
 * is needed, since what was agreed to once are the times of the schedule. No window, blackout or hold stops it. Its times stay
 * as they are. Refused while a run of the schedule goes on.
 */
export async function runScheduleNow(
  deps: Engine,
  { id, confirm }: { readonly id: string; readonly confirm: string | null },
  request: ScheduleRequest,
): Promise<RunNow> {
  const { schedule, cluster } = await readForAction(deps, id, request, 'RUN_NOW');
  const running = await findOpenRun(deps.db, id);
  if (running !== null) {
    throw new AppError('PRECONDITION_FAILED', `R-${running.number} of this schedule goes on (${running.state})`, {
      hint: 'Wait for it, or cancel it.',
    });
  }
  const { actor, comment, requestId = null } = request;
  const slotAt = besides(await scheduleTime(deps));
  const place = { scheduleId: id, slotAt, decidedAt: slotAt, note: null };
  const result = await submit(deps, {
    operation: schedule.operation,
    input: schedule.input,
    actor,
    options: { dryRun: schedule.isDryRun, confirm, reason: comment ?? `Schedule "${schedule.name}", asked for now` },
    requestId,
    schedule: { firing: { kind: 'asked', ...place, askedByName: actor.name }, consent: null },
  });
  if (result.userErrors.length > 0) return { run: null, firing: null, userErrors: result.userErrors };
  const { plan } = result;
  if (result.run === null && plan !== null) {
    await inTransaction(deps.db, async (tx) => {
      await insertWithoutRun(tx, { ...place, askedByName: actor.name, outcome: 'DRY_RUN', plan: toFiringPlan(plan) });
      const what = { action: 'runScheduleNow', subject: `${cluster.name}/${schedule.name}`, clusterId: cluster.id };
      await insertAudit(tx, { actor, requestId, ...what, outcome: 'DRY_RUN', detail: null, runId: null });
    });
  }
  return { run: result.run, firing: await findFiring(deps.db, id, slotAt), userErrors: [] };
}

/** Times of schedules are whole minutes: what a person asks for is never taken for one of them. */
function besides(at: Date): Date {
  return at.getTime() % 60_000 === 0 ? new Date(at.getTime() + 1) : at;
}
