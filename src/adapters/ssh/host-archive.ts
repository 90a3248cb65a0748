import {
  archiveState,
  fetchArchive,
  linkArchive,
  prepareArchiveDir,
  removeArchive,
  verifyArchive,
} from './archive-commands.ts';
import { throwIfFailed } from './host-failure.ts';
import type { Shell, ShellCall, ShellReader, Upload } from './port.ts';
import { type ArchiveState, parseArchiveState } from './release-answers.ts';
import { archiveFileOf } from './release-dirs.ts';

/** The archive of a release on one host, at `deployDir` of its first node, which keeps it for the others. */
export type ArchivePlace = { readonly deployDir: string; readonly sha256: string };

/** `what` begins the sentence when the call fails. */
type Call = ShellCall & { readonly what: string };

/** Null when the answer cannot be read. */
export async function readArchiveState(
  shell: ShellReader,
  place: ArchivePlace,
  call: ShellCall,
): Promise<ArchiveState | null> {
  return parseArchiveState((await shell.run(archiveState(place), call)).stdout);
}

/** Has the host fetch the archive, continues after the bytes that are there, and compares the checksum. */
export async function fetchOnHost(
  shell: Shell,
  { url, ...place }: ArchivePlace & { readonly url: string },
  { what, ...call }: Call,
): Promise<void> {
  throwIfFailed(what, await shell.run(fetchArchive({ ...place, url }), call));
}

/** Takes an archive that is on the host already, as it is, and compares the checksum. */
export async function linkOnHost(
  shell: Shell,
  { path, ...place }: ArchivePlace & { readonly path: string },
  { what, ...call }: Call,
): Promise<void> {
  throwIfFailed(what, await shell.run(linkArchive({ ...place, path }), call));
}

/** Sends what `send` uploads, continues after the bytes that are there, and compares the checksum. */
export async function sendToHost(
  shell: Shell,
  place: ArchivePlace,
  { what, ...call }: Call,
  send: (upload: (file: Pick<Upload, 'localPath' | 'onProgress'>) => Promise<void>) => Promise<void>,
): Promise<void> {
  throwIfFailed(what, await shell.run(prepareArchiveDir(place), call));
  const { onLine: _lines, ...uploading } = call;
  await send((file) => shell.upload({ ...file, remotePath: archiveFileOf(place), resume: true }, uploading));
  throwIfFailed(what, await shell.run(verifyArchive(place), call));
}

export async function removeFromHost(shell: Shell, place: ArchivePlace, { what, ...call }: Call): Promise<void> {
  throwIfFailed(what, await shell.run(removeArchive(place), call));
}
