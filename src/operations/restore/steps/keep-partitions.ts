import type { SqlReader } from '../../../adapters/starrocks/port.ts';
import { switchDynamicPartitionsOff } from '../../../adapters/starrocks/restore-statements.ts';
import { showTableConfig } from '../../../adapters/starrocks/statements.ts';
import { defineStep } from '../../../steps/define.ts';
import { propertyOf } from '../observe.ts';
import { ofTarget, restoreParams } from '../params.ts';
import { findDatabaseId } from '../read-copy.ts';
import { makeTarget } from './make-target.ts';

/**
 * A restored table takes part in dynamic partitioning at once, and StarRocks looks every ten minutes which of its partitions
 * are too old: in a copy of last year that is all of them. So it is switched off on the copy, and only there.
 */
export const keepPartitions = defineStep({
  kind: 'keepPartitions',
  params: restoreParams,
  about: ofTarget,
  effect: 'changes',
  ports: ['sql'],
  needs: { made: [makeTarget] },
  timeoutMs: 600_000,
  repeat: 'safe',
  describe: ({ target }) => `Let nothing drop old partitions in ${target} by itself`,
  check: async ({ target }, { sql }, { found, signal }) => {
    if ((await findDatabaseId(sql, target, signal)) !== found.made?.databaseId) return { state: 'done' };
    return (await dynamicTables(sql, target, signal)).length === 0 ? { state: 'done' } : { state: 'todo' };
  },
  apply: async ({ target }, { sql }, { found, signal }) => {
    for (const table of await dynamicTables(sql, target, signal)) {
      if ((await findDatabaseId(sql, target, signal)) !== found.made?.databaseId) return;
      await sql.query(switchDynamicPartitionsOff({ database: target, table }), { signal, route: 'leader' });
    }
  },
  undo: { nothing: 'It goes with the database that was made for it.' },
});

async function dynamicTables(sql: SqlReader, target: string, signal: AbortSignal): Promise<readonly string[]> {
  const rows = await sql.query(showTableConfig({ database: target }), { signal, route: 'leader', timeoutMs: 60_000 });
  return rows
    .filter(({ PROPERTIES }) => propertyOf(PROPERTIES, 'dynamic_partition.enable') === 'true')
    .map(({ TABLE_NAME }) => TABLE_NAME ?? '');
}
