import type { NodeRef, Stopping } from '../../../adapters/nodes/port.ts';
import { type ProcessId, processNumber } from '../../../domain/process-id.ts';
import { AppError } from '../../../errors.ts';
import type { Ports, ReadingPorts, StepContext } from '../../../steps/define.ts';

/** What every step that stops a node has in common, whatever takes it back. */
export const stopping = {
  effect: 'takes-away',
  settleMs: 3_600_000, // a compute node drains after it was told to stop; the step's own time is the limit
  repeat: 'safe', // a process that is stopping already is not sent anything new
  bindsNext: true, // what was to be changed while it is down is not left undone
} as const;

/**
 * What the step before has just seen of the process is good enough for a check; the scripts look themselves before they
 * act.
 */
export const recentMs = 1_000;

const isStopped = { state: 'done', facts: { process: null } } as const;

/**
 * Whether the process that was recorded has ended for good: a supervisor has to know that the node is to stay down, else
 * it would start it again at once. `noted` undefined = nobody recorded one, and whatever runs counts.
 */
export async function lookWhetherStopped(
  place: NodeRef,
  noted: ProcessId | null | undefined,
  { node, signal, attempts }: ReadingPorts<'node'> & Pick<StepContext, 'signal' | 'attempts'>,
) {
  const state = await (await node(place)).stopState(noted, { signal, recentMs });
  if (state === 'ended') return isStopped;
  if (state !== 'ending' || attempts === 0) return { state: 'todo' as const };
  return {
    state: 'moving' as const,
    progress: { completed: 0, total: null, message: `${place.label} is stopping: its pid file is gone` },
    wakeAfterMs: 500,
  };
}

/** Stops the process that was recorded, and no other; one that takes longer than its time is killed. */
export async function stopProcess(
  place: NodeRef,
  noted: ProcessId | null | undefined,
  { node, signal, log, how }: Pick<Ports, 'node'> & Pick<StepContext, 'signal' | 'log'> & { readonly how: Stopping },
) {
  const stopped = await (await node(place)).stop(noted, how, { signal, log, recentMs });
  if (stopped === 'ended') return isStopped;
  if (stopped === 'unsure') return;
  const running = processNumber(stopped.runsAs);
  const wanted = noted ? `, not ${processNumber(noted)} any more` : '';
  throw new AppError('PRECONDITION_FAILED', `${place.label} runs as process ${running}${wanted}`, {
    hint: 'Somebody restarted it meanwhile. Find out who works on it, then retry the run.',
  });
}
