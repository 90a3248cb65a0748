import type { Measured } from '../../domain/metrics/measurement.ts';
import { alignTo, mergePoints, type Points, pointsOf, type Series } from '../../domain/metrics/points.ts';
import { chunkMs, hourMs, keepFullMs, rolledUpS, type Span, spanOf } from '../../domain/metrics/spans.ts';
import type { Reader } from '../database.ts';
import { unpackMeasured, unpackPoints } from '../metrics/packed-rows.ts';
import { readableParts } from '../readable.ts';

/** One metric over some time. */
export type HistoryRange = {
  readonly metric: string;
  readonly from: Date;
  /** Not part of it. */
  readonly to: Date;
  /** One point for so long, at multiples of it. */
  readonly stepMs: number;
  /** The time by which is known what is kept in full. */
  readonly now: Date;
};

/** The series of one metric of a cluster, one for each subject that was measured in that time, in the order of their keys. */
export type History = { readonly clusterId: string; readonly series: readonly Series[] };

type Part = { readonly clusterId: string; readonly points: Points };

/**
 * The history of a metric of clusters that the caller has read with their rights; three statements for all of them. A
 * cluster of which nothing was measured has none.
 */
export async function historiesOfClusters(
  db: Reader,
  { clusterIds, ...range }: HistoryRange & { readonly clusterIds: readonly string[] },
): Promise<readonly History[]> {
  const byCluster = Map.groupBy(await readParts(db, clusterIds, range), ({ clusterId }) => clusterId);
  return [...byCluster].map(([clusterId, found]) => {
    const parts = found.map(({ points }) => points);
    const subjects = [...new Set(parts.flatMap((part) => part.subjects))].sort();
    return { clusterId, series: subjects.map((subject) => ({ subject, points: alignTo(parts, subject, range) })) };
  });
}

/** Rolled up hours for what is older than the values of each look are kept, then chunks, then the looks since. */
async function readParts(db: Reader, clusterIds: readonly string[], range: HistoryRange): Promise<readonly Part[]> {
  const { metric, from, to, now } = range;
  const { to: fullFrom } = spanOf('', new Date(now.getTime() - keepFullMs), hourMs);
  const rolled = { from: startOf(from, hourMs), to: new Date(Math.min(+to, +fullFrom)) };
  const full = { from: startOf(new Date(Math.max(+from, +fullFrom)), chunkMs), to };
  // The looks come first: what is taken into chunks meanwhile is then seen twice, which changes no point, and not missed.
  const looks = await readTail(db, clusterIds, range);
  const chunks = await Promise.all([
    from >= fullFrom ? [] : readChunks(db, clusterIds, { metric, resolutionS: rolledUpS, ...rolled }),
    to <= fullFrom ? [] : readChunks(db, clusterIds, { metric, resolutionS: 0, ...full }),
  ]);
  return [...chunks.flat(), ...looks];
}

function startOf(at: Date, lengthMs: number): Date {
  return spanOf('', at, lengthMs).from;
}

async function readTail(
  db: Reader,
  clusterIds: readonly string[],
  { metric, from, to }: HistoryRange,
): Promise<readonly Part[]> {
  const rows = await db
    .selectFrom('metric_tail')
    .selectAll()
    .where('cluster_id', 'in', clusterIds)
    .where('at', '>=', from)
    .where('at', '<', to)
    .execute();
  const looks = await readableParts(
    rows.map(async ({ cluster_id: clusterId, at, measured }) => {
      const { measurements } = await unpackMeasured(measured, { only: metric });
      return { clusterId, at, measurements };
    }),
  );
  return [...Map.groupBy(looks, ({ clusterId }) => clusterId)].flatMap(([clusterId, own]) => {
    const points = pointsOf(own).get(metric);
    return points === undefined ? [] : [{ clusterId, points }];
  });
}

type ChunkRange = { readonly metric: string; readonly resolutionS: number; readonly from: Date; readonly to: Date };

async function readChunks(
  db: Reader,
  clusterIds: readonly string[],
  { metric, resolutionS, from, to }: ChunkRange,
): Promise<readonly Part[]> {
  const rows = await db
    .selectFrom('metric_chunk')
    .select(['cluster_id', 'points'])
    .where('cluster_id', 'in', clusterIds)
    .where('metric', '=', metric)
    .where('resolution_s', '=', resolutionS)
    .where('start_at', '>=', from)
    .where('start_at', '<', to)
    .execute();
  return readableParts(
    rows.map(async ({ cluster_id: clusterId, points }) => ({ clusterId, points: await unpackPoints(points) })),
  );
}

/** What the last look measured of clusters that the caller has read with their rights; one that was never looked at has none. */
export async function latestOfClusters(
  db: Reader,
  clusterIds: readonly string[],
): Promise<readonly (Measured & { readonly clusterId: string })[]> {
  const rows = await db
    .selectFrom('metric_state')
    .select(['cluster_id', 'at', 'latest'])
    .where('cluster_id', 'in', clusterIds)
    .execute();
  return readableParts(
    rows.map(async ({ cluster_id: clusterId, at, latest }) => ({ ...(await unpackMeasured(latest)), clusterId, at })),
  );
}

/** The rolled up points of one metric of a cluster that begin in whole hours of this time: means, least and greatest. */
export async function rolledUpPoints(
  db: Reader,
  { clusterId, metric, from, to }: Span & { readonly metric: string },
): Promise<Points> {
  const chunks = await readChunks(db, [clusterId], { metric, resolutionS: rolledUpS, from, to });
  return mergePoints(chunks.map(({ points }) => points));
}
