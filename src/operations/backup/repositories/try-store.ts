import { randomBytes } from 'node:crypto';
import type { ObjectReader, ObjectStore } from '../../../adapters/object-store/port.ts';
import { AppError } from '../../../errors.ts';

/** Object that StarRocks writes when it makes a repository, and looks for whenever it mounts one. */
export const repositoryInfo = '__repo_info';

/** How long a try of the store may take for each request. */
const call = (signal: AbortSignal) => ({ signal, timeoutMs: 15_000 });

/**
 * Puts, reads, removes and lists one object under the repository's own root. StarRocks does not look at its name. Throws
 * the first of the errors that the store answers with; an object that could not be removed is named in it.
 */
export async function tryToChange(store: ObjectStore, { marker, signal }: { marker: string; signal: AbortSignal }) {
  const content = randomBytes(16);
  await store.put(marker, content, call(signal));
  const failure = await readBack(store, { marker, content, signal }).catch((error: unknown) => error);
  await store.remove(marker, call(signal)).catch((error: unknown) => {
    throw error instanceof AppError
      ? new AppError(error.code, `${error.message}; ${marker} stays behind there`, {
          hint: error.hint ?? '',
          cause: error,
        })
      : error;
  });
  if (failure !== undefined) throw failure;
  if ((await store.head(marker, call(signal))) !== null)
    throw new AppError('OBJECT_STORE_FAILED', `${marker} was removed, and is still there`, {
      hint: 'Look whether something in the bucket brings back what was removed.',
    });
}

/** Lists, and reads what StarRocks wrote there. Answers whether a repository is there already. */
export async function tryToRead(store: ObjectReader, signal: AbortSignal): Promise<{ readonly isThere: boolean }> {
  const info = await store.head(repositoryInfo, call(signal));
  if (info === null) return { isThere: false };
  let bytes = 0;
  for await (const piece of store.read(repositoryInfo, call(signal))) bytes += piece.byteLength;
  if (bytes === info.size) return { isThere: true };
  throw new AppError('OBJECT_STORE_BROKE_OFF', `${repositoryInfo} has ${bytes} bytes, and its list says ${info.size}`, {
    hint: 'Look at the store.',
  });
}

async function readBack(
  store: ObjectReader,
  { marker, content, signal }: { marker: string; content: Uint8Array; signal: AbortSignal },
): Promise<undefined> {
  const pieces: Uint8Array[] = [];
  for await (const piece of store.read(marker, call(signal))) pieces.push(piece);
  if (Buffer.concat(pieces).equals(content)) return undefined;
  throw new AppError('OBJECT_STORE_FAILED', `${marker} was written, and reads as something else`, {
    hint: 'Look at the store: a backup could not be relied on there.',
  });
}
