import type { Reading } from '../../../adapters/reading.ts';
import { readTableReplicas } from '../../../adapters/starrocks/read-table-replicas.ts';
import { nothingBlocks } from '../../../domain/end-checks.ts';
import type { PostCheck } from '../../../domain/run.ts';
import { judgeTablets, tabletsOfTableInWords } from '../../../domain/tablets/replicas.ts';
import { found } from '../../../domain/verdict.ts';
import type { OtherEnding } from '../../define.ts';

/** Every tablet of the table is whole. A way back does not ask for that: it only says how they are. */
export async function checkTable(
  {
    database,
    table,
    ending,
  }: { readonly database: string; readonly table: string; readonly ending: OtherEnding | null },
  { sql, signal }: Pick<Reading, 'sql' | 'signal'>,
): Promise<PostCheck> {
  const replicas = await readTableReplicas(sql, { database, table }, { signal });
  const tablets = replicas === null ? null : judgeTablets(replicas);
  const checks = [
    found('tablets-whole', ending === 'UNDONE' ? 'WARN' : 'BLOCK', tablets?.unhealthy.length === 0, {
      observed: `${database}.${table}: ${tablets === null ? 'there is no such table' : tabletsOfTableInWords(tablets)}`,
      wanted: 'every replica of every tablet well',
      hint: 'StarRocks goes on repairing it in its turn; look at the backends.',
    }),
  ];
  return { passed: nothingBlocks(checks), checks };
}
