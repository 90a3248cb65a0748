import { open, stat } from 'node:fs/promises';
import type { Client, SFTPWrapper } from 'ssh2';
import { AppError, messageOf } from '../../errors.ts';
import type { Deadline } from '../deadline.ts';

export type Upload = { readonly localPath: string; readonly remotePath: string; readonly mode?: number };

const defaultMode = 0o644;

/**
 * Writes beside the target and renames last, so that whoever looks at `remotePath` sees the old file or the whole new
 * one. When it fails, the temporary file is removed if the host can still be talked to.
 */
export async function uploadFile(
  file: Upload,
  { client, deadline, where }: { client: Client; deadline: Deadline; where: string },
): Promise<void> {
  const temporary = `${file.remotePath}.${crypto.randomUUID()}.part`;
  const sftp = await deadline.race(openSftp(client));
  try {
    await deadline.race(write(sftp, { ...file, temporary }));
  } catch (error) {
    sftp.destroy();
    await removeQuietly(client, temporary);
    if (error instanceof AppError) throw error;
    throw new AppError('COMMAND_FAILED', `${file.remotePath} could not be written on ${where}: ${messageOf(error)}`, {
      hint: 'Check that the directory exists, that the user may write there, and that there is space',
      cause: error,
    });
  }
  sftp.end();
}

async function write(sftp: SFTPWrapper, file: Upload & { readonly temporary: string }): Promise<void> {
  const { size } = await stat(file.localPath);
  // The library's copy gives no sign of an empty file, which opening it for writing has made already.
  if (size > 0) await done((callback) => sftp.fastPut(file.localPath, file.temporary, {}, callback));
  else await (await open(file.localPath)).close();

  const handle = await new Promise<Buffer>((resolve, reject) => {
    sftp.open(file.temporary, size > 0 ? 'r+' : 'w', (error, opened) => (error ? reject(error) : resolve(opened)));
  });
  const { promise: written, resolve, reject } = Promise.withResolvers<number>();
  sftp.fstat(handle, (error, attributes) => (error ? reject(error) : resolve(attributes.size)));
  const writtenSize = await written;
  if (writtenSize !== size) throw new Error(`${writtenSize} of ${size} bytes arrived`);
  // Set here and not on opening: the host's umask has no say.
  await done((callback) => sftp.fchmod(handle, file.mode ?? defaultMode, callback));
  await whereOffered((callback) => sftp.ext_openssh_fsync(handle, callback));
  await done((callback) => sftp.close(handle, callback));

  const { temporary, remotePath } = file;
  // The plain rename of SFTP refuses to replace a file; posix-rename does it in one step.
  const isReplaced = await whereOffered((callback) => sftp.ext_openssh_rename(temporary, remotePath, callback));
  if (!isReplaced) await done((callback) => sftp.rename(temporary, remotePath, callback));
}

type Callback = (error?: Error | null) => void;

function done(action: (callback: Callback) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    action((error) => (error ? reject(error) : resolve()));
  });
}

/** False when the server lacks the extension: ssh2 throws at once then, without asking it. */
async function whereOffered(action: (callback: Callback) => void): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  try {
    action((error) => (error ? reject(error) : resolve(true)));
  } catch {
    resolve(false);
  }
  return promise;
}

function openSftp(client: Client): Promise<SFTPWrapper> {
  return new Promise((resolve, reject) => {
    client.sftp((error, sftp) => (error ? reject(error) : resolve(sftp)));
  });
}

/** In a session of its own: the one that failed may be stuck. */
async function removeQuietly(client: Client, path: string): Promise<void> {
  const { promise: tooLong, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, 2_000);
  const remove = async () => {
    const sftp = await openSftp(client);
    await done((callback) => sftp.unlink(path, callback));
    sftp.end();
  };
  // The failure that led here is the one to tell; a leftover `.part` file harms nobody.
  await Promise.race([remove().catch(() => undefined), tooLong]);
  clearTimeout(timer);
}
