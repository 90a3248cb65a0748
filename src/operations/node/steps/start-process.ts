import type { NodeRef } from '../../../adapters/nodes/port.ts';
import { isSameProcess, type ProcessId } from '../../../domain/process-id.ts';
import { AppError } from '../../../errors.ts';
import type { Ports, ReadingPorts, StepContext } from '../../../steps/define.ts';
import { recentMs } from './stop-process.ts';

/** What every step that starts a node has in common, whatever it is started with. */
export const starting = {
  effect: 'brings-back',
  timeoutMs: 180_000,
  settleMs: 40_000,
  repeat: 'safe', // a second start waits for the first, and finds the process that it started
  bindsNext: true,
} as const;

/** A process that still runs so long after it was told to stop did not take the order. */
const stillRunsMs = 90_000;

type Before = { readonly before: ProcessId | null };

/**
 * A start command that succeeds proves little, so the effect is a running process that is not the one from before.
 * Whether the node comes to serve is for a later step to find out.
 */
export async function lookWhetherStarted(
  place: NodeRef,
  {
    before,
    node,
    signal,
    startedAt,
    now,
  }: Before & ReadingPorts<'node'> & Pick<StepContext, 'signal' | 'startedAt' | 'now'>,
) {
  const running = await (await node(place)).process({ signal, recentMs });
  const waitedMs = startedAt === null ? 0 : now().getTime() - startedAt.getTime();
  if (running === null) return { state: 'todo' as const };
  if (!isSameProcess(running, before) || waitedMs > stillRunsMs)
    return { state: 'done' as const, facts: { process: running } };
  return {
    state: 'moving' as const,
    progress: { completed: 0, total: null, message: `${place.label} was told to stop; waits whether it does` },
    wakeAfterMs: 1_000,
  };
}

/** `as` = how it was started, for the sentence: `started with 3.5.0`. */
export async function startProcess(
  place: NodeRef,
  {
    before,
    as,
    node,
    signal,
    log,
  }: Before & { as: string } & Pick<Ports, 'node'> & Pick<StepContext, 'signal' | 'log'>,
) {
  const running = await (await node(place)).start({ signal, log });
  // Only here is it known that the node was told to start: after a crash nobody knows that, and it is told again.
  if (running === null) {
    throw new AppError('COMMAND_FAILED', `${place.label} was ${as}, and no process of it runs`, {
      hint: "The node's last log lines say why.",
    });
  }
  if (!isSameProcess(running, before)) return { state: 'done' as const, facts: { process: running } };
}
