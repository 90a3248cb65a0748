import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { below, killAll, type ProcessEntry, type ProcessId, readProcesses } from '../hosts/processes.ts';
import { patienceMs } from '../patience.ts';

/**
 * The variable that every process of a world carries, its directory as the value; commands over SSH inherit it too. A
 * directory on the command line would also be found in somebody's `less` on a log file.
 */
export const worldMark = 'STARWARDEN_SANDBOX';

/** All running processes of the world in `dir`, with their descendants; never the calling process. */
export function processesOfWorld(dir: string): ProcessId[] {
  return processesOfWorlds(new Set([dir]));
}

/** The same of several worlds. One look at the machine serves them all: it is some thousand calls of the kernel. */
export function processesOfWorlds(dirs: ReadonlySet<string>): ProcessId[] {
  const all = readProcesses().filter(({ pid, isZombie }) => pid !== process.pid && !isZombie);
  const marked = all.filter((entry) => belongsTo(entry, dirs));
  return [
    ...marked,
    ...below(
      marked.map(({ pid }) => pid),
      all,
    ),
  ];
}

/** Kills every process of the world until none is left, those included that were born meanwhile. */
export async function sweepWorld(dir: string): Promise<void> {
  for (const deadline = Date.now() + patienceMs; ; await sleep(10)) {
    const left = processesOfWorld(dir);
    if (left.length === 0) return;
    killAll(left);
    if (Date.now() > deadline) {
      throw new Error(`processes ${left.map((entry) => entry.pid).join(', ')} of ${dir} do not end`);
    }
  }
}

/** By its environment; an SSH server, which gets none, by the configuration file it was given. */
function belongsTo({ pid, name }: ProcessEntry, dirs: ReadonlySet<string>): boolean {
  const isMarked = (part: string) => part.startsWith(`${worldMark}=`) && dirs.has(part.slice(worldMark.length + 1));
  if (readParts(pid, 'environ').some(isMarked)) return true;
  if (!name.startsWith('sshd')) return false;
  const title = readParts(pid, 'cmdline').join(' '); // sshd writes its own title, all in one part
  return /^\S*sshd/.test(title) && [...dirs].some((dir) => title.includes(` ${dir}/hosts/`));
}

function readParts(pid: number, file: 'environ' | 'cmdline'): string[] {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\0');
  } catch {
    return []; // ended meanwhile, or somebody else's
  }
}
