import { z } from 'zod';

/** What every step of a restore knows: which backups, what of them, and the database that is filled. */
export const restoreParams = z.object({
  database: z.string(),
  /** A new database, made by this run and by nobody else. */
  target: z.string(),
  fullId: z.string(),
  /** The backup whose moment it is; the full one itself, or one that is based on it. */
  chosenId: z.string(),
  /** Null = everything that stood there. */
  tables: z.array(z.string()).nullable(),
  replicas: z.number(),
  timeoutSeconds: z.number(),
});
export type RestoreParams = z.infer<typeof restoreParams>;

/** Which of the two backups a step restores. */
export const sides = ['full', 'incremental'] as const;
export type Side = (typeof sides)[number];

export const ofTarget = ({ target }: Pick<RestoreParams, 'target'>) =>
  ({ kind: 'database', id: target, label: target }) as const;
