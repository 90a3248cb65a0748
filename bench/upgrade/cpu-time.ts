import { readFileSync } from 'node:fs';
import { descendantsOf } from '../../sandbox/hosts/processes.ts';

/** The programs of nodes: what they do while they stop and start is nobody's cost. */
const nodePrograms = new Set(['java', 'starrocks_be']);
const msPerTick = 10; // USER_HZ is 100 on every Linux

/**
 * CPU time that everything below this process has used so far but the nodes, in milliseconds: services, hosts with all that was
 * run there, and whatever was started and has ended. Two of these give what a side cost, whoever else used the machine
 * meanwhile.
 */
export function cpuTimeMs(): number {
  const below = descendantsOf(process.pid).map(({ pid }) => timesOf(pid));
  const living = below.filter((each) => each !== null && !nodePrograms.has(each.program));
  const ticks = living.reduce((sum, each) => sum + (each?.own ?? 0) + (each?.ended ?? 0), 0);
  return (ticks + (timesOf(process.pid)?.ended ?? 0)) * msPerTick;
}

/** `ended`: of its children that have ended and were waited for, and of theirs. */
function timesOf(pid: number): { readonly program: string; readonly own: number; readonly ended: number } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const end = stat.lastIndexOf(')');
    // Fields 14 to 17 of proc(5).
    const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = stat
      .slice(end + 2)
      .split(' ')
      .slice(11, 15)
      .map(Number);
    return { program: stat.slice(stat.indexOf('(') + 1, end), own: user + system, ended: endedUser + endedSystem };
  } catch {
    return null; // ended between the two looks
  }
}
