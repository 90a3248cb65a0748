import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { patienceMs } from '../patience.ts';

const run = promisify(execFile);
const fillerName = '.filled-by-the-sandbox';

/** Mounts a memory disk of a fixed size, so that "no space left" can be the real thing. Needs the right to mount. */
export async function mountDisk({ path, sizeBytes }: { path: string; sizeBytes: number }): Promise<void> {
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes},mode=755`, 'starwarden-sandbox', path], {
      timeout: patienceMs,
    });
  } catch (cause) {
    throw new Error(`cannot mount a limited disk on ${path}; start without --disk-mb`, { cause });
  }
}

/** True when `path` is a mount point of ours. */
export function isLimitedDisk(path: string): boolean {
  return mountPointsBelow(path).includes(path);
}

/** Takes away all disks below `dir`, those still in use included: their processes have been killed or do not matter. */
export async function unmountDisks(dir: string): Promise<void> {
  for (const path of mountPointsBelow(dir)) await run('umount', ['-l', path], { timeout: patienceMs });
}

/** Writes until the disk is full, but for `leaveBytes`; returns how many bytes that took. */
export async function fillDisk(path: string, { leaveBytes = 0 }: { leaveBytes?: number } = {}): Promise<number> {
  if (!isLimitedDisk(path)) throw new Error(`${path} is no limited disk; start the sandbox with --disk-mb`);
  const file = await open(join(path, fillerName), 'a');
  let writtenBytes = 0;
  try {
    for (let chunkBytes = 1_048_576; chunkBytes >= 1; ) {
      const written = await file.write(Buffer.alloc(chunkBytes)).catch(nullWhenFull);
      if (written === null) chunkBytes = Math.floor(chunkBytes / 16);
      else writtenBytes += written.bytesWritten;
    }
    await file.truncate(Math.max(0, writtenBytes - leaveBytes));
  } finally {
    await file.close();
  }
  return Math.max(0, writtenBytes - leaveBytes);
}

/** Undoes `fillDisk`; returns the bytes that are free afterwards. */
export async function freeDisk(path: string): Promise<number> {
  await rm(join(path, fillerName), { force: true });
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

function nullWhenFull(error: unknown): null {
  if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return null;
  throw error;
}

function mountPointsBelow(dir: string): string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([device]) => device === 'starwarden-sandbox')
    .map(([, path]) =>
      (path ?? '').replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8))),
    )
    .filter((path) => path === dir || path.startsWith(`${dir}/`));
}
