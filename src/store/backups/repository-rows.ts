import type { Selectable } from 'kysely';
import { z } from 'zod';
import { type Repository, repositoryKinds, type S3Access } from '../../domain/backup/repository.ts';
import type { Reader } from '../database.ts';
import type { Tables } from '../generated/tables.ts';
import { fromJson } from '../json.ts';

const kindShape = z.enum(repositoryKinds);
const originShape = z.enum(['CREATED', 'TAKEN_OVER']);
const accessShape: z.ZodType<S3Access> = z.object({
  endpoint: z.string().nullable(),
  region: z.string().nullable(),
  pathStyle: z.boolean(),
  accessKeyRef: z.string(),
  secretKeyRef: z.string(),
});

export function toRepository(row: Selectable<Tables['repository']>): Repository {
  const { problem, problem_code, problem_since } = row;
  return {
    id: row.id,
    clusterId: row.cluster_id,
    name: row.name,
    location: row.location,
    kind: kindShape.parse(row.kind),
    readOnly: row.read_only === 1,
    origin: originShape.parse(row.origin),
    access: row.access === null ? null : fromJson(accessShape, row.access),
    checkedAt: row.checked_at,
    problem:
      problem === null || problem_code === null || problem_since === null
        ? null
        : { code: problem_code, message: problem, since: problem_since },
    usedBytes: row.used_bytes === null ? null : Number(row.used_bytes),
    freeBytes: row.free_bytes === null ? null : Number(row.free_bytes),
  };
}

export async function findRepository(db: Reader, clusterId: string, name: string): Promise<Repository | null> {
  const row = await db
    .selectFrom('repository')
    .selectAll()
    .where('cluster_id', '=', clusterId)
    .where('name', '=', name)
    .executeTakeFirst();
  return row === undefined ? null : toRepository(row);
}

/** By name. */
export async function listRepositories(db: Reader, clusterId: string): Promise<readonly Repository[]> {
  const rows = await db
    .selectFrom('repository')
    .selectAll()
    .where('cluster_id', '=', clusterId)
    .orderBy('name')
    .execute();
  return rows.map(toRepository);
}
