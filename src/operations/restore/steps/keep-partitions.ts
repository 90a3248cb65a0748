import type { SqlReader } from '../../../adapters/starrocks/port.ts';
import { switchDynamicPartitionsOff } from '../../../adapters/starrocks/restore-statements.ts';
import { showTableConfig } from '../../../adapters/starrocks/statements.ts';
import { defineStep } from '../../../steps/define.ts';
import { propertyOf } from '../observe.ts';
import { ofTarget, restoreParams } from '../params.ts';
import { findDatabaseId, readTableIds } from '../read-copy.ts';
import { type BroughtFacts, brought } from '../restore-dropped-tables/steps/brought-facts.ts';
import { makeTarget } from './make-target.ts';
import type { MadeFacts } from './remove-copy.ts';

/**
 * A restored table takes part in dynamic partitioning at once, and StarRocks looks every ten minutes which of its partitions
 * are too old: in a copy of last year that is all of them. So it is switched off on what was restored, and only there: on all
 * tables of a database that this run made, or on the very tables that it brought back, by their ids.
 */
export const keepPartitions = defineStep({
  kind: 'keepPartitions',
  params: restoreParams,
  about: ofTarget,
  effect: 'changes',
  ports: ['sql'],
  needs: { own: [makeTarget, brought] },
  timeoutMs: 600_000,
  repeat: 'safe',
  describe: ({ target }) => `Let nothing drop old partitions in ${target} by itself`,
  check: async ({ target }, { sql }, { found, signal }) =>
    (await dynamicTables(sql, { target, own: found.own, signal })).length === 0 ? { state: 'done' } : { state: 'todo' },
  apply: async ({ target }, { sql }, { found, signal }) => {
    const where = { target, own: found.own, signal };
    for (const table of await dynamicTables(sql, where)) {
      // Right before each statement, which names the table only.
      if (!(await ownNames(sql, where))?.(table)) continue;
      await sql.query(switchDynamicPartitionsOff({ database: target, table }), { signal, route: 'leader' });
    }
  },
  undo: { nothing: 'It goes with what was restored.' },
});

type Where = {
  readonly target: string;
  readonly own: MadeFacts | BroughtFacts | null;
  readonly signal: AbortSignal;
};

/** Which names in the database are of this run; null = the database is not the one that it knows. */
async function ownNames(sql: SqlReader, { target, own, signal }: Where): Promise<((name: string) => boolean) | null> {
  const databaseId = await findDatabaseId(sql, target, signal);
  if (databaseId === null || own === null || databaseId !== own.databaseId) return null;
  if (!('tables' in own)) return () => true;
  const ids = await readTableIds(sql, databaseId, signal);
  return (name) => own.tables.some((table) => table.name === name && table.id === ids.get(name));
}

async function dynamicTables(sql: SqlReader, where: Where): Promise<readonly string[]> {
  const isOwn = await ownNames(sql, where);
  if (isOwn === null) return [];
  const { target, signal } = where;
  const rows = await sql.query(showTableConfig({ database: target }), { signal, route: 'leader', timeoutMs: 60_000 });
  return rows
    .filter(({ PROPERTIES }) => propertyOf(PROPERTIES, 'dynamic_partition.enable') === 'true')
    .map(({ TABLE_NAME }) => TABLE_NAME ?? '')
    .filter(isOwn);
}
