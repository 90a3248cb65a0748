import { chunkMs, hourMs, keepFullMs, keepRolledUpMs, rolledUpS } from '../../domain/metrics/spans.ts';
import { type Database, inTransaction } from '../database.ts';

/**
 * Removes what is older than it is kept, at most `batch` rows of each sort of each cluster at a time so that no lock is held
 * for long, and no value that is not rolled up yet. Answers how many rows are gone.
 */
export async function pruneMetrics(
  db: Database,
  { now, batch }: { readonly now: Date; readonly batch: number },
): Promise<number> {
  const states = await db.selectFrom('metric_state').select(['cluster_id', 'rolled_until']).execute();
  let gone = 0;
  for (const { cluster_id: clusterId, rolled_until: until } of states) {
    if (until === null) continue;
    const full = Math.min(now.getTime() - keepFullMs, until.getTime());
    gone += await remove(db, { clusterId, resolutionS: 0, lengthMs: chunkMs, endedBy: full, batch });
    const rolled = now.getTime() - keepRolledUpMs;
    gone += await remove(db, { clusterId, resolutionS: rolledUpS, lengthMs: hourMs, endedBy: rolled, batch });
  }
  return gone;
}

type Removal = {
  readonly clusterId: string;
  readonly resolutionS: number;
  readonly lengthMs: number;
  readonly endedBy: number;
  readonly batch: number;
};

async function remove(db: Database, { clusterId, resolutionS, lengthMs, endedBy, batch }: Removal): Promise<number> {
  return inTransaction(db, async (tx) => {
    const { numDeletedRows } = await tx
      .deleteFrom('metric_chunk')
      .where('cluster_id', '=', clusterId)
      .where('resolution_s', '=', resolutionS)
      .where('start_at', '<=', new Date(endedBy - lengthMs))
      .orderBy('start_at')
      .limit(batch)
      .executeTakeFirstOrThrow();
    return Number(numDeletedRows);
  });
}
