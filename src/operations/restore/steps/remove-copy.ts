import { z } from 'zod';
import type { SqlReader } from '../../../adapters/starrocks/port.ts';
import { dropDatabase, dropTable, dropView } from '../../../adapters/starrocks/restore-statements.ts';
import { objectTypes } from '../../../domain/backup/content.ts';
import { defineStep } from '../../../steps/define.ts';
import { ofTarget, restoreParams } from '../params.ts';
import { findDatabaseId, findRestore, isOver, listTables } from '../read-copy.ts';
import { cancelOurs } from './cancel-ours.ts';

/**
 * The id by which the database is known to be ours, whoever uses its name later, and what is restored into it, so that it can
 * be removed also when the backups have gone.
 */
export const madeFacts = z.object({
  databaseId: z.string(),
  objects: z.array(z.object({ name: z.string(), type: z.enum(objectTypes) })),
});

export type MadeFacts = z.infer<typeof madeFacts>;

/** What `makeTarget` remembered, by its kind: it names this step as its way back. */
const made = { kind: 'makeTarget', readFacts: (facts: unknown) => madeFacts.safeParse(facts).data ?? null };

/**
 * Removes what a restore has made: the tables that it restored, one by one, and the database when nothing else stands in it.
 * Only in the database of the id that was made by this run; where that is not known, and of whatever somebody else put there,
 * nothing is removed. Nothing is dropped with FORCE.
 */
export const removeCopy = defineStep({
  kind: 'removeCopy',
  params: restoreParams,
  about: ofTarget,
  effect: 'changes',
  removes: 'a database',
  ports: ['sql'],
  needs: { made: [made] },
  timeoutMs: 900_000,
  settleMs: 30_000,
  repeat: 'safe',
  describe: ({ target }) => `Remove what was restored into ${target}`,
  check: async (given, { sql }, { found, signal, log }) => {
    if (found.made === null) {
      log(`It is not known that this run made ${given.target}: nothing is removed there`);
      return { state: 'done' };
    }
    if ((await findDatabaseId(sql, given.target, signal)) !== found.made.databaseId) return { state: 'done' };
    if (await isRestoring(sql, given.target, signal)) return { state: 'todo' };
    const standing = await listTables(sql, given.target, signal);
    if (standing.length === 0) return { state: 'todo' };
    const ours = new Set(found.made.objects.map(({ name }) => name));
    if (standing.some((name) => ours.has(name))) return { state: 'todo' };
    log(`${given.target} is left: ${standing.join(', ')} in it is not of this run`);
    return { state: 'done' };
  },
  apply: async ({ target }, { sql }, { found, signal }) => {
    const still = async () => {
      const id = await findDatabaseId(sql, target, signal);
      return id !== null && id === found.made?.databaseId;
    };
    if (!(await still())) return;
    const call = { signal, route: 'leader', timeoutMs: 60_000 } as const;
    // In a database that this run made, every restore is this run's.
    await cancelOurs(sql, { target, databaseId: found.made?.databaseId ?? null }, { isOurs: () => true, signal });
    const standing = new Set(await listTables(sql, target, signal));
    for (const { name, type } of found.made?.objects ?? []) {
      if (!standing.has(name) || !(await still())) continue;
      const statement = type === 'VIEW' ? dropView : dropTable;
      await sql.query(statement({ database: target, table: name }), call);
    }
    // Right before the statement, which asks nobody whether something stands there.
    if ((await still()) && (await listTables(sql, target, signal)).length === 0)
      await sql.query(dropDatabase(target), call);
  },
  undo: { impossible: 'RECOVER DATABASE and RECOVER TABLE bring back what was dropped, for a day' },
});

async function isRestoring(sql: SqlReader, target: string, signal: AbortSignal): Promise<boolean> {
  const job = await findRestore(sql, target, signal);
  return job !== null && !isOver(job);
}
