import { AppError } from '../../errors.ts';
import { commandFailed, throwIfFailed } from '../ssh/host-failure.ts';
import { beginFirstStart } from '../ssh/install-commands.ts';
import type { Shell } from '../ssh/port.ts';
import { isAlive, readNodeProcess } from '../ssh/read-node-process.ts';
import { readUnitState } from '../ssh/read-service.ts';
import { systemctlStart, systemctlStop } from '../ssh/service-commands.ts';
import { enableUnit, removeUnit, writeUnit } from '../ssh/unit-commands.ts';
import { awaitProcess } from './await-process.ts';
import { endProcess } from './end-process.ts';
import { claimedPlace } from './new-node.ts';
import { nodeOnHost } from './on-host.ts';
import { hostProcessOf, isSameOnHost, type NodePlace, processIdOf } from './place.ts';
import type { Node, NodeCall } from './port.ts';
import { processNow, type RecentLook } from './recent-look.ts';

/**
 * A node that is run by a systemd unit and by nothing else: a script would start or stop it without systemd knowing, and
 * `Restart=` would start it again. The unit decides how gracefully it is stopped.
 */
export function nodeBySystemd(shell: Shell, place: NodePlace & { readonly unit: string }, recent: RecentLook): Node {
  const shared = nodeOnHost(shell, place, recent);
  const { label, unit, deployDir } = place;
  const isUp = async (signal: AbortSignal) => {
    const state = await readUnitState(shell, unit, signal);
    if (state !== null) return !['inactive', 'failed'].includes(state.activeState);
    throw new AppError('COMMAND_FAILED', `systemd does not say how ${unit} is`, {
      hint: 'Look whether `systemctl show` answers on the host, then retry the run.',
    });
  };
  const start = async (call: NodeCall) => {
    const { signal, log = () => {} } = call;
    const onLine = (line: string) => log(`${label}: ${line}`);
    const result = await shell.run(systemctlStart({ unit, sudo: true }), { signal, timeoutMs: 120_000, onLine });
    if (result.exitCode !== 0) throw commandFailed(`The start script of ${label}`, result);
    return awaitProcess(shared.process, call);
  };
  return {
    ...shared,
    stopState: async (expected, call) => {
      const { signal } = call;
      const running = await processNow(shell, { place, recent }, call);
      const target = expected === undefined ? running : expected && hostProcessOf(expected);
      if (target !== null) {
        const isThere = running !== null && isSameOnHost(running, target);
        if (isThere || (await isAlive(shell, target, signal))) return 'running';
      }
      return (await isUp(signal)) ? 'returns' : 'ended';
    },
    stop: async (expected, { timeoutSeconds }, call) => {
      const running = await readNodeProcess(shell, place, call.signal);
      const target = expected == null ? running : hostProcessOf(expected);
      if (running !== null && target !== null && !isSameOnHost(running, target))
        return { runsAs: processIdOf(running) };
      const stop = systemctlStop({ unit, sudo: true });
      await endProcess(shell, { label, target, stop, timeoutMs: timeoutSeconds * 1_000 }, call);
      return 'unsure'; // whether systemd starts it again has to be asked
    },
    start,
    // The options of a frontend's first start stand in its unit.
    startNew: async (installation, _first, call) => {
      const begin = beginFirstStart(claimedPlace(place, installation));
      throwIfFailed(`Starting ${label}`, await shell.run(begin, { signal: call.signal, timeoutMs: 120_000 }));
      // Not before: the host may be started again at any moment.
      const enable = enableUnit({ unit, runId: installation.runId, deployDir });
      throwIfFailed(`Enabling ${unit}`, await shell.run(enable, { signal: call.signal, timeoutMs: 60_000 }));
      return start(call);
    },
    writeUnit: async ({ runId }, text, { signal }) => {
      const command = writeUnit({ unit, runId, deployDir, text });
      throwIfFailed(`Writing the unit ${unit}`, await shell.run(command, { signal, timeoutMs: 60_000 }));
    },
    removeUnit: async ({ runId }, { signal }) => {
      const command = removeUnit({ unit, runId, deployDir });
      throwIfFailed(`Removing the unit ${unit}`, await shell.run(command, { signal, timeoutMs: 60_000 }));
    },
    // The unit decides which user that is.
    startedAs: async () => null,
  };
}
