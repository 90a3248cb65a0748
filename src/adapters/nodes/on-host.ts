import type { Replacement } from '../../domain/node-binaries.ts';
import { throwIfFailed } from '../ssh/host-failure.ts';
import type { Shell } from '../ssh/port.ts';
import { namesOf, readBinaries, readKept, readStaged } from '../ssh/read-binaries.ts';
import { readLastLogLines } from '../ssh/read-node-logs.ts';
import { stagedIdOf } from '../ssh/release-dirs.ts';
import { commandKinds } from '../ssh/shell-text.ts';
import { removeStaged, unpackRelease } from '../ssh/stage-commands.ts';
import { removeStarwardenDir, swapBack, swapBinaries } from '../ssh/swap-commands.ts';
import { newNodeOnHost } from './new-node.ts';
import { type NodePlace, processIdOf } from './place.ts';
import type { Node } from './port.ts';
import { processNow, type RecentLook } from './recent-look.ts';

type Shared = Omit<Node, 'stop' | 'stopState' | 'start' | 'startedAs' | 'startNew' | 'writeUnit' | 'removeUnit'>;

const minuteMs = 60_000;

/** What is the same for every node whose files lie on a host, whatever starts it: its process, its logs, its binaries. */
export function nodeOnHost(shell: Shell, place: NodePlace, recent: RecentLook): Shared {
  const { label, kind, deployDir } = place;
  const swapOf = (replacement: Replacement) => ({ deployDir, kind: commandKinds[kind], ...namesOf(replacement) });
  return {
    process: async (call) => {
      const running = await processNow(shell, { place, recent }, call);
      return running === null ? null : processIdOf(running);
    },
    lastLogLines: (lines, { signal }) => readLastLogLines(shell, place, { lines, signal }),
    stage: async ({ version, sha256 }, { archiveDir: archiveDeployDir, isNew }, { signal }) => {
      // Compute nodes run from the backend's part of an archive.
      const part = kind === 'FRONTEND' ? 'fe' : 'be';
      const command = unpackRelease({ deployDir, archiveDeployDir, part, version, sha256, isNew });
      const result = await shell.run(command, { signal, timeoutMs: 60 * minuteMs });
      throwIfFailed(`Unpacking ${version} for ${label}`, result);
    },
    unstage: async (release, { signal }) => {
      const command = removeStaged({ deployDir, id: stagedIdOf(release) });
      const result = await shell.run(command, { signal, timeoutMs: 5 * minuteMs });
      throwIfFailed(`Removing what was unpacked for ${label}`, result);
    },
    isStaged: (release, { signal }) => readStaged(shell, place, { release, signal }),
    binaries: (replacement, { signal }) => readBinaries(shell, place, { replacement, signal }),
    swapIn: async (replacement, { signal }) => {
      const result = await shell.run(swapBinaries(swapOf(replacement)), { signal, timeoutMs: 2 * minuteMs });
      throwIfFailed(`Swapping the binaries of ${label}`, result);
      recent.begin()(null); // the script moves nothing while a process of the node runs
    },
    putBack: async (replacement, { signal }) => {
      const result = await shell.run(swapBack(swapOf(replacement)), { signal, timeoutMs: 2 * minuteMs });
      throwIfFailed(`Putting the kept binaries of ${label} back`, result);
      recent.begin()(null);
    },
    kept: ({ signal }) => readKept(shell, place, signal),
    removeKept: async ({ signal }) => {
      const result = await shell.run(removeStarwardenDir({ deployDir }), { signal, timeoutMs: 15 * minuteMs });
      throwIfFailed(`Removing the old binaries of ${label}`, result);
    },
    ...newNodeOnHost(shell, place),
  };
}
