import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isAlive } from '../../../sandbox/hosts/processes.ts';

/**
 * `memory` is a file system in memory that every Linux has, and everybody may write to. A container's is small unless somebody asked
 * for more.
 */
const usual = { disk: fileURLToPath(new URL('../../../.local/test', import.meta.url)), memory: '/dev/shm' };

/** Containers can share the one in memory, and count their processes each by itself. */
const prefix = `starwarden-test-${hostname()}-`;

/** A file with its databases was seen to take 126 MB at most; four run at a time, and InnoDB gives nothing back before the end. */
const roomBytes = 2 * 1024 ** 3;

/**
 * An empty directory for the services of this run, for this user alone. It is in memory where there is room: to make the tables of a
 * database and to drop them is a tenth of a second's work, and on a disk seconds of waiting until each of them is written, in each of
 * the hundreds of worlds that a run starts.
 */
export function makeServicesDir({ disk, memory } = usual): string {
  if (hasRoom(memory)) return mkdtempSync(join(memory, `${prefix}${process.pid}-`));
  const dir = join(disk, String(process.pid));
  mkdirSync(dir, { recursive: true });
  return dir;
}

/** A run that was killed could not remove its files. */
export function sweepServicesDirs({ disk, memory } = usual): void {
  const left = [
    ...list(disk).map((name) => ({ pid: name, dir: join(disk, name) })),
    ...list(memory)
      .filter((name) => name.startsWith(prefix))
      .map((name) => ({ pid: /^(\d+)-\w{6}$/.exec(name.slice(prefix.length))?.[1], dir: join(memory, name) }))
      .filter(({ pid, dir }) => pid !== undefined && isOwn(dir)),
  ];
  for (const { pid, dir } of left) if (!isAlive(Number(pid))) rmSync(dir, { recursive: true, force: true });
}

function hasRoom(dir: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dir);
    return Math.min(bavail * bsize, process.availableMemory() / 2) >= roomBytes;
  } catch {
    return false; // another system, or one without it: the disk does
  }
}

function list(dir: string): string[] {
  return existsSync(dir) ? readdirSync(dir) : [];
}

function isOwn(dir: string): boolean {
  return lstatSync(dir, { throwIfNoEntry: false })?.uid === userInfo().uid;
}
