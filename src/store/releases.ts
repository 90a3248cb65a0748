import { z } from 'zod';
import type { Release } from '../domain/release.ts';
import { releaseParts, releaseSourceKinds } from '../domain/release.ts';
import type { Queryable } from './database.ts';
import { fromJson } from './json.ts';
import type { ReleaseRow } from './tables.ts';

const parts = z.array(z.enum(releaseParts));
const sourceKind = z.enum(releaseSourceKinds);

/** The release with this very version text; null = none is registered. */
export async function findRelease(db: Queryable, version: string): Promise<Release | null> {
  const row = await db.selectFrom('release').selectAll().where('version', '=', version).executeTakeFirst();
  return row === undefined ? null : toRelease(row);
}

export function toRelease(row: ReleaseRow): Release {
  return {
    id: row.id,
    version: row.version,
    source: { kind: sourceKind.parse(row.source_kind), location: row.location },
    sha256: row.sha256,
    sizeBytes: row.size_bytes === null ? null : Number(row.size_bytes),
    contents: fromJson(parts, row.contents),
    minimumJdk: row.minimum_jdk,
    registeredAt: row.registered_at,
    registeredByName: row.registered_by_name,
  };
}
