import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../errors.ts';
import { tryLockFile } from './file-lock.ts';
import { absent, removeKept, storePaths } from './store-files.ts';

/** An archive that nobody has used for so long is removed. */
const longestUnusedMs = 14 * 86_400_000;

type Kept = { readonly sha256: string; readonly bytes: number; readonly usedAtMs: number };

export type Room = {
  readonly directory: string;
  readonly mostBytes: number;
  /** The checksum of the archive that is being fetched; what is here of it stays. */
  readonly wanted: string;
  readonly neededBytes: number;
};

/**
 * Removes the archives whose last use is longest ago, until there is room. Archives in use stay. Throws where that is not
 * enough.
 */
export async function makeRoom({ directory, mostBytes, wanted, neededBytes }: Room): Promise<void> {
  const kept = await listKept(directory);
  const own = kept.find(({ sha256 }) => sha256 === wanted)?.bytes ?? 0;
  if (own + neededBytes > mostBytes) throw tooLarge({ bytes: own + neededBytes, mostBytes, directory });
  let bytes = kept.reduce((sum, each) => sum + each.bytes, 0);
  for (const each of kept.filter(({ sha256 }) => sha256 !== wanted)) {
    if (bytes + neededBytes <= mostBytes && (await freeBytes(directory)) >= neededBytes) return;
    if (await removeUnused(directory, each.sha256)) bytes -= each.bytes;
  }
  if (bytes + neededBytes > mostBytes)
    throw new AppError('PRECONDITION_FAILED', `${directory} has no room left: other archives there are in use`, {
      hint: 'Wait for the runs that use them, or give STARWARDEN_DOWNLOADS_MAX_GIB a larger value.',
      retryable: true,
    });
  if ((await freeBytes(directory)) < neededBytes) throw noSpace({ directory });
}

/** Removes archives that nobody has used for two weeks, half fetched ones too. */
export async function removeOld(directory: string): Promise<void> {
  for (const { sha256, usedAtMs } of await listKept(directory)) {
    if (Date.now() - usedAtMs > longestUnusedMs) await removeUnused(directory, sha256);
  }
}

export function tooLarge(given: { bytes: number; mostBytes: number; directory: string }): AppError {
  return new AppError(
    'PRECONDITION_FAILED',
    `The archive has ${given.bytes} bytes or more, and ${given.directory} keeps at most ${given.mostBytes}`,
    { hint: 'Give STARWARDEN_DOWNLOADS_MAX_GIB a larger value, or register the release by its path.' },
  );
}

export function noSpace({ directory, cause }: { directory: string; cause?: unknown }): AppError {
  return new AppError('PRECONDITION_FAILED', `No space left in ${directory} for the archive`, {
    hint: 'Free space there, or name another directory in STARWARDEN_DOWNLOADS_DIR; then retry the run.',
    cause,
  });
}

/** Everybody who uses or fetches an archive holds its lock, so one whose lock is taken stays. */
async function removeUnused(directory: string, sha256: string): Promise<boolean> {
  const paths = storePaths(directory, sha256);
  const lock = await tryLockFile(paths.lock);
  if (lock === null) return false;
  try {
    await removeKept(paths);
    return true;
  } finally {
    await lock.release();
  }
}

/** The archive whose last use is longest ago comes first. */
async function listKept(directory: string): Promise<Kept[]> {
  const kept = new Map<string, Kept>();
  for (const name of (await readdir(directory).catch(absent)) ?? []) {
    const [, sha256] = /^([0-9a-f]{64})\.(?:tar\.gz|part|json|json\.part)$/.exec(name) ?? [];
    const file = sha256 === undefined ? null : await stat(join(directory, name)).catch(absent);
    if (sha256 === undefined || file === null) continue;
    const before = kept.get(sha256);
    kept.set(sha256, {
      sha256,
      bytes: (before?.bytes ?? 0) + file.size,
      usedAtMs: Math.max(before?.usedAtMs ?? 0, file.mtimeMs),
    });
  }
  return [...kept.values()].toSorted((a, b) => a.usedAtMs - b.usedAtMs);
}

async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}
