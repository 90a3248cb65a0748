import { z } from 'zod';
import { backupKinds } from '../../../domain/backup/backup.ts';
import { objectTypes } from '../../../domain/backup/content.ts';

export const backupObject = z.object({
  type: z.enum(objectTypes),
  name: z.string(),
  partitions: z.array(z.string()).nullable(),
});

/** What was asked for. Nothing in it depends on what changes by the minute: a plan that waits stays the same. */
export const takeParams = z.object({
  database: z.string(),
  repository: z.string(),
  kind: z.enum(backupKinds),
  /** Null = everything that stands in the database when its turn comes. */
  objects: z.array(backupObject).nullable(),
  policyId: z.string().nullable(),
  tier: z.string().nullable(),
  /** Null = a name is made when its turn has come; a retry makes another one. */
  snapshot: z.string().nullable(),
  timeoutSeconds: z.number(),
});
export type TakeParams = z.infer<typeof takeParams>;

export const ofDatabase = ({ database }: Pick<TakeParams, 'database'>) =>
  ({ kind: 'database', id: database, label: database }) as const;
