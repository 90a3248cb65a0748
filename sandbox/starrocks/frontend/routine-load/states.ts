import type { FrontendContext } from '../context.ts';
import type { RoutineLoad } from '../meta/state.ts';

/** What the State column and /metrics tell apart, in the order of /metrics. UNSTABLE is RUNNING that lags too far behind. */
export const routineLoadStates = ['NEED_SCHEDULE', 'RUNNING', 'PAUSED', 'STOPPED', 'CANCELLED', 'UNSTABLE'] as const;
export type RoutineLoadState = (typeof routineLoadStates)[number];

export function stateShown(fe: FrontendContext, job: RoutineLoad): RoutineLoadState {
  return job.state === 'RUNNING' && unstableReason(fe, job) !== null ? 'UNSTABLE' : job.state;
}

/** Why a running job is called unstable: a partition whose last row is too old, even where no newer one ever came. */
export function unstableReason(fe: FrontendContext, job: RoutineLoad): string | null {
  const most = fe.config.number('routine_load_unstable_threshold_second');
  for (const [partition, { at }] of Object.entries(job.progress)) {
    const lag = Math.floor(((Date.now() - at) * fe.pace.speed) / 1000);
    if (lag > most) {
      const limit = `Config.routine_load_unstable_threshold_second [${most}]`;
      return reason(105, `The lag [${lag}] of partition [${partition}] exceeds ${limit}`);
    }
  }
  return null;
}

/** As ReasonOfStateChanged prints it. */
export function reason(code: number, message: string): string {
  return `ErrorReason{errCode = ${code}, msg='${message}'}`;
}
