import { z } from 'zod';
import type { SqlReader } from '../../../../adapters/starrocks/port.ts';
import { readDatabaseState } from '../../../../adapters/starrocks/read-database-state.ts';
import { dropTable, dropView } from '../../../../adapters/starrocks/restore-statements.ts';
import { objectTypes } from '../../../../domain/backup/content.ts';
import { whyTouched } from '../../../../domain/restore/comparison.ts';
import { defineStep } from '../../../../steps/define.ts';
import { isOf } from '../../follow-job.ts';
import { ownPart } from '../../own-part.ts';
import { ofTarget, restoreParams, sides } from '../../params.ts';
import { findDatabaseId, findRestore, isOver, readTableIds } from '../../read-copy.ts';
import { readSelection } from '../../read-selection.ts';
import { cancelOurs } from '../../steps/cancel-ours.ts';
import { isEarlier, noteFreeNames } from './note-free-names.ts';

/** What stands there through this run, by the ids that StarRocks gave it. */
export const broughtFacts = z.object({
  databaseId: z.string(),
  /** Whether StarRocks said yes to each RESTORE of this run; else nothing is removed, since it may be somebody else's. */
  isCertain: z.boolean(),
  tables: z.array(z.object({ name: z.string(), type: z.enum(objectTypes), id: z.string() })),
});
export type BroughtFacts = z.infer<typeof broughtFacts>;

/** What `bringBackTables` remembered, by its kind: it names this step as its way back. */
export const brought = {
  kind: 'bringBackTables',
  readFacts: (facts: unknown) => broughtFacts.safeParse(facts).data ?? null,
};

type Table = BroughtFacts['tables'][number];

/**
 * Removes the tables that this run surely made, as long as nobody has written to them: of the id that is remembered, with the
 * versions that the backups have. StarRocks itself removes what a job had made that it gives up. Nothing is dropped with FORCE.
 */
export const removeBroughtBack = defineStep({
  kind: 'removeBroughtBack',
  params: restoreParams.extend({ side: z.enum(sides) }),
  about: ofTarget,
  effect: 'changes',
  removes: 'tables',
  ports: ['sql', 'catalogue'],
  needs: { free: [noteFreeNames], brought: [brought] },
  timeoutMs: 900_000,
  settleMs: 30_000,
  repeat: 'safe',
  describe: ({ target }) => `Remove the tables that were brought back in ${target}`,
  check: async (given, { sql, catalogue }, { found, signal, log }) => {
    const { free } = found;
    if (free === null || (await findDatabaseId(sql, given.target, signal)) !== free.databaseId)
      return { state: 'done' };
    const { backup } = await ownPart(catalogue, given);
    const job = await findRestore(sql, given.target, signal);
    if (job !== null && !isOver(job) && isOf(job, backup) && !isEarlier(job, free)) return { state: 'todo' };
    const standing = await ours(sql, found.brought, signal);
    if (standing.length === 0) return { state: 'done' };
    if (found.brought?.isCertain !== true) {
      log(`It is not certain that this run made ${standing.map(({ name }) => name).join(', ')}: nothing is removed`);
      return { state: 'done' };
    }
    const { selection } = await readSelection(catalogue, given);
    const { state } = await readDatabaseState(sql, given.target, { signal });
    for (const { name } of standing) {
      const wanted = selection.tables.find((table) => table.name === name);
      const now = state.tables.find((table) => table.name === name);
      const why = wanted === undefined || now === undefined ? 'it cannot be read' : whyTouched(wanted, now);
      if (why !== null)
        return {
          ...{ state: 'blocked', code: 'PRECONDITION_FAILED', message: `${name} is left in ${given.target}: ${why}` },
          hint: 'Look at it. What was written there is nowhere else.',
        };
    }
    return { state: 'todo' };
  },
  apply: async (given, { sql, catalogue }, { found, signal }) => {
    const { free } = found;
    const { target } = given;
    if (free === null) return;
    const { backup } = await ownPart(catalogue, given);
    await cancelOurs(
      sql,
      { target, databaseId: free.databaseId },
      { isOurs: (job) => isOf(job, backup) && !isEarlier(job, free), signal },
    );
    if (found.brought?.isCertain !== true) return;
    const { selection } = await readSelection(catalogue, given);
    for (const table of found.brought.tables) {
      // Right before each statement, which names the table only.
      const { state } = await readDatabaseState(sql, target, { signal });
      const wanted = selection.tables.find(({ name }) => name === table.name);
      const now = state.tables.find(({ name }) => name === table.name);
      if (wanted === undefined || now === undefined || whyTouched(wanted, now) !== null) continue;
      if ((await findDatabaseId(sql, target, signal)) !== free.databaseId) return;
      if ((await readTableIds(sql, free.databaseId, signal)).get(table.name) !== table.id) continue;
      const statement = table.type === 'VIEW' ? dropView : dropTable;
      await sql.query(statement({ database: target, table: table.name }), {
        ...{ signal, route: 'leader', timeoutMs: 60_000 },
      });
    }
  },
  undo: { impossible: 'RECOVER TABLE brings back what was dropped, for a day' },
});

/** What of it stands there still, and is no other table of the name. */
async function ours(sql: SqlReader, facts: BroughtFacts | null, signal: AbortSignal): Promise<readonly Table[]> {
  if (facts === null) return [];
  const ids = await readTableIds(sql, facts.databaseId, signal);
  return facts.tables.filter(({ name, id }) => ids.get(name) === id);
}
