import { createHash } from 'node:crypto';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { AppError, messageOf } from '../../errors.ts';
import { type Deadline, startDeadline } from '../deadline.ts';
import { listMembers } from './list-members.ts';
import type { ArchiveCall, Archives, ExamineCall, ExaminedArchive } from './port.ts';
import { createStore, type StoreOptions } from './store.ts';

const chunkBytes = 1_048_576;

export type ArchivesOptions = Pick<Archives, 'head'> & Omit<StoreOptions, 'examine'>;

/** Archives on this machine. What fetches over HTTP is passed in, because another adapter is responsible for it. */
export function createArchives({ head, ...store }: ArchivesOptions): Archives {
  const examine: Archives['examine'] = (path, call = {}) =>
    within(`reading ${path}`, call, 30 * 60_000, async (deadline) => {
      await sizeOf(path);
      const file = await open(path).catch((cause) => refuse(path, cause));
      try {
        return await examineFile(file, { deadline, call });
      } finally {
        await file.close();
      }
    });
  return {
    head,
    sizeOf: (path, call) => within(`looking at ${path}`, call, 10_000, () => sizeOf(path)),
    examine,
    ...createStore({ ...store, examine }),
  };
}

async function within<T>(
  what: string,
  { timeoutMs, signal }: ArchiveCall = {},
  defaultMs: number,
  work: (deadline: Deadline) => Promise<T>,
): Promise<T> {
  const deadline = startDeadline({ what, timeoutMs: timeoutMs ?? defaultMs, signal });
  try {
    return await deadline.race(work(deadline));
  } finally {
    deadline.end();
  }
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch((cause) => refuse(path, cause));
  if (found.isFile()) return found.size;
  return refuse(path);
}

function refuse(path: string, cause?: unknown): never {
  const why = cause === undefined ? 'it is no regular file' : messageOf(cause);
  throw new AppError('NOT_FOUND', `There is no archive to read at ${path}: ${why}`, {
    hint: 'Put it back, or register the release again with the place where it is.',
    cause,
  });
}

/** One reading feeds both the checksum and `tar`, because an archive has some gigabytes. */
async function examineFile(
  file: FileHandle,
  { deadline, call }: { deadline: Deadline; call: ExamineCall },
): Promise<ExaminedArchive> {
  const list = listMembers();
  const hash = createHash('sha256');
  let sizeBytes = 0;
  try {
    for await (const chunk of file.createReadStream({ highWaterMark: chunkBytes, autoClose: false })) {
      deadline.signal.throwIfAborted();
      hash.update(chunk);
      sizeBytes += chunk.length;
      call.onBytes?.(sizeBytes);
      await list.write(chunk);
    }
    return { sizeBytes, sha256: hash.digest('hex'), ...(await list.end()) };
  } finally {
    list.kill();
  }
}
