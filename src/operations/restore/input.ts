import { z } from 'zod';
import { nameCopy } from '../../domain/restore/copy-name.ts';
import { backupId, clusterId, databaseName } from '../input/fields.ts';

/** What every restore is asked with. */
export const restoreFields = {
  clusterId,
  database: databaseName.meta({ description: 'The database that the backups are of; it may be gone by now.' }),
  at: z
    .string()
    .max(40)
    .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/, 'A time as 2026-11-27T06:00Z')
    .refine((text) => !Number.isNaN(Date.parse(text)), 'There is no such time')
    .optional()
    .meta({ description: 'The moment to go back to, as 2026-11-27T06:00Z; the newest backup when left out.' }),
  backupId: backupId
    .optional()
    .meta({ description: 'The very backup to restore, instead of a time.', reference: 'backup' }),
  target: databaseName
    .optional()
    .meta({ description: 'The database that is made for it; its name and the time of the request when left out.' }),
  replicas: z
    .int()
    .min(1)
    .max(9)
    .optional()
    .meta({ description: 'How many replicas each table gets; as many as it has now, when left out.' }),
  timeoutSeconds: z
    .int()
    .min(600)
    .max(604_800)
    .default(86_400)
    .meta({ description: 'After this StarRocks gives each of the restores up, in seconds.' }),
} as const;

type Open = { readonly at?: string | undefined; readonly backupId?: string | undefined };
type OpenTarget = Open & { readonly database: string; readonly target?: string | undefined };

/** What "now" was: a run that waits goes back to the moment at which it was asked for, whatever is backed up meanwhile. */
export function atNow<I extends Open>(given: I, now: Date): I {
  const isOpen = given.at === undefined && given.backupId === undefined;
  return isOpen ? { ...given, at: now.toISOString() } : given;
}

/** The moment, and the name of the copy. */
export function completeRestore<I extends OpenTarget>(given: I, now: Date): I & { target: string } {
  return { ...atNow(given, now), target: given.target ?? nameCopy(given.database, now) };
}
