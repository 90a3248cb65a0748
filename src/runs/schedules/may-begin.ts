import type { Inaction } from '../../domain/calendar.ts';
import type { Failure, Run } from '../../domain/run.ts';
import { whyNotNow } from '../../domain/why-not-now.ts';
import type { AnyOperation } from '../../operations/define.ts';
import { readCalendar } from '../../store/calendar/calendar.ts';
import { findVisibleCluster } from '../../store/reads/clusters.ts';
import { findFiringOf, skipRunOf } from '../../store/schedules/firings.ts';
import { findSchedule } from '../../store/schedules/schedules.ts';
import type { Engine } from '../engine.ts';
import { scheduleTime } from './may-fire.ts';

/**
 * Why a run that a schedule asked for may not begin any more; null = it may, or it is no such run. Between the firing and its
 * first step it may have waited for hours: a hold, a blackout or a closed window stops it as it would have stopped the
 * firing, and so does a schedule that was paused or deleted. The time of the schedule is recorded as skipped then, with the
 * reason; what was recorded once stays, also when the process dies before the run has ended.
 */
export async function whyNotBegin(
  deps: Pick<Engine, 'db' | 'scheduleTime'>,
  run: Run,
  operation: AnyOperation,
): Promise<Failure | null> {
  if (run.via !== 'SCHEDULE' || run.startedAt !== null) return null;
  const firing = await findFiringOf(deps.db, run.id);
  if (firing === null) return failure('The schedule that asked for it was deleted before it began');
  if (firing.outcome !== 'STARTED') return failure(firing.reason?.message ?? 'Its time was skipped');
  const reason = await reasonAgainst(deps, { run, operation, scheduleId: firing.scheduleId });
  if (reason === null) return null;
  const note = `R-${run.number} was asked for at this time, and had not begun by then`;
  await skipRunOf(deps.db, { runId: run.id, reason, note });
  return failure(reason.message);
}

async function reasonAgainst(
  deps: Pick<Engine, 'db' | 'scheduleTime'>,
  { run, operation, scheduleId }: { run: Run; operation: AnyOperation; scheduleId: string },
): Promise<Inaction | null> {
  const { db } = deps;
  const schedule = await findSchedule(db, scheduleId);
  if (schedule?.state === 'PAUSED') {
    const { stateByName, stateReason } = schedule;
    return { code: 'REFUSED', message: `The schedule was paused before it began, by ${stateByName}: ${stateReason}` };
  }
  const cluster = await findVisibleCluster(db, { visibility: 'everywhere', id: run.clusterId });
  const { clusterId } = run;
  const environment = cluster?.environment ?? run.environment;
  const calendar = await readCalendar(db, { clusterId, environment });
  return whyNotNow(calendar, { at: await scheduleTime(deps), clusterId, environment, risk: operation.risk });
}

function failure(message: string): Failure {
  return {
    code: 'PRECONDITION_FAILED',
    message: `It did not begin: ${message}`,
    hint: 'The next time of the schedule asks for it again; runScheduleNow does so now, as your own command.',
    step: null,
  };
}
