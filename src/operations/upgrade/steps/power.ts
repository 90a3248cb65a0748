import type { StepSpec } from '../../../domain/plan.ts';
import { isSameProcess, processNumber } from '../../../domain/process-id.ts';
import { nodeSubject } from '../../../domain/subject.ts';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';
import { awaitTablets } from './await-tablets.ts';
import { awaitVersion } from './await-version.ts';
import { guardNode } from './guard.ts';
import { noteProcess } from './note-process.ts';
import { lastLogLines, nodeMove, reversed } from './place.ts';

/**
 * What the step before has just seen of the process is good enough for a check; the scripts look themselves before they
 * act.
 */
const recentMs = 1_000;

/**
 * Stops the process that was recorded before and lets its work end; a process that takes longer than the time-out is
 * killed. A supervisor has to know that the node is to stay down: otherwise it would start the node again at once.
 */
export const stopForMove = defineStep({
  kind: 'stopForMove',
  params: nodeMove,
  about: nodeSubject,
  effect: 'takes-away',
  needs: { noted: [guardNode, noteProcess] },
  ports: ['node'],
  timeoutMs: ({ stopTimeoutSeconds }) => (stopTimeoutSeconds + 300) * 1_000,
  settleMs: 3_600_000, // a compute node drains after it was told to stop; the step's own time is the limit
  repeat: 'safe', // a process that is stopping already is not sent anything new
  bindsNext: true, // a node that was stopped to be changed is not left down
  describe: ({ label, fromVersion }) => `Stop ${label} (${fromVersion}), letting its work end`,
  check: async (move, { node }, { signal, attempts, found }) => {
    const noted = found.noted?.process;
    const state = await (await node(move)).stopState(noted, { signal, recentMs });
    if (state === 'ended') return isStopped;
    if (state !== 'ending' || attempts === 0) return { state: 'todo' };
    return {
      state: 'moving',
      progress: { completed: 0, total: null, message: `${move.label} is stopping: its pid file is gone` },
      wakeAfterMs: 500,
    };
  },
  apply: async (move, { node }, { signal, log, found }) => {
    const { label, fromVersion: version, stopTimeoutSeconds: timeoutSeconds } = move;
    const noted = found.noted?.process;
    const stopping = { graceful: true, timeoutSeconds, version };
    const stopped = await (await node(move)).stop(noted, stopping, { signal, log, recentMs });
    if (stopped === 'ended') return isStopped;
    if (stopped === 'unsure') return;
    const running = processNumber(stopped.runsAs);
    const wanted = noted ? `, not ${processNumber(noted)} any more` : '';
    throw new AppError('PRECONDITION_FAILED', `${label} runs as process ${running}${wanted}`, {
      hint: 'Somebody restarted it meanwhile. Find out who works on it, then retry the run.',
    });
  },
  undo: { planned: 'The kept binaries are put back, node by node, in the order that the cluster needs then.' },
  recover: (move): readonly StepSpec[] => [
    startForMove.with(reversed(move)),
    awaitVersion.with(reversed(move)),
    ...(move.hasTablets ? [awaitTablets.with(reversed(move))] : []),
  ],
  recoversAlready: true, // a node that died before its turn is not left down with its binaries changed
});

const isStopped = { state: 'done', facts: { process: null } } as const;

/** A process that still runs so long after it was told to stop did not take the order. */
const stillRunsMs = 90_000;

/**
 * Starts the node. A start command that succeeds proves little, so the effect is a running process that is not the one
 * from before. Whether the node comes to serve is for the next step to find out.
 */
export const startForMove = defineStep({
  kind: 'startForMove',
  params: nodeMove,
  about: nodeSubject,
  effect: 'brings-back',
  needs: { noted: [guardNode, noteProcess] },
  ports: ['node'],
  timeoutMs: 180_000,
  settleMs: 40_000,
  repeat: 'safe', // a second start waits for the first, and finds the process that it started
  bindsNext: true,
  describe: ({ label, toVersion }) => `Start ${label} with ${toVersion}`,
  check: async (move, { node }, { signal, found, startedAt, now }) => {
    const running = await (await node(move)).process({ signal, recentMs });
    const before = found.noted?.process ?? null;
    const waitedMs = startedAt === null ? 0 : now().getTime() - startedAt.getTime();
    if (running === null) return { state: 'todo' };
    if (!isSameProcess(running, before) || waitedMs > stillRunsMs)
      return { state: 'done', facts: { process: running } };
    return {
      state: 'moving',
      progress: { completed: 0, total: null, message: `${move.label} was told to stop; waits whether it does` },
      wakeAfterMs: 1_000,
    };
  },
  apply: async (move, { node }, { signal, log, found }) => {
    const { label, toVersion } = move;
    const running = await (await node(move)).start({ signal, log });
    // Only here is it known that the node was told to start: after a crash nobody knows that, and it is told again.
    if (running === null) {
      throw new AppError('COMMAND_FAILED', `${label} was started with ${toVersion}, and no process of it runs`, {
        hint: "The node's last log lines say why.",
      });
    }
    const before = found.noted?.process ?? null;
    if (!isSameProcess(running, before)) return { state: 'done', facts: { process: running } };
  },
  undo: { planned: 'The kept binaries are put back, node by node, in the order that the cluster needs then.' },
  diagnose: async (move, { node }, { signal }) => lastLogLines(await node(move), signal),
  recover: (move): readonly StepSpec[] => [noteProcess.with(reversed(move)), stopForMove.with(reversed(move))],
});
