import type { Reading } from '../../../adapters/reading.ts';
import { findTableOfTablet, readTableReplicas } from '../../../adapters/starrocks/read-table-replicas.ts';
import { nothingBlocks } from '../../../domain/end-checks.ts';
import type { PostCheck } from '../../../domain/run.ts';
import { isWell } from '../../../domain/tablets/replicas.ts';
import { found } from '../../../domain/verdict.ts';
import { count } from '../../../domain/words.ts';

/** Every replica of the tablet is well, and there are three at least, as there were before. */
export async function checkReplaced(
  tabletId: string,
  { sql, signal }: Pick<Reading, 'sql' | 'signal'>,
): Promise<PostCheck> {
  const table = await findTableOfTablet(sql, Number(tabletId), { signal });
  const all = table === null ? null : await readTableReplicas(sql, table, { signal });
  const own = (all ?? []).filter((replica) => replica.tabletId === tabletId);
  const well = own.filter(isWell).length;
  const checks = [
    found('tablet-whole', 'BLOCK', own.length >= 3 && well === own.length, {
      observed: own.length === 0 ? `there is no tablet ${tabletId}` : `${well} of ${count(own.length, 'replica')} well`,
      wanted: 'three replicas or more, all of them well',
      hint: 'StarRocks goes on repairing it; look at ADMIN SHOW REPLICA STATUS of the table.',
    }),
  ];
  return { passed: nothingBlocks(checks), checks };
}
