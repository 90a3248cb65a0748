import { type FileHandle, open } from 'node:fs/promises';
import type { Client, SFTPWrapper } from 'ssh2';
import { AppError, messageOf } from '../../errors.ts';
import type { Deadline } from '../deadline.ts';
import { openingFailure } from './login-answer.ts';
import type { Upload } from './port.ts';
import * as remote from './sftp.ts';

const defaultMode = 0o644;
/**
 * Every server accepts a write of this size as a whole. OpenSSH takes 32 KiB in one packet: a write goes into it with its
 * header, where 32 KiB of data would need a second packet, which costs as much as the first.
 */
const chunkBytes = 32_256;
/** 2 MiB: enough for 1 Gbit/s at a distance of 16 ms. */
const chunksUnderWay = 64;
/** How much is read at a time from the local file, which is never in memory as a whole. */
const blockBytes = 1_048_576;
const progressEveryMs = 500;

/**
 * Writes beside the target and renames last, so that a reader of `remotePath` sees the old file or the whole new one.
 * When it fails, the temporary file is removed if the host can still be reached, unless it is to be resumed.
 */
export async function uploadFile(
  file: Upload,
  { client, deadline, where }: { client: Client; deadline: Deadline; where: string },
): Promise<void> {
  const temporary = `${file.remotePath}${file.resume ? '' : `.${crypto.randomUUID()}`}.part`;
  const sftp = await deadline.race(
    remote.openSftp(client).catch((error: unknown) => Promise.reject(noSftp(error, where))),
  );
  let local: FileHandle | null = null;
  try {
    local = await open(file.localPath);
    await deadline.race(write({ sftp, local, file: { ...file, temporary }, signal: deadline.signal }));
  } catch (error) {
    sftp.destroy();
    if (!file.resume) await removeQuietly(client, temporary);
    if (error instanceof AppError) throw error;
    throw new AppError('COMMAND_FAILED', `${file.remotePath} could not be written on ${where}: ${messageOf(error)}`, {
      hint: 'Check that the directory exists, that the user may write there, and that there is space',
      cause: error,
    });
  } finally {
    // Closed here and not in `write`, which may wait for ever in a session that was given up.
    await local?.close();
  }
  sftp.end();
}

/** That no session could be opened is another error than that the session has no SFTP. */
function noSftp(error: unknown, where: string): Error {
  if (error instanceof Error && ('reason' in error || error.message === 'Not connected')) return openingFailure(error);
  return new AppError('SSH_NO_SFTP', `${where} takes no files over SFTP: ${messageOf(error)}`, {
    hint: 'Set `Subsystem sftp internal-sftp` in sshd_config of the host, and let the login print nothing when nobody types',
    cause: error,
  });
}

type Writing = {
  readonly sftp: SFTPWrapper;
  readonly local: FileHandle;
  readonly file: Upload & { readonly temporary: string };
  readonly signal: AbortSignal;
};

async function write({ sftp, local, file, signal }: Writing): Promise<void> {
  const { size } = await local.stat();
  if (file.resume && (await remote.sizeOf(sftp, file.remotePath)) === size) return file.onProgress?.(size);
  const handle = await openTemporary(sftp, file, size);
  const start = await remote.sizeOfOpen(sftp, handle);
  await send({ sftp, handle, local, start, end: size, signal, onProgress: file.onProgress });
  const writtenSize = await remote.sizeOfOpen(sftp, handle);
  if (writtenSize !== size) throw new Error(`${writtenSize} of ${size} bytes arrived`);
  // Set here and not on opening, because there the host's umask would change it.
  await remote.finish(sftp, handle, file.mode ?? defaultMode);
  await remote.replace(sftp, file.temporary, file.remotePath);
}

/** Opens the file for writing; what it holds already is the beginning of the file, or nothing. */
async function openTemporary(
  sftp: SFTPWrapper,
  { resume, temporary }: Upload & { readonly temporary: string },
  size: number,
): Promise<Buffer> {
  const present = resume ? await remote.sizeOf(sftp, temporary) : null;
  const isBeginning = present !== null && present <= size;
  return remote.openFile(sftp, temporary, isBeginning ? 'r+' : 'w');
}

type Sending = {
  readonly sftp: SFTPWrapper;
  readonly handle: Buffer;
  readonly local: FileHandle;
  readonly start: number;
  readonly end: number;
  readonly signal: AbortSignal;
  readonly onProgress: ((bytes: number) => void) | undefined;
};

/**
 * Sends the writes in order, and the server carries them out in that order: what an interrupted upload leaves has no
 * holes. If a server did otherwise, the sizes would agree but the checksum would not.
 */
async function send({ sftp, handle, local, start, end, signal, onProgress }: Sending): Promise<void> {
  const underWay = new Set<Promise<void>>();
  let arrived = start;
  let reportedAt = performance.now();
  const sendChunk = async (chunk: Buffer, at: number) => {
    await remote.writeChunk(sftp, handle, { chunk, at });
    arrived += chunk.length;
    if (performance.now() - reportedAt < progressEveryMs) return;
    reportedAt = performance.now();
    onProgress?.(arrived);
  };
  const block = Buffer.allocUnsafe(blockBytes);
  for (let at = start; at < end && !signal.aborted; at += block.length) {
    const length = Math.min(block.length, end - at);
    await readFully(local, block.subarray(0, length), at);
    for (let from = 0; from < length; from += chunkBytes) {
      const sending = sendChunk(block.subarray(from, Math.min(from + chunkBytes, length)), at + from);
      underWay.add(sending);
      // A failure is handled where all of them are awaited.
      sending.then(
        () => underWay.delete(sending),
        () => undefined,
      );
      if (underWay.size >= chunksUnderWay) await Promise.race(underWay);
    }
  }
  await Promise.all(underWay);
  if (!signal.aborted) onProgress?.(arrived);
}

async function readFully(local: FileHandle, into: Buffer, position: number): Promise<void> {
  let filled = 0;
  while (filled < into.length) {
    const { bytesRead } = await local.read(into, filled, into.length - filled, position + filled);
    if (bytesRead === 0) throw new Error('the local file became shorter while it was sent');
    filled += bytesRead;
  }
}

/** In a session of its own: the one that failed may be stuck. */
async function removeQuietly(client: Client, path: string): Promise<void> {
  const { promise: tooLong, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, 2_000);
  const remove = async () => {
    const sftp = await remote.openSftp(client);
    await remote.removeFile(sftp, path);
    sftp.end();
  };
  // The failure that led here is the one to report; a leftover `.part` file harms nobody.
  await Promise.race([remove().catch(() => undefined), tooLong]);
  clearTimeout(timer);
}
