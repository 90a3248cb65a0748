import { AppError } from '../../errors.ts';
import { ownedDir } from './shell-text.ts';

/*
 * What Starwarden keeps beside the binaries of a node:
 *
 *   <deployDir>/bin, lib, …                       what runs
 *   <deployDir>/conf, meta, log, storage          never touched
 *   <deployDir>/starwarden/archives/<sha256>.tar.gz   once for each host, at its first node
 *   <deployDir>/starwarden/staged/<id>/bin, lib, …    a release that waits to be swapped in
 *   <deployDir>/starwarden/kept/<name>/bin, lib, …    what ran before, to be swapped back
 *
 * All of it is on the file system of the binaries, so that a swap is renames and nothing else.
 */

/** Which half of an archive a node runs from. Compute nodes run from the backend's. */
export type ArchivePart = 'fe' | 'be';

/**
 * Directories that a release may bring for a node. `conf`, `meta`, `log` and `storage` belong to the node and are none of
 * them.
 */
export const releaseParts = ['bin', 'lib', 'www', 'spark-dpp', 'webroot', 'hive-udf', 'udf'] as const;

/**
 * The parts that belong to the release alone: where the new release does not have one, the old one is taken away. Other
 * directories may hold what people put there, so they are only replaced, never taken away.
 */
export const partsOfReleaseAlone = ['bin', 'lib', 'www', 'spark-dpp', 'webroot'] as const;

/** Without these a node cannot run. */
export const neededParts = ['bin', 'lib'] as const;

/** A file in each part that was staged, which says of which release it is. */
export const releaseMark = '.starwarden-release';

export function ownDirOf(deployDir: string): string {
  return `${ownedDir(deployDir)}/starwarden`;
}

/** Where the archive of a host is kept; `deployDir` is that of the host's first node. */
export function archiveFileOf({ deployDir, sha256 }: { deployDir: string; sha256: string }): string {
  return `${ownDirOf(deployDir)}/archives/${checkedSha256(sha256)}.tar.gz`;
}

/** The name of a release on the disk, e.g. `3.5.0-9f86d081`: two archives of one version may differ. */
export function stagedIdOf({ version, sha256 }: { version: string; sha256: string }): string {
  return checkedStagedId(`${version}-${checkedSha256(sha256).slice(0, 8)}`);
}

/**
 * The name for the binaries that ran before, e.g. `3.4.6-1a2b3c4_5QX8M2ZT`: the version as the node reported it, and the
 * run.
 */
export function keptNameOf({ version, runId }: { version: string; runId: string }): string {
  const plain = version.replace(/[^A-Za-z0-9._+-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return checkedKeptName(`${plain.slice(0, 80) || 'unknown'}_${runId.slice(-8)}`);
}

export function checkedSha256(text: string): string {
  return matching(text, /^[0-9a-f]{64}$/, 'a SHA-256 sum in lower case');
}

export function checkedStagedId(text: string): string {
  return matching(text, /^[A-Za-z0-9][A-Za-z0-9._+-]{0,100}-[0-9a-f]{8}$/, 'the name of a staged release');
}

export function checkedKeptName(text: string): string {
  return matching(text, /^[A-Za-z0-9][A-Za-z0-9._+-]{0,100}_[A-Za-z0-9]{8}$/, 'the name of kept binaries');
}

function matching(text: string, pattern: RegExp, what: string): string {
  if (!pattern.test(text) || text.includes('\n')) throw new AppError('INVALID_INPUT', `"${text}" is not ${what}`);
  return text;
}
