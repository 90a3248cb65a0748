import { type FileHandle, open, rename, truncate } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../errors.ts';
import type { ArchiveAtUrl, Archives, ExaminedArchive, FetchCall } from './port.ts';
import { removeKept, sizeOf, storePaths, writeMark } from './store-files.ts';
import { makeRoom, noSpace, tooLarge } from './store-room.ts';

export type Source = {
  /** Begins to fetch a file at the byte `from`. */
  readonly download: (url: string, call: { from: number; signal: AbortSignal }) => Promise<Incoming>;
  readonly examine: Archives['examine'];
};

export type Incoming = {
  /** 416: the server has nothing from there on. */
  readonly status: 200 | 206 | 416;
  readonly from: number;
  readonly wholeBytes: number | null;
  readonly body: AsyncIterable<Uint8Array>;
};

const longestReadMs = 3_600_000;
const mostTries = 20;
const pauseMs = 1_000;
const tellEveryMs = 500;

export type Fetching = Source & {
  readonly directory: string;
  readonly mostBytes: number;
  readonly wanted: ArchiveAtUrl;
  readonly signal: AbortSignal;
  readonly call: FetchCall;
};

/** Fetches until the checksum is right: a first part that turns out to be of another file is thrown away, once. */
export async function fetchWhole(fetching: Fetching): Promise<void> {
  const { directory, wanted, signal, examine } = fetching;
  const paths = storePaths(directory, wanted.sha256);
  const began = await sizeOf(paths.part);
  await receive(fetching);
  let found = await examine(paths.part, { signal, timeoutMs: longestReadMs });
  if (found.sha256 !== wanted.sha256 && began > 0) {
    await truncate(paths.part, 0);
    await receive(fetching);
    found = await examine(paths.part, { signal, timeoutMs: longestReadMs });
  }
  if (found.sha256 !== wanted.sha256) {
    await removeKept(paths);
    throw otherSum(wanted, found);
  }
  await rename(paths.part, paths.archive);
  await writeMark(paths, found);
}

function otherSum({ url, sha256 }: ArchiveAtUrl, found: ExaminedArchive): AppError {
  const what = found.unreadable === null ? '' : `, and ${found.unreadable}`;
  return new AppError(
    'PRECONDITION_FAILED',
    `${url} gave ${found.sizeBytes} bytes with the SHA-256 sum ${found.sha256}, not ${sha256}${what}; they were removed`,
    { hint: 'The archive is not the one that was registered. Register the right one, then ask again.' },
  );
}

/** After a connection broke, the fetch is continued for as long as that brings more of the file. */
async function receive(fetching: Fetching): Promise<void> {
  const { directory, wanted, signal } = fetching;
  const { part } = storePaths(directory, wanted.sha256);
  for (let tries = 1; ; tries += 1) {
    const before = await sizeOf(part);
    try {
      return await receiveOnce(fetching, before);
    } catch (error) {
      signal.throwIfAborted();
      const isCut = error instanceof AppError && error.code === 'HTTP_FAILED' && error.retryable;
      if (!isCut || tries === mostTries || (await sizeOf(part)) <= before) throw error;
      await sleep(pauseMs, undefined, { signal });
    }
  }
}

async function receiveOnce(fetching: Fetching, present: number): Promise<void> {
  const { directory, mostBytes, wanted, signal, call, download } = fetching;
  const paths = storePaths(directory, wanted.sha256);
  const { status, from, wholeBytes, body } = await download(wanted.url, { from: present, signal });
  // The file is whole already, or too long: the checksum will show which.
  if (status === 416) return;
  await makeRoom({ directory, mostBytes, wanted: wanted.sha256, neededBytes: (wholeBytes ?? from) - from });
  const file = await open(paths.part, from > 0 ? 'r+' : 'w', 0o600);
  let at = from;
  let reportedAt = performance.now();
  try {
    for await (const chunk of body) {
      signal.throwIfAborted();
      await writeFully(file, chunk, at);
      at += chunk.byteLength;
      // The server gave no size, or a wrong one.
      if (at > mostBytes) throw tooLarge({ bytes: at, mostBytes, directory });
      if (performance.now() - reportedAt < tellEveryMs) continue;
      reportedAt = performance.now();
      call.onProgress?.(at, wholeBytes);
    }
    await file.sync();
  } catch (error) {
    await file.close();
    // The bytes fetched so far take room that others need; a retry begins anew.
    if (isFull(error) || (error instanceof AppError && error.code === 'PRECONDITION_FAILED')) await removeKept(paths);
    throw isFull(error) ? noSpace({ directory, cause: error }) : error;
  }
  await file.close();
  call.onProgress?.(at, wholeBytes);
}

async function writeFully(file: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < chunk.byteLength) {
    const { bytesWritten } = await file.write(chunk, written, chunk.byteLength - written, position + written);
    written += bytesWritten;
  }
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}
