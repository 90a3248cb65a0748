import type { Measured } from '../../domain/metrics/measurement.ts';
import { alignTo, type Points, pointsOf, type SeriesPoint } from '../../domain/metrics/points.ts';
import { chunkMs, hourMs, keepFullMs, rolledUpS, type Span, spanOf } from '../../domain/metrics/spans.ts';
import type { Reader } from '../database.ts';
import { unpackMeasured, unpackPoints } from '../metrics/packed-rows.ts';

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
  return [...rolled, ...full, ...tail];
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

async function readChunks(
  db: Reader,
  { clusterId, metric, resolutionS, from, to }: Span & { readonly metric: string; readonly resolutionS: number },
): Promise<readonly Points[]> {
  const rows = await db
    .selectFrom('metric_chunk')
    .select('points')
    .where('cluster_id', '=', clusterId)
    .where('metric', '=', metric)
    .where('resolution_s', '=', resolutionS)
    .where('start_at', '>=', from)
    .where('start_at', '<', to)
    .execute();
  return Promise.all(rows.map(({ points }) => unpackPoints(points)));
}

/** What the last look measured of a cluster that the caller has read with their rights; null = it was never looked at. */
export async function readLatest(db: Reader, clusterId: string): Promise<Measured | null> {
  const row = await db
    .selectFrom('metric_state')
    .select(['at', 'latest'])
    .where('cluster_id', '=', clusterId)
    .executeTakeFirst();
  return row === undefined ? null : { ...(await unpackMeasured(row.latest)), at: row.at };
}
