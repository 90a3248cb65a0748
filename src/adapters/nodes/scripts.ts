import { AppError } from '../../errors.ts';
import type { NodeProcess } from '../ssh/answers.ts';
import {
  isAtLeast34,
  startBackend,
  startComputeNode,
  startFrontend,
  stopBackend,
  stopComputeNode,
  stopFrontend,
} from '../ssh/commands.ts';
import { commandFailed, type HostFailureReason, hostFailureOf, throwIfFailed } from '../ssh/host-failure.ts';
import { ifStillNamed } from '../ssh/if-still-named.ts';
import { beforeFirstStart, onlyIfBegun } from '../ssh/install-commands.ts';
import { signalProcess } from '../ssh/kill-process.ts';
import type { Shell, ShellCommand } from '../ssh/port.ts';
import { isAlive, readNodeProcess } from '../ssh/read-node-process.ts';
import { readStartedAs } from '../ssh/read-service.ts';
import { commandKinds, programNames } from '../ssh/shell-text.ts';
import { startedProcess, startOnce } from '../ssh/start-once.ts';
import { untilEnded } from '../ssh/until-ended.ts';
import { awaitProcess } from './await-process.ts';
import { endProcess } from './end-process.ts';
import { claimedPlace, firstStartCommand } from './new-node.ts';
import { nodeOnHost } from './on-host.ts';
import { type HostProcess, hostProcessOf, isSameOnHost, type NodePlace, processIdOf } from './place.ts';
import type { Node, NodeCall, Stopped, Stopping } from './port.ts';
import { processNow, type RecentLook } from './recent-look.ts';

/** A node that is run by StarRocks' own `start_*.sh` and `stop_*.sh`. Nothing starts it again by itself. */
export function nodeByScripts(shell: Shell, place: NodePlace, recent: RecentLook): Node {
  const shared = nodeOnHost(shell, place, recent);
  const { label, kind, deployDir } = place;
  const start = async (command: ShellCommand, call: NodeCall) => {
    const { signal, log = () => {} } = call;
    const onLine = (line: string) => {
      if (startedProcess(line) === null) log(`${label}: ${line}`);
    };
    const result = await shell.run(command, { signal, timeoutMs: 120_000, onLine });
    const failure = hostFailureOf(result);
    // Not the start script ended it, but what is looked at before it.
    if (failure !== null && refusals.includes(failure.reason)) throwIfFailed(`Starting ${label}`, result);
    if (failure !== null) throw commandFailed(`The start script of ${label}`, result);
    const started = result.stdout
      .split('\n')
      .flatMap((line) => startedProcess(line) ?? [])
      .at(-1);
    if (started === undefined) return awaitProcess(shared.process, { signal, log });
    recent.begin()({ ...started, comm: programNames[commandKinds[kind]] });
    return processIdOf(started);
  };
  return {
    ...shared,
    stopState: async (expected, call) => {
      const { signal } = call;
      const running = await processNow(shell, { place, recent }, call);
      const target = expected === undefined ? running : expected && hostProcessOf(expected);
      if (target === null) return 'ended';
      const isThere = running !== null && isSameOnHost(running, target);
      if (!isThere && !(await isAlive(shell, target, signal))) return 'ended';
      // stop_cn.sh removes the pid file at once, and the process drains.
      return running === null || running.pidFile === null ? 'ending' : 'running';
    },
    stop: async (expected, stopping, call) => {
      const wanted = expected == null ? null : hostProcessOf(expected);
      const stopIfRight = async (running: NodeProcess | null): Promise<Stopped | 'other'> => {
        const target = wanted ?? running;
        if (target === null) return 'ended';
        if (running !== null && !isSameOnHost(running, target)) return { runsAs: processIdOf(running) };
        const stop = stopCommand(place, { stopping, target, running });
        const timeoutMs = stopping.timeoutSeconds * 1_000;
        return endProcess(shell, { label, target, stop, timeoutMs, graceMs: 5_000 }, call);
      };
      const seen = call.recentMs === undefined ? undefined : recent.find(call.recentMs);
      // An older answer is good enough only for the process that is to be stopped; its pid file is read again there.
      const isRight = seen?.pidFile != null && (wanted === null || isSameOnHost(seen, wanted));
      const stopped = await stopIfRight(isRight ? seen : await readNodeProcess(shell, place, call.signal));
      if (stopped !== 'other') return stopped;
      const again = await stopIfRight(await readNodeProcess(shell, place, call.signal));
      if (again !== 'other') return again;
      throw new AppError('COMMAND_FAILED', `The process of ${label} changes while it is to be stopped`, {
        hint: 'Find out who restarts it, then retry the run.',
        retryable: true,
      });
    },
    start: (call) => start(startOnce({ deployDir, kind: commandKinds[kind] }, startCommand(place)), call),
    startNew: (installation, first, call) => {
      const command = firstStartCommand(place, first, startCommand(place));
      const claimed = claimedPlace(place, installation);
      const guards = { before: beforeFirstStart(claimed), ifFound: onlyIfBegun(claimed) };
      return start(startOnce({ deployDir, kind: commandKinds[kind] }, command, guards), call);
    },
    ...noUnit(label),
    startedAs: ({ signal }) => readStartedAs(shell, place, signal),
  };
}

const refusals: readonly HostFailureReason[] = ['busy', 'taken'];

/** No unit stands for such a node. */
function noUnit(label: string): Pick<Node, 'writeUnit' | 'removeUnit'> {
  const refuse = async () => {
    throw new AppError('PRECONDITION_FAILED', `${label} is run by scripts, and has no unit`, {
      hint: 'The plan and the inventory do not agree. Ask again.',
    });
  };
  return { writeUnit: refuse, removeUnit: refuse };
}

function startCommand({ kind, deployDir }: NodePlace): ShellCommand {
  switch (kind) {
    case 'FRONTEND':
      return startFrontend({ deployDir });
    case 'BACKEND':
      return startBackend({ deployDir });
    case 'COMPUTE_NODE':
      return startComputeNode({ deployDir });
    default:
      return kind satisfies never;
  }
}

type ToStop = {
  readonly stopping: Stopping;
  readonly target: HostProcess;
  /** The process as it was found; null = it was not found, although it runs. */
  readonly running: NodeProcess | null;
};

/**
 * The node's stop script. Where no pid file names the process, the script would not find it: then the signal that the
 * script would send.
 */
function stopCommand({ kind, deployDir }: NodePlace, { stopping, target, running }: ToStop): ShellCommand {
  const { graceful, version } = stopping;
  if (running === null || running.pidFile === null) {
    if (kind !== 'FRONTEND') return signalProcess(target, graceful ? 'TERM' : 'KILL');
    return signalProcess(target, graceful && isAtLeast34(version) ? 'USR1' : 'TERM');
  }
  const options = { deployDir, graceful, version, timeoutSeconds: stopping.timeoutSeconds };
  const { pid, pidFile } = running;
  const named = (stop: ShellCommand) => ifStillNamed(stop, { pid, pidFile });
  switch (kind) {
    case 'FRONTEND':
      return named(untilEnded(stopFrontend(options), running));
    case 'BACKEND':
      return named(untilEnded(stopBackend(options), running));
    case 'COMPUTE_NODE':
      return named(untilEnded(stopComputeNode(options), running));
    default:
      return kind satisfies never;
  }
}
