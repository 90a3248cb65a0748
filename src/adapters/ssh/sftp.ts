import type { Client, SFTPWrapper } from 'ssh2';

/* The driver's callbacks as promises; only those that an upload needs. */

/** The status of SFTP for a file that is not there. */
const noSuchFile = 2;

export function openSftp(client: Client): Promise<SFTPWrapper> {
  return new Promise((resolve, reject) => {
    client.sftp((error, sftp) => (error ? reject(error) : resolve(sftp)));
  });
}

/** Null when there is no such file. */
export function sizeOf(sftp: SFTPWrapper, path: string): Promise<number | null> {
  return new Promise((resolve, reject) => {
    sftp.stat(path, (error, attributes) => {
      if (error === undefined || error === null) resolve(attributes.size);
      else if ('code' in error && error.code === noSuchFile) resolve(null);
      else reject(error);
    });
  });
}

export function sizeOfOpen(sftp: SFTPWrapper, handle: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    sftp.fstat(handle, (error, attributes) => (error ? reject(error) : resolve(attributes.size)));
  });
}

/** `w` makes the file, or empties it; `r+` leaves what it holds. */
export function openFile(sftp: SFTPWrapper, path: string, flags: 'w' | 'r+'): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    sftp.open(path, flags, (error, handle) => (error ? reject(error) : resolve(handle)));
  });
}

export function writeChunk(
  sftp: SFTPWrapper,
  handle: Buffer,
  { chunk, at }: { chunk: Buffer; at: number },
): Promise<void> {
  return done((callback) => sftp.write(handle, chunk, 0, chunk.length, at, callback));
}

/** Sets the permissions, has the server write the file to the disk where it can, and closes it. */
export async function finish(sftp: SFTPWrapper, handle: Buffer, mode: number): Promise<void> {
  await done((callback) => sftp.fchmod(handle, mode, callback));
  await whereOffered((callback) => sftp.ext_openssh_fsync(handle, callback));
  await done((callback) => sftp.close(handle, callback));
}

/** The plain rename of SFTP refuses to replace a file; posix-rename does it in one step. */
export async function replace(sftp: SFTPWrapper, from: string, to: string): Promise<void> {
  const isReplaced = await whereOffered((callback) => sftp.ext_openssh_rename(from, to, callback));
  if (!isReplaced) await done((callback) => sftp.rename(from, to, callback));
}

export function removeFile(sftp: SFTPWrapper, path: string): Promise<void> {
  return done((callback) => sftp.unlink(path, callback));
}

type Callback = (error?: Error | null) => void;

function done(action: (callback: Callback) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    action((error) => (error ? reject(error) : resolve()));
  });
}

/** False when the server lacks the extension: then ssh2 throws at once, without asking the server. */
async function whereOffered(action: (callback: Callback) => void): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  try {
    action((error) => (error ? reject(error) : resolve(true)));
  } catch {
    resolve(false);
  }
  return promise;
}
