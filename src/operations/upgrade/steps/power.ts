import { isProcessAlive } from '../../../adapters/ssh/commands.ts';
import { parseUnitState } from '../../../adapters/ssh/host-answers.ts';
import { killProcess } from '../../../adapters/ssh/kill-process.ts';
import type { Shell, ShellCommand, ShellResult } from '../../../adapters/ssh/port.ts';
import { unitState } from '../../../adapters/ssh/service-commands.ts';
import type { StepSpec } from '../../../domain/plan.ts';
import { nodeSubject } from '../../../domain/subject.ts';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';
import { isAlive, isOutOfReach, readNodeProcess, startService, stopOf } from '../../../steps/node-process.ts';
import { commandFailed } from '../../../steps/node-service.ts';
import { awaitTablets } from './await-tablets.ts';
import { awaitVersion } from './await-version.ts';
import { guardNode } from './guard.ts';
import { noteProcess } from './note-process.ts';
import { factsOf, lastLogLines, type NodeMove, nodeMove, reversed } from './place.ts';

/**
 * Stops the process that was noted before, letting its work end. One that takes longer than the time-out is killed: by the
 * scripts themselves where they can, otherwise by us, by pid and start time.
 */
export const stopForMove = defineStep({
  kind: 'stopForMove',
  params: nodeMove,
  about: nodeSubject,
  effect: 'takes-away',
  needs: { noted: [guardNode, noteProcess] },
  ports: ['shell'],
  timeoutMs: ({ stopTimeoutSeconds }) => (stopTimeoutSeconds + 300) * 1_000,
  settleMs: 3_600_000, // stop_cn.sh returns at once while the process drains; the step's own time is the limit
  repeat: 'safe', // a second signal to a process that is stopping changes nothing
  bindsNext: true, // a node that was stopped to be changed is not left down
  describe: ({ label, fromVersion }) => `Stop ${label} (${fromVersion}), letting its work end`,
  check: async (move, { shell }, { signal, attempts, found }) => {
    const session = await shell(move.hostId);
    const noted = found.noted?.process;
    const running = await readNodeProcess(session, move, signal);
    const target = noted === undefined ? running : noted;
    const isGone = target === null || (!isSame(running, target) && !(await isAlive(session, target, signal)));
    if (isGone) {
      // A supervisor would start it again under our hands: systemd has to know that it is to stay down.
      return move.unit !== null && (await isUnitUp(session, move.unit, signal))
        ? { state: 'todo' }
        : { state: 'done', facts: { process: null } };
    }
    const isDraining = attempts > 0 && isOutOfReach(running) && move.unit === null;
    if (!isDraining) return { state: 'todo' };
    return {
      state: 'moving',
      progress: { completed: 0, total: null, message: `${move.label} is stopping: its pid file is gone` },
      wakeAfterMs: 500,
    };
  },
  apply: async (move, { shell }, { signal, log, found }) => {
    const session = await shell(move.hostId);
    const noted = found.noted?.process;
    const running = await readNodeProcess(session, move, signal);
    const target = noted ?? running;
    if (running !== null && target !== null && !isSame(running, target)) {
      throw new AppError(
        'PRECONDITION_FAILED',
        `${move.label} runs as process ${running.pid}, not ${target.pid} any more`,
        {
          hint: 'Somebody restarted it meanwhile. Find out who works on it, then retry the run.',
        },
      );
    }
    const call = {
      signal,
      timeoutMs: move.stopTimeoutSeconds * 1_000,
      onLine: (line: string) => {
        if (line !== goneLine) log(`${move.label}: ${line}`);
      },
    };
    const stop = stopOf(move, stoppingOf(move), running);
    const command = target === null ? stop : thenSayIfGone(stop, target);
    const result = await session.run(command, call).catch((error: unknown) => {
      if (error instanceof AppError && error.code === 'TIMEOUT') return null;
      throw error;
    });
    if (result !== null && result.exitCode !== 0) throw commandFailed(`The stop script of ${move.label}`, result);
    if (target === null) return;
    if (result !== null && saysGone(result)) return move.unit === null ? isStopped : undefined;
    if (!(await isAlive(session, target, signal))) return;
    const isDraining = result !== null; // the script does not wait for a compute node
    if (isDraining && (await drained(session, target, { ms: move.stopTimeoutSeconds * 1_000, signal }))) return;
    log(`${move.label} did not end within ${move.stopTimeoutSeconds} s; process ${target.pid} is killed`);
    const killed = await session.run(killProcess(target), { signal });
    if (killed.exitCode !== 0) throw commandFailed(`Killing process ${target.pid} of ${move.label}`, killed);
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

function isSame(
  a: { pid: number; startedAtTicks: string } | null,
  b: { pid: number; startedAtTicks: string },
): boolean {
  return a?.pid === b.pid && a.startedAtTicks === b.startedAtTicks;
}

const goneLine = 'starwarden: the process has ended';

/** The stop command, and whether the process has ended when it returns, in one way to the host and back. */
function thenSayIfGone(stop: ShellCommand, target: { pid: number; startedAtTicks: string }): ShellCommand {
  const text = [
    `( ${stop.text}`,
    '); code=$?; [ "$code" -eq 0 ] || exit "$code"',
    `case $( ${isProcessAlive(target).text}`,
    `) in gone) echo '${goneLine}';; esac`,
  ].join('\n');
  return { ...stop, text };
}

function saysGone({ stdout }: ShellResult): boolean {
  return stdout.split('\n').includes(goneLine);
}

/** A process that was told to stop and still runs after so long did not hear it. */
const stillRunsMs = 90_000;

/** A binary may take seconds to write its pid file; one that has not by then has ended, or never began. */
const noProcessMs = 20_000;

function neverRan({ label, toVersion }: NodeMove): AppError {
  return new AppError('COMMAND_FAILED', `${label} was started with ${toVersion}, and no process of it runs`, {
    hint: "The node's last log lines say why.",
  });
}

/**
 * Starts the node. A script's exit code says little, so the effect is a running process that is not the one from before.
 * Whether it comes to life is the next step's question.
 */
export const startForMove = defineStep({
  kind: 'startForMove',
  params: nodeMove,
  about: nodeSubject,
  effect: 'brings-back',
  needs: { noted: [guardNode, noteProcess] },
  ports: ['shell'],
  timeoutMs: 180_000,
  settleMs: 2 * noProcessMs,
  repeat: 'safe', // a second one waits for the first, and finds the process that it started
  bindsNext: true,
  describe: ({ label, toVersion }) => `Start ${label} with ${toVersion}`,
  check: async (move, { shell }, { signal, found, startedAt, now }) => {
    const running = await readNodeProcess(await shell(move.hostId), move, signal);
    const before = found.noted?.process ?? null;
    const waitedMs = startedAt === null ? 0 : now().getTime() - startedAt.getTime();
    if (running === null) return { state: 'todo' };
    const isNew = !(before?.pid === running.pid && before.startedAtTicks === running.startedAtTicks);
    if (isNew || waitedMs > stillRunsMs) return { state: 'done', facts: { process: factsOf(running) } };
    return {
      state: 'moving',
      progress: { completed: 0, total: null, message: `${move.label} was told to stop; waits whether it does` },
      wakeAfterMs: 1_000,
    };
  },
  apply: async (move, { shell }, { signal, log, found }) => {
    const session = await shell(move.hostId);
    await startService(session, move, { signal, log });
    // Known here only: after a crash nobody knows whether the script was ever sent, and then it is sent again.
    const until = performance.now() + noProcessMs;
    let running = await readNodeProcess(session, move, signal);
    while (running === null && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      signal.throwIfAborted();
      running = await readNodeProcess(session, move, signal);
    }
    if (running === null) throw neverRan(move);
    const before = found.noted?.process ?? null;
    if (before !== null && isSame(running, before)) return;
    return { state: 'done', facts: { process: factsOf(running) } };
  },
  undo: { planned: 'The kept binaries are put back, node by node, in the order that the cluster needs then.' },
  diagnose: async (move, { shell }, { signal }) => lastLogLines(await shell(move.hostId), move, signal),
  recover: (move): readonly StepSpec[] => [noteProcess.with(reversed(move)), stopForMove.with(reversed(move))],
});

async function isUnitUp(shell: Shell, unit: string, signal: AbortSignal): Promise<boolean> {
  const state = parseUnitState((await shell.run(unitState({ unit }), { signal })).stdout);
  if (state !== null) return !['inactive', 'failed'].includes(state.activeState);
  throw new AppError('COMMAND_FAILED', `systemd does not say how ${unit} is`, {
    hint: 'Look whether `systemctl show` answers on the host, then retry the run.',
  });
}

/** Waits for a process that was told to end. */
async function drained(
  shell: Shell,
  target: { pid: number; startedAtTicks: string },
  { ms, signal }: { ms: number; signal: AbortSignal },
): Promise<boolean> {
  const until = performance.now() + ms;
  while (performance.now() < until) {
    if (!(await isAlive(shell, target, signal))) return true;
    await new Promise((resolve) => setTimeout(resolve, 500));
    signal.throwIfAborted();
  }
  return false;
}

function stoppingOf({ fromVersion: version, stopTimeoutSeconds }: NodeMove) {
  // The script is to give up before the call does.
  return { graceful: true, timeoutSeconds: Math.max(stopTimeoutSeconds - 5, 1), version };
}
