import { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { descendantsOf, isRunning, type ProcessId, readProcesses } from '../../../sandbox/hosts/processes.ts';
import { processesOfWorlds, worldMark } from '../../../sandbox/world/processes.ts';

/** The variable by which every process that this one starts, and what those start, is known. */
const mark = `STARWARDEN_TEST_FILE=${process.pid}-${randomBytes(4).toString('hex')}`;
/** Directories of worlds: what runs on their hosts gets its environment from a server, and carries the mark of the world. */
const worlds = new Set<string>();

/** Beside the dependencies: turning our sources into code is most of the start of a program, and done once. */
const compileCache = `NODE_COMPILE_CACHE=${fileURLToPath(new URL('../../../node_modules/.cache/workers', import.meta.url))}`;

/**
 * From now on every process that this one starts carries the mark, whatever environment it is given; a program of Node takes its
 * code from the cache, unless it was told of another one.
 */
export function markChildren(): void {
  const spawn: unknown = Reflect.get(ChildProcess.prototype, 'spawn');
  if (typeof spawn !== 'function') throw new Error('this Node.js starts processes in another way');
  const [name = '', value] = mark.split('=');
  process.env[name] = value; // for those that are waited for, which are started elsewhere
  Reflect.set(ChildProcess.prototype, 'spawn', function (this: ChildProcess, options: unknown): unknown {
    for (const pair of addMark(options)) {
      const [variable, dir = ''] = pair.split('=');
      if (variable === worldMark) worlds.add(dir);
    }
    return Reflect.apply(spawn, this, [options]);
  });
}

/** The environment that the process gets, as `NAME=value`. */
function addMark(options: unknown): readonly string[] {
  if (typeof options !== 'object' || options === null || !('envPairs' in options)) return [];
  const { envPairs } = options;
  if (!Array.isArray(envPairs)) return [];
  const pairs = envPairs.filter((pair) => typeof pair === 'string');
  const isCached = pairs.some((pair) => pair.startsWith('NODE_COMPILE_CACHE='));
  const ours = Reflect.get(options, 'file') === process.execPath && !isCached ? [mark, compileCache] : [mark];
  Reflect.set(options, 'envPairs', [...pairs, ...ours.filter((pair) => !pairs.includes(pair))]);
  return pairs;
}

export type LeftRunning = { readonly id: ProcessId; readonly name: string };

/** What was started by this process and still runs, also where its parent has ended. */
export function leftRunning(): LeftRunning[] {
  const marked = readProcesses().filter(({ pid }) => pid !== process.pid && partsOf(pid, 'environ').includes(mark));
  const found = [...descendantsOf(process.pid), ...marked, ...processesOfWorlds(worlds)].filter(isRunning);
  // Of worlds that have ended nothing comes back: the next file need not look for them.
  if (found.length === 0) worlds.clear();
  return [...new Map(found.map((id) => [id.pid, { id, name: nameOf(id.pid) }])).values()];
}

/** The same, once what was told to end has had the time to. */
export async function leftAfter(graceMs: number): Promise<LeftRunning[]> {
  for (const until = Date.now() + graceMs; ; await sleep(20)) {
    const left = leftRunning();
    if (left.length === 0 || Date.now() > until) return left;
  }
}

/** Names what was left, so that the test file is mended and not the machine rebooted. */
export function accusation(file: string, left: readonly LeftRunning[]): string {
  return `${file} has left running: ${left.map(({ id, name }) => `${name} (${id.pid})`).join('; ')}`;
}

function nameOf(pid: number): string {
  const line = partsOf(pid, 'cmdline').join(' ').trim();
  return line === '' ? 'a process that has just ended' : line.slice(0, 160);
}

function partsOf(pid: number, file: 'environ' | 'cmdline'): string[] {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\0');
  } catch {
    return []; // ended meanwhile, or somebody else's
  }
}
