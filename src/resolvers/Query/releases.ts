import { z } from 'zod';
import type { Release } from '../../domain/upgrade/release.ts';
import { compareVersions, parseVersion } from '../../domain/version.ts';
import { findRelease, listReleases } from '../../store/reads/releases.ts';
import { type PageArguments, readConnection, slicePage } from '../connection.ts';
import { type RequestContext, requireSomewhere } from '../request-context.ts';

/** Everybody who may read some cluster may see the catalogue of releases: nothing in it is secret. */
export async function releases(_: unknown, page: PageArguments, context: RequestContext) {
  await requireSomewhere(context, { permission: 'cluster:read', action: 'releases' });
  return readConnection<Release, { version: string }>(page, {
    name: 'releases',
    key: z.object({ version: z.string() }),
    keyOf: ({ version }) => ({ version }),
    read: async (part) =>
      slicePage(await listReleases(context.deps.db), {
        ...part,
        isBehind: (row, key) => isOlder(row.version, key.version),
        isAhead: (row, key) => isOlder(key.version, row.version),
      }),
    count: async () => (await listReleases(context.deps.db)).length,
  });
}

export async function release(_: unknown, { version }: { version: string }, context: RequestContext) {
  await requireSomewhere(context, { permission: 'cluster:read', action: 'release' });
  return findRelease(context.deps.db, version);
}

function isOlder(a: string, b: string): boolean {
  const [left, right] = [parseVersion(a), parseVersion(b)];
  return left !== null && right !== null && compareVersions(left, right) < 0;
}
