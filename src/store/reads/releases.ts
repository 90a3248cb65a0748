import type { Release } from '../../domain/upgrade/release.ts';
import { compareVersions, parseVersion, releaseNameOf } from '../../domain/version.ts';
import type { Reader } from '../database.ts';
import { toRelease } from '../upgrades/upgrade-rows.ts';

/*
 * The catalogue belongs to the installation, not to a cluster: whoever may read it sees all of it.
 */

/** The release that this text means, however it is written: `3.4.0-RC1` finds `3.4.0-rc01`; null = none is registered. */
export async function findRelease(db: Reader, version: string): Promise<Release | null> {
  const row = await db
    .selectFrom('release')
    .selectAll()
    .where('version', '=', catalogueName(version))
    .executeTakeFirst();
  return row === undefined ? null : toRelease(row);
}

export async function findReleaseById(db: Reader, id: string): Promise<Release | null> {
  const row = await db.selectFrom('release').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : toRelease(row);
}

/** The whole catalogue, newest version first; an installation has some dozens of releases. */
export async function listReleases(db: Reader): Promise<readonly Release[]> {
  const releases = (await db.selectFrom('release').selectAll().execute()).map(toRelease);
  return releases.toSorted((a, b) => compareTexts(b.version, a.version));
}

/** The name under which a release stands in the catalogue, however its version was written. */
export function catalogueName(text: string): string {
  const version = parseVersion(text);
  return version === null ? text : releaseNameOf(version);
}

function compareTexts(a: string, b: string): number {
  const [left, right] = [parseVersion(a), parseVersion(b)];
  return left === null || right === null ? 0 : compareVersions(left, right);
}
