import { alignTo, type Points, pointsOf, type SeriesPoint } from '../../domain/metrics/points.ts';
import type { Reader } from '../database.ts';
import { chunkMs, hourMs, readChunks, rolledUpS, spanOf } from '../metrics/chunks.ts';
import { unpackMeasured } from '../metrics/packing.ts';
import { keepFullMs } from '../metrics/prune-metrics.ts';

/** One metric of a cluster that the caller has read with their rights. */
export type HistoryRequest = {
  readonly clusterId: string;
  readonly metric: string;
  readonly from: Date;
  /** Not part of it. */
  readonly to: Date;
  /** One point for so long, at multiples of it. */
  readonly stepMs: number;
  /** The time by which is known what is kept in full. */
  readonly now: Date;
};

/** The values of one subject; `points` has one entry for each step. */
export type Series = { readonly subject: string; readonly points: readonly SeriesPoint[] };

/** The series of a metric, one for each subject that was measured in that time, in the order of their keys. */
export async function readHistory(db: Reader, request: HistoryRequest): Promise<readonly Series[]> {
  const parts = await readParts(db, request);
  const subjects = [...new Set(parts.flatMap((part) => part.subjects))].sort();
  return subjects.map((subject) => ({ subject, points: alignTo(parts, subject, request) }));
}

/** Rolled up hours for what is older than the values of each look are kept, then chunks, then the looks since. */
async function readParts(db: Reader, { clusterId, metric, from, to, now }: HistoryRequest): Promise<readonly Points[]> {
  const { to: fullFrom } = spanOf(clusterId, new Date(now.getTime() - keepFullMs), hourMs);
  // The looks come first: what is taken into chunks meanwhile is then seen twice, which changes no point, and not missed.
  const tail = await readTail(db, { clusterId, metric, from, to });
  const [rolled, full] = await Promise.all([
    from >= fullFrom
      ? []
      : readChunks(db, {
          ...{ clusterId, metric, resolutionS: rolledUpS },
          from: spanOf(clusterId, from, hourMs).from,
          to: to < fullFrom ? to : fullFrom,
        }),
    to <= fullFrom
      ? []
      : readChunks(db, {
          ...{ clusterId, metric, resolutionS: 0 },
          from: spanOf(clusterId, from > fullFrom ? from : fullFrom, chunkMs).from,
          to,
        }),
  ]);
  return [...rolled, ...full].map(({ points }) => points).concat(tail);
}

async function readTail(
  db: Reader,
  { clusterId, metric, from, to }: Pick<HistoryRequest, 'clusterId' | 'metric' | 'from' | 'to'>,
): Promise<readonly Points[]> {
  const rows = await db
    .selectFrom('metric_tail')
    .select(['at', 'measured'])
    .where('cluster_id', '=', clusterId)
    .where('at', '>=', from)
    .where('at', '<', to)
    .execute();
  const looks = await Promise.all(
    rows.map(async ({ at, measured }) => {
      const { measurements } = await unpackMeasured(measured);
      return { at, measurements: measurements.filter((one) => one.metric === metric) };
    }),
  );
  const points = pointsOf(looks).get(metric);
  return points === undefined ? [] : [points];
}
