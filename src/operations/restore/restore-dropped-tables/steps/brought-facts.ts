import { z } from 'zod';
import { objectTypes } from '../../../../domain/backup/content.ts';

/** What stands there through this run, by the ids that StarRocks gave it. */
export const broughtFacts = z.object({
  databaseId: z.string(),
  tables: z.array(z.object({ name: z.string(), type: z.enum(objectTypes), id: z.string() })),
});
export type BroughtFacts = z.infer<typeof broughtFacts>;

/** What `bringBackTables` remembered, by its kind: it needs what it found for the backup before. */
export const brought = {
  kind: 'bringBackTables',
  readFacts: (facts: unknown) => broughtFacts.safeParse(facts).data ?? null,
};
