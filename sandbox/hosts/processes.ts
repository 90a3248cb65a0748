import { readdirSync, readFileSync } from 'node:fs';

/** A process named so that a later process with the same number is not mistaken for it. */
export type ProcessId = { readonly pid: number; readonly startedAtTicks: string };

type ProcessEntry = ProcessId & { readonly parent: number; readonly isZombie: boolean };

/** The processes below `pid`, children before grandchildren; `depth` 1 = children only. Linux only: reads /proc. */
export function descendantsOf(pid: number, depth = Number.POSITIVE_INFINITY): ProcessId[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readEntry(Number(name)) ?? []);
  const found: ProcessId[] = [];
  let parents = new Set([pid]);
  for (let level = 0; level < depth && parents.size > 0; level += 1) {
    const children = all.filter((entry) => parents.has(entry.parent));
    found.push(...children);
    parents = new Set(children.map((entry) => entry.pid));
  }
  return found;
}

/** The process that has this number now, or null. */
export function identify(pid: number): ProcessId | null {
  const entry = readEntry(pid);
  return entry === null ? null : { pid, startedAtTicks: entry.startedAtTicks };
}

/** True while that very process runs; a zombie counts as gone. */
export function isRunning(process: ProcessId): boolean {
  const entry = readEntry(process.pid);
  return entry !== null && !entry.isZombie && entry.startedAtTicks === process.startedAtTicks;
}

/** Whether the process with this number runs; a zombie does not: in a container nobody may be there to collect it. */
export function isAlive(pid: number): boolean {
  const found = identify(pid);
  return found !== null && isRunning(found);
}

/** SIGKILL to each that is still there. */
export function killAll(processes: readonly ProcessId[]): void {
  for (const { pid } of processes.filter(isRunning)) sendSignal(pid, 'SIGKILL');
}

export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // Gone between the look and the signal: what was wanted.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

function readEntry(pid: number): ProcessEntry | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  // The second field is the program's name in parentheses and may hold anything, so count from its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { pid, parent: Number(fields[1]), startedAtTicks: fields[19] ?? '', isZombie: fields[0] === 'Z' };
}
