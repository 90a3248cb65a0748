import { lstat, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError, messageOf } from '../../errors.ts';
import { startDeadline } from '../deadline.ts';
import { type FileLock, lockFile } from './file-lock.ts';
import type { ArchiveAtUrl, Archives, FetchCall, FetchedArchive } from './port.ts';
import { type Fetching, fetchWhole, type Source } from './store-fetch.ts';
import { noteUse, readMark, type StorePaths, storePaths } from './store-files.ts';
import { removeOld } from './store-room.ts';

export type StoreOptions = Source & {
  /** Where archives are kept; created when it is needed, accessible to this user alone. */
  readonly directory: string;
  /** How many bytes may be kept there at most. */
  readonly mostBytes: number;
};

const longestFetchMs = 5 * 3_600_000;
const sweepEveryMs = 3_600_000;

/**
 * Archives that were fetched, by their checksums. Everything is on the disk and locked by files, so that it outlives the
 * process and several processes may share the directory. `<sha256>.part` holds the bytes fetched so far; once its
 * checksum is proven it becomes `<sha256>.tar.gz`, and `<sha256>.json` says what was found in it.
 */
export function createStore(options: StoreOptions): Pick<Archives, 'stored' | 'withFetched'> {
  const { directory } = options;
  let sweptAt = Number.NEGATIVE_INFINITY;
  const sweep = async () => {
    if (performance.now() - sweptAt < sweepEveryMs) return;
    sweptAt = performance.now();
    await removeOld(directory);
  };
  return {
    stored: async (sha256) => {
      await sweep();
      return readMark(storePaths(directory, sha256));
    },
    withFetched: async (wanted, call, use) => {
      await prepare(directory);
      await sweep();
      const paths = storePaths(directory, wanted.sha256);
      // Between the fetch and its use somebody else may remove the archive to make room; it is unlikely that this happens
      // again and again.
      for (let tries = 0; tries < 3; tries += 1) {
        const used = await withDeadline(wanted, call, (signal) => lockKept(paths, signal));
        if (used !== null) return useKept(used, use);
        await withDeadline(wanted, call, (signal) => fetchUnlessKept({ ...options, wanted, call, signal }));
      }
      throw new AppError('PRECONDITION_FAILED', `${paths.archive} was removed again and again to make room`, {
        hint: 'Give STARWARDEN_DOWNLOADS_MAX_GIB a larger value.',
        retryable: true,
      });
    },
  };
}

type Kept = { readonly archive: FetchedArchive; readonly lock: FileLock };

/** The archive, with a lock that keeps it from being removed; null = it is not here. Waits for a fetch that is under way. */
async function lockKept(paths: StorePaths, signal: AbortSignal): Promise<Kept | null> {
  const lock = await lockFile(paths.lock, { mode: 'shared', signal });
  try {
    const found = await readMark(paths);
    if (found !== null) {
      // The time of the last use decides what is removed first.
      await noteUse(paths);
      return { archive: { ...found, path: paths.archive }, lock };
    }
  } catch (error) {
    await lock.release();
    throw error;
  }
  await lock.release();
  return null;
}

async function useKept<T>({ archive, lock }: Kept, use: (archive: FetchedArchive) => Promise<T>): Promise<T> {
  try {
    return await use(archive);
  } finally {
    await lock.release();
  }
}

async function fetchUnlessKept(fetching: Fetching): Promise<void> {
  const paths = storePaths(fetching.directory, fetching.wanted.sha256);
  const lock = await lockFile(paths.lock, { mode: 'exclusive', signal: fetching.signal });
  try {
    if ((await readMark(paths)) === null) await fetchWhole(fetching);
  } finally {
    await lock.release();
  }
}

async function withDeadline<T>(
  { url }: ArchiveAtUrl,
  { timeoutMs = longestFetchMs, signal }: FetchCall,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = startDeadline({ what: `fetching ${url}`, timeoutMs, signal });
  try {
    return await work(deadline.signal);
  } finally {
    deadline.end();
  }
}

/** Where everybody may write in the directory above, a directory that is there already has to be ours. */
async function prepare(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const [found, above] = await Promise.all([lstat(directory), stat(dirname(directory))]);
    const isOurs = found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
    if (isOurs || (above.mode & 0o002) === 0) return;
  } catch (cause) {
    throw new AppError('PRECONDITION_FAILED', `${directory} cannot be made: ${messageOf(cause)}`, {
      hint: 'STARWARDEN_DOWNLOADS_DIR names a directory that Starwarden may write to.',
      cause,
    });
  }
  throw new AppError('PRECONDITION_FAILED', `${directory} does not belong to Starwarden alone`, {
    hint: 'STARWARDEN_DOWNLOADS_DIR names a directory in which nobody else may write.',
  });
}
