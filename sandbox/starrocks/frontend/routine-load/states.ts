import type { FrontendContext } from '../context.ts';
import type { RoutineLoad } from '../meta/state.ts';

/** What the State column and /metrics tell apart, in the order of /metrics. UNSTABLE is RUNNING that lags too far behind. */
export const routineLoadStates = ['NEED_SCHEDULE', 'RUNNING', 'PAUSED', 'STOPPED', 'CANCELLED', 'UNSTABLE'] as const;
export type RoutineLoadState = (typeof routineLoadStates)[number];

export function stateShown(fe: FrontendContext, job: RoutineLoad): RoutineLoadState {
  if (job.state !== 'RUNNING') return job.state;
  const unstableAfterMs = fe.pace.ms(fe.config.number('routine_load_unstable_threshold_second') * 1000);
  const behind = Object.values(job.progress).some(
    ({ at, loaded, latest }) => latest > loaded && Date.now() - at > unstableAfterMs,
  );
  return behind ? 'UNSTABLE' : 'RUNNING';
}
