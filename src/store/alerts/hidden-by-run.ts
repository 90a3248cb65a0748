import { z } from 'zod';
import type { Condition, Pending } from '../../domain/alert-life.ts';
import { databaseNowPlus, type Tx } from '../database.ts';
import { fromJson, toJson } from '../json.ts';

const labels = z.record(z.string(), z.string());
/** So long a run's end can still be asked what it hid. */
const keptMs = 30 * 86_400_000;

/**
 * Remembers what a run hid in this look, and what of it is over, so that its end can say what became of it. A condition
 * that comes back while the run still explains it is not over.
 */
export async function keepHidden(
  tx: Tx,
  {
    clusterId,
    at,
    covered,
    isOver,
  }: {
    clusterId: string;
    at: Date;
    covered: readonly { readonly runId: string; readonly condition: Condition }[];
    isOver: (found: Pick<Pending, 'fingerprint' | 'rule' | 'labels'>) => boolean;
  },
): Promise<void> {
  const open = await tx
    .selectFrom('hidden_by_run')
    .selectAll()
    .where('cluster_id', '=', clusterId)
    .where('cleared_at', 'is', null)
    .execute();
  for (const row of open) {
    if (!isOver({ fingerprint: row.fingerprint, rule: row.rule, labels: fromJson(labels, row.labels) })) continue;
    await tx
      .updateTable('hidden_by_run')
      .set({ cleared_at: at })
      .where('run_id', '=', row.run_id)
      .where('fingerprint', '=', row.fingerprint)
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
    .where('covered_at', '<', databaseNowPlus(-keptMs))
    .execute();
}
