import { readdirSync, readFileSync } from 'node:fs';

/** A process named so that a later process with the same number is not mistaken for it. */
export type ProcessId = { readonly pid: number; readonly startedAtTicks: string };

export type ProcessEntry = ProcessId & { readonly name: string; readonly parent: number; readonly isZombie: boolean };

/** Every process of this machine at one moment. Linux only: reads /proc. */
export function readProcesses(): readonly ProcessEntry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readEntry(Number(name)) ?? []);
}

/** The processes below `pid`, children before grandchildren. */
export function descendantsOf(pid: number): ProcessEntry[] {
  return below([pid], readProcesses());
}

/** Those of `all` that descend from one of these numbers, each once and none of the numbers themselves; children before grandchildren. */
export function below(pids: readonly number[], all: readonly ProcessEntry[]): ProcessEntry[] {
  const children = Map.groupBy(all, ({ parent }) => parent);
  const seen = new Set(pids);
  const found: ProcessEntry[] = [];
  for (const pid of seen) {
    const born = (children.get(pid) ?? []).filter((entry) => !seen.has(entry.pid));
    found.push(...born);
    for (const entry of born) seen.add(entry.pid);
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
  const end = stat.lastIndexOf(')');
  const fields = stat.slice(end + 2).split(' ');
  const name = stat.slice(stat.indexOf('(') + 1, end);
  return { pid, name, parent: Number(fields[1]), startedAtTicks: fields[19] ?? '', isZombie: fields[0] === 'Z' };
}
