import { z } from 'zod';
import type { Condition, Pending } from '../../domain/alert-life.ts';
import { receiptKeptMs } from '../../domain/receipt.ts';
import { databaseNowPlus, type Tx } from '../database.ts';
import { fromJson, toJson } from '../json.ts';
import { type OnDamaged, readable } from '../readable.ts';

const labels = z.record(z.string(), z.string());

/**
 * Remembers what a run hid in this look, and what of it is over, so that its end can say what became of it. A condition
 * that comes back while the run still explains it is not over, and neither is one of which it cannot be read what it was.
 */
export async function keepHidden(
  tx: Tx,
  {
    clusterId,
    at,
    covered,
    isOver,
    damaged,
  }: {
    clusterId: string;
    at: Date;
    covered: readonly { readonly runId: string; readonly condition: Condition }[];
    isOver: (found: Pick<Pending, 'fingerprint' | 'rule' | 'labels'>) => boolean;
    readonly damaged: OnDamaged;
  },
): Promise<void> {
  const open = await tx
    .selectFrom('hidden_by_run')
    .selectAll()
    .where('cluster_id', '=', clusterId)
    .where('cleared_at', 'is', null)
    .execute();
  const hidden = readable(open, (row) => ({ ...row, labels: fromJson(labels, row.labels) }), damaged);
  for (const { run_id: runId, ...found } of hidden) {
    if (!isOver(found)) continue;
    await tx
      .updateTable('hidden_by_run')
      .set({ cleared_at: at })
      .where('run_id', '=', runId)
      .where('fingerprint', '=', found.fingerprint)
      .execute();
  }
  if (covered.length === 0) return;
  const values = covered.map(({ runId, condition }) => ({
    ...{ run_id: runId, fingerprint: condition.fingerprint, cluster_id: clusterId, rule: condition.rule },
    ...{ labels: toJson(condition.labels), hidden_at: at, covered_at: at, cleared_at: null },
  }));
  await tx
    .insertInto('hidden_by_run')
    .values(values)
    .onDuplicateKeyUpdate({ covered_at: at, cleared_at: null })
    .execute();
  await tx
    .deleteFrom('hidden_by_run')
    .where('cluster_id', '=', clusterId)
    .where('covered_at', '<', databaseNowPlus(-receiptKeptMs))
    .execute();
}
