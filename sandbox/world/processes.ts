import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { descendantsOf, identify, isRunning, killAll, type ProcessId } from '../hosts/processes.ts';
import { patienceMs } from '../patience.ts';

/**
 * The variable that every process of a world carries, its directory as the value; commands over SSH inherit it too. A
 * directory on the command line would also be found in somebody's `less` on a log file.
 */
export const worldMark = 'STARWARDEN_SANDBOX';

/** All running processes of the world in `dir`, with their descendants; never the calling process. */
export function processesOfWorld(dir: string): ProcessId[] {
  const found = new Map<number, ProcessId>();
  for (const pid of allPids()) {
    if (pid === process.pid || !belongsTo(pid, dir)) continue;
    for (const entry of [identify(pid), ...descendantsOf(pid)]) {
      if (entry !== null && entry.pid !== process.pid && isRunning(entry)) found.set(entry.pid, entry);
    }
  }
  return [...found.values()];
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

function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** By its environment; an SSH server, which gets none, by the configuration file it was given. */
function belongsTo(pid: number, dir: string): boolean {
  if (readParts(pid, 'environ').includes(`${worldMark}=${dir}`)) return true;
  const title = readParts(pid, 'cmdline').join(' '); // sshd writes its own title, all in one part
  return /^\S*sshd/.test(title) && title.includes(` ${dir}/hosts/`);
}

function readParts(pid: number, file: 'environ' | 'cmdline'): string[] {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\0');
  } catch {
    return []; // ended meanwhile, or somebody else's
  }
}
