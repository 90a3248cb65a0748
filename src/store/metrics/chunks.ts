import type { Insertable } from 'kysely';
import { mergePoints, type Points } from '../../domain/metrics/points.ts';
import type { Queryable, Reader, Tx } from '../database.ts';
import type { Tables } from '../generated/tables.ts';
import { packPoints, unpackPoints } from './packing.ts';

/** Each look is in a chunk of this length after it is over. */
export const chunkMs = 600_000;
/** Points of chunks are rolled up to one for so many seconds, an hour at a time. */
export const rolledUpS = 300;
export const hourMs = 3_600_000;

/** Some time of one cluster; `to` is not part of it. */
export type Span = { readonly clusterId: string; readonly from: Date; readonly to: Date };

/** What a chunk is of; `resolutionS` 0 = the values of each look. */
export type ChunkPlace = Span & { readonly metric: string; readonly resolutionS: number };

export type Chunk = Pick<ChunkPlace, 'metric' | 'from'> & { readonly points: Points };

type NewChunk = Insertable<Tables['metric_chunk']>;

/** The piece of this length that a moment is in, counted from 1970. */
export function spanOf(clusterId: string, at: Date, lengthMs: number): Span {
  const from = new Date(at.getTime() - (at.getTime() % lengthMs));
  return { clusterId, from, to: new Date(from.getTime() + lengthMs) };
}

export async function makeChunk(place: ChunkPlace, parts: readonly Points[]): Promise<NewChunk> {
  const { clusterId, metric, resolutionS, from, to } = place;
  return {
    cluster_id: clusterId,
    metric,
    resolution_s: resolutionS,
    start_at: from,
    end_at: to,
    points: await packPoints(mergePoints(parts)),
  };
}

/** A chunk of the same metric and time is replaced. */
export async function writeChunks(tx: Tx, chunks: readonly NewChunk[]): Promise<void> {
  for (const chunk of chunks) {
    const { points, end_at } = chunk;
    await tx.insertInto('metric_chunk').values(chunk).onDuplicateKeyUpdate({ points, end_at }).execute();
  }
}

/** The chunks that begin in this time, of one metric or of all, in the order of time. */
export async function readChunks(
  db: Reader | Queryable,
  { clusterId, from, to, resolutionS, metric }: Span & { readonly resolutionS: number; readonly metric?: string },
): Promise<readonly Chunk[]> {
  const rows = await db
    .selectFrom('metric_chunk')
    .select(['metric', 'start_at', 'points'])
    .where('cluster_id', '=', clusterId)
    .where('resolution_s', '=', resolutionS)
    .where('start_at', '>=', from)
    .where('start_at', '<', to)
    .$if(metric !== undefined, (query) => query.where('metric', '=', metric ?? ''))
    .orderBy('start_at')
    .execute();
  return Promise.all(
    rows.map(async (row) => ({ metric: row.metric, from: row.start_at, points: await unpackPoints(row.points) })),
  );
}
