import type { FirstStart, Installation } from '../../domain/deploy/installation.ts';
import { sha256Of } from '../../domain/deploy/text-sum.ts';
import { claimPlace } from '../ssh/claim-commands.ts';
import { startFrontend } from '../ssh/commands.ts';
import { throwIfFailed } from '../ssh/host-failure.ts';
import { putInPlace, writeConf } from '../ssh/install-commands.ts';
import type { ClaimedPlace } from '../ssh/place-script.ts';
import type { Shell, ShellCommand } from '../ssh/port.ts';
import { readInstalled } from '../ssh/read-installed.ts';
import { stagedIdOf } from '../ssh/release-dirs.ts';
import { commandKinds } from '../ssh/shell-text.ts';
import { clearData, removeInstalled } from '../ssh/uninstall-commands.ts';
import type { NodePlace } from './place.ts';
import type { Node } from './port.ts';

type NewNode = Pick<Node, 'installed' | 'claim' | 'install' | 'configure' | 'clearData' | 'uninstall'>;

const minuteMs = 60_000;

/** How a node comes to lie on a host and is taken away again, whatever will start it. */
export function newNodeOnHost(shell: Shell, place: NodePlace): NewNode {
  const { label, unit } = place;
  return {
    installed: (installation, { signal }) => {
      const stagedId = stagedIdOf(installation.release);
      return readInstalled(shell, { ...claimedPlace(place, installation), stagedId, unit }, signal);
    },
    claim: async (installation, { signal }) => {
      const command = claimPlace({
        ...claimedPlace(place, installation),
        ports: installation.ports,
        host: installation.host,
      });
      throwIfFailed(`Claiming a place for ${label}`, await shell.run(command, { signal, timeoutMs: 2 * minuteMs }));
    },
    install: async (installation, { signal }) => {
      const stagedId = stagedIdOf(installation.release);
      const command = putInPlace({ ...claimedPlace(place, installation), stagedId });
      throwIfFailed(`Putting ${label} in place`, await shell.run(command, { signal, timeoutMs: 2 * minuteMs }));
    },
    configure: async (installation, text, { signal }) => {
      const command = writeConf({ ...claimedPlace(place, installation), text, sha256: sha256Of(text) });
      throwIfFailed(`Writing the conf file of ${label}`, await shell.run(command, { signal, timeoutMs: 2 * minuteMs }));
    },
    clearData: async (installation, { signal }) => {
      const command = clearData(claimedPlace(place, installation));
      throwIfFailed(`Emptying the data directories of ${label}`, await shell.run(command, long(signal)));
    },
    uninstall: async (installation, { signal }) => {
      const command = removeInstalled(claimedPlace(place, installation));
      throwIfFailed(`Removing ${label}`, await shell.run(command, long(signal)));
    },
  };
}

export function claimedPlace({ kind, label, deployDir }: NodePlace, { runId, dataDirs }: Installation): ClaimedPlace {
  return { kind: commandKinds[kind], label, runId, deployDir, dataDirs };
}

/** Removing many files takes its time. */
function long(signal: AbortSignal) {
  return { signal, timeoutMs: 25 * minuteMs };
}

/** Only frontends have to be told something when they start for the first time. */
export function firstStartCommand(
  { kind, deployDir }: NodePlace,
  { helper, hostType }: FirstStart,
  usual: ShellCommand,
): ShellCommand {
  return kind === 'FRONTEND' ? startFrontend({ deployDir, helper, isFqdn: hostType === 'FQDN' }) : usual;
}
