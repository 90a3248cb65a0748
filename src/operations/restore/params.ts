import { z } from 'zod';
import { places } from '../../domain/restore/preflight.ts';

/** What every step of a restore knows: which backups, what of them, and the database that is filled. */
/**
 * `BESIDE`: into a database that the run makes. `OWN_NAMES`: into the database that the tables were dropped from, where their
 * names are free.
 */
export const restoreParams = z.object({
  place: z.enum(places),
  database: z.string(),
  /** The database that is filled. */
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
