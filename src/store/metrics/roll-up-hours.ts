import { mergePoints, rollUp } from '../../domain/metrics/points.ts';
import { hourMs, rolledUpS, type Span, spanOf } from '../../domain/metrics/spans.ts';
import { type Database, inTransaction } from '../database.ts';
import { makeChunk, readChunks, writeChunks } from './chunks.ts';
import { forEachCluster } from './for-each-cluster.ts';

const atATime = 20;

/**
 * Rolls hours up whose looks are all in chunks: one point for each five minutes. At most one hour of some clusters in one
 * turn; any number of processes may do so. Answers how many; 0 = nothing is left to do.
 */
export async function rollUpHours(db: Database, now: Date): Promise<number> {
  const hours = await listHours(db, now);
  await forEachCluster(hours, (hour) => rollUpHour(db, hour));
  return hours.length;
}

/** For some clusters the first hour that is over, has its looks in chunks, and is not rolled up. */
async function listHours(db: Database, now: Date): Promise<readonly Span[]> {
  const { from: present } = spanOf('', now, hourMs);
  const states = await db
    .selectFrom('metric_state')
    .leftJoin('metric_tail', 'metric_tail.cluster_id', 'metric_state.cluster_id')
    .select(({ fn }) => ['metric_state.cluster_id', 'rolled_until', fn.min<Date | null>('metric_tail.at').as('tail')])
    .where((row) => row.or([row('rolled_until', 'is', null), row('rolled_until', '<', present)]))
    .groupBy(['metric_state.cluster_id', 'rolled_until'])
    .execute();
  const hours: Span[] = [];
  for (const { cluster_id: clusterId, rolled_until: until, tail } of states) {
    if (hours.length === atATime) break;
    const first = await db
      .selectFrom('metric_chunk')
      .select(({ fn }) => fn.min<Date | null>('start_at').as('at'))
      .where('cluster_id', '=', clusterId)
      .where('resolution_s', '=', 0)
      .$if(until !== null, (query) => query.where('start_at', '>=', until ?? present))
      .executeTakeFirst();
    if (first?.at == null) continue;
    const hour = spanOf(clusterId, first.at, hourMs);
    if (hour.to <= present && (tail === null || tail >= hour.to)) hours.push(hour);
  }
  return hours;
}

async function rollUpHour(db: Database, hour: Span): Promise<void> {
  const { clusterId, from, to } = hour;
  const byMetric = Map.groupBy(await readChunks(db, { ...hour, resolutionS: 0 }), ({ metric }) => metric);
  const rolled = await Promise.all(
    [...byMetric].map(([metric, chunks]) =>
      makeChunk({ ...hour, metric, resolutionS: rolledUpS }, [
        rollUp(mergePoints(chunks.map(({ points }) => points)), rolledUpS * 1_000),
      ]),
    ),
  );
  await inTransaction(db, async (tx) => {
    const { numUpdatedRows } = await tx
      .updateTable('metric_state')
      .set({ rolled_until: to })
      .where('cluster_id', '=', clusterId)
      .where((row) => row.or([row('rolled_until', 'is', null), row('rolled_until', '<=', from)]))
      .executeTakeFirstOrThrow();
    // Else somebody else has done it meanwhile.
    if (numUpdatedRows === 1n) await writeChunks(tx, rolled);
  });
}
