import { pointsOf } from '../../domain/metrics/points.ts';
import { chunkMs, type Span, spanOf } from '../../domain/metrics/spans.ts';
import { type Database, inTransaction } from '../database.ts';
import { readableParts } from '../readable.ts';
import { makeChunk, readChunks, writeChunks } from './chunks.ts';
import { forEachCluster } from './for-each-cluster.ts';
import { unpackMeasured } from './packed-rows.ts';

/** A look that took long is written late: its ten minutes are not over before so much more time has passed. */
const graceMs = 120_000;
const atATime = 20;

/**
 * Takes looks of ten minutes that are over into chunks, one for each metric; at most some clusters in one turn. Any number
 * of processes may do so: one of them takes ten minutes of a cluster, in one transaction, and the others write nothing.
 * Answers of how many clusters some were taken; 0 = nothing is left to do.
 */
export async function takeIntoChunks(db: Database, now: Date): Promise<number> {
  const spans = await listSpansThatAreOver(db, now);
  await forEachCluster(spans, (span) => takeSpan(db, span));
  return spans.length;
}

/** The oldest ten minutes of each cluster whose looks are not in chunks yet. */
async function listSpansThatAreOver(db: Database, now: Date): Promise<readonly Span[]> {
  const { from: present } = spanOf('', new Date(now.getTime() - graceMs), chunkMs);
  const rows = await db
    .selectFrom('metric_tail')
    .select(({ fn }) => ['cluster_id', fn.min<Date>('at').as('oldest')])
    .groupBy('cluster_id')
    .having(({ fn }) => fn.min('at'), '<', present)
    .orderBy('oldest')
    .limit(atATime)
    .execute();
  return rows.map(({ cluster_id: clusterId, oldest }) => spanOf(clusterId, oldest, chunkMs));
}

async function takeSpan(db: Database, span: Span): Promise<void> {
  const { clusterId, from, to } = span;
  const rows = await db
    .selectFrom('metric_tail')
    .selectAll()
    .where('cluster_id', '=', clusterId)
    .where('at', '>=', from)
    .where('at', '<', to)
    .orderBy('at')
    .execute();
  if (rows.length === 0) return;
  // A damaged look is gone, and must not keep those of this and of other clusters from being taken.
  const looks = await readableParts(
    rows.map(async ({ at, measured }) => ({ ...(await unpackMeasured(measured)), at })),
  );
  // A look that was written late finds its ten minutes in chunks already.
  const there = await readChunks(db, { ...span, resolutionS: 0 });
  const chunks = await Promise.all(
    [...pointsOf(looks)].map(([metric, points]) => {
      const before = there.filter((chunk) => chunk.metric === metric).map((chunk) => chunk.points);
      return makeChunk({ ...span, metric, resolutionS: 0 }, [...before, points]);
    }),
  );
  const times = rows.map(({ at }) => at);
  await inTransaction(db, async (tx) => {
    const { numDeletedRows } = await tx
      .deleteFrom('metric_tail')
      .where('cluster_id', '=', clusterId)
      .where('at', 'in', times)
      .executeTakeFirstOrThrow();
    // Somebody else has taken them meanwhile, and our chunks may lack what theirs have.
    if (Number(numDeletedRows) !== times.length) throw new TakenMeanwhile();
    await writeChunks(tx, chunks);
  }).catch((error: unknown) => {
    if (!(error instanceof TakenMeanwhile)) throw error;
  });
}

class TakenMeanwhile extends Error {}
