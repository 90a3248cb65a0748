import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { PlannedNode } from '../../sandbox/world/plan.ts';

/** The numbers of all processes of the machine. */
export function allPids(): readonly string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
}

/** The nodes of these whose start script runs, looked for among processes that are not in `older`. */
export function findStarting(nodes: readonly PlannedNode[], older: ReadonlySet<string>): readonly PlannedNode[] {
  const running = allPids()
    .filter((pid) => !older.has(pid))
    .flatMap(startScriptsOf);
  // By directory, because one start script may replace itself by another.
  const directories = new Set(running.map((path) => dirname(path)));
  return nodes.filter(({ deployDir }) => directories.has(join(deployDir, 'bin')));
}

/** The arguments of a process that are start scripts, as absolute paths. */
function startScriptsOf(pid: string): readonly string[] {
  try {
    const found = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      .split('\0')
      .filter((argument) => /^\S*start_\w+\.sh$/.test(argument));
    return found.length === 0 ? [] : found.map((path) => resolve(readlinkSync(`/proc/${pid}/cwd`), path));
  } catch {
    return []; // ended between the two looks
  }
}

/** What a node writes when the signal reaches it. A frontend that leaves at once writes nothing. */
const stoppingLine = /^(\S+ \S+) INFO (?:BE is shutting down|start to handle graceful exit)/;

/** When a node that has ended received its signal, by its own log; null when it said nothing after `since`. */
export function stoppingTime({ kind, deployDir }: PlannedNode, since: number): number | null {
  const log = readFileSync(join(deployDir, 'log', kind === 'fe' ? 'fe.log' : `${kind}.INFO`), 'utf8');
  const times = log.split('\n').flatMap((line) => stoppingLine.exec(line)?.[1] ?? []);
  const at = Date.parse((times.at(-1) ?? '').replace(' ', 'T')); // local time, as every StarRocks log
  return at > since ? at : null;
}
