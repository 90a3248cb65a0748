import type { Selectable } from 'kysely';
import { z } from 'zod';
import { backupKinds, verificationLevels } from '../../domain/backup/backup.ts';
import type { BackupPolicy, BackupPolicyContent } from '../../domain/backup/policy.ts';
import type { Reader } from '../database.ts';
import type { Tables } from '../generated/tables.ts';
import { fromJson } from '../json.ts';

const keepShape = z.discriminatedUnion('rule', [
  z.object({ rule: z.literal('COUNT'), count: z.number() }),
  z.object({ rule: z.literal('AGE'), hours: z.number() }),
  z.object({
    rule: z.literal('GFS'),
    days: z.number(),
    weeks: z.number(),
    months: z.number(),
    years: z.number(),
  }),
]);

const contentShape: z.ZodType<BackupPolicyContent> = z.object({
  databases: z.array(z.string()),
  exceptDatabases: z.array(z.string()),
  repository: z.string(),
  timeZone: z.string(),
  tiers: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(backupKinds),
      cron: z.string(),
      jitterSeconds: z.number(),
      keep: z.array(keepShape),
      verify: z.enum(verificationLevels),
    }),
  ),
  retentionCron: z.string(),
  keepUsableFulls: z.number(),
  promiseHours: z.number(),
  shrunkPercent: z.number(),
  parallel: z.number(),
  timeoutSeconds: z.number(),
});

export function toPolicy(row: Selectable<Tables['backup_policy']>): BackupPolicy {
  const { armed_hash, armed_by_id, armed_by_name, armed_at } = row;
  const isArmed = armed_hash !== null && armed_by_id !== null && armed_by_name !== null && armed_at !== null;
  return {
    id: row.id,
    clusterId: row.cluster_id,
    name: row.name,
    content: fromJson(contentShape, row.content),
    owner: { id: row.owner_id, name: row.owner_name },
    armed: isArmed ? { contentHash: armed_hash, byId: armed_by_id, byName: armed_by_name, at: armed_at } : null,
    revision: row.revision,
    createdAt: row.created_at,
    changedAt: row.changed_at,
  };
}

/** A policy that was not removed; null = there is none with this id. */
export async function findPolicy(db: Reader, id: string): Promise<BackupPolicy | null> {
  const row = await db
    .selectFrom('backup_policy')
    .selectAll()
    .where('id', '=', id)
    .where('removed_at', 'is', null)
    .executeTakeFirst();
  return row === undefined ? null : toPolicy(row);
}

/** The policies of a cluster that were not removed, by name. */
export async function listPolicies(db: Reader, clusterId: string): Promise<readonly BackupPolicy[]> {
  const rows = await db
    .selectFrom('backup_policy')
    .selectAll()
    .where('cluster_id', '=', clusterId)
    .where('removed_at', 'is', null)
    .orderBy('name')
    .execute();
  return rows.map(toPolicy);
}
