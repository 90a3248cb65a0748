import type { Insertable } from 'kysely';
import { mergePoints, type Points } from '../../domain/metrics/points.ts';
import type { Span } from '../../domain/metrics/spans.ts';
import type { Reader, Tx } from '../database.ts';
import type { Tables } from '../generated/tables.ts';
import { readableParts } from '../readable.ts';
import { packPoints, unpackPoints } from './packed-rows.ts';

/** What a chunk is of; `resolutionS` 0 = the values of each look. */
export type ChunkPlace = Span & { readonly metric: string; readonly resolutionS: number };

export type Chunk = Pick<ChunkPlace, 'metric' | 'from'> & { readonly points: Points };

type NewChunk = Insertable<Tables['metric_chunk']>;

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

/** The chunks of all metrics that begin in this time, in the order of time, without those that cannot be read. */
export async function readChunks(
  db: Reader,
  { clusterId, from, to, resolutionS }: Span & { readonly resolutionS: number },
): Promise<readonly Chunk[]> {
  const rows = await db
    .selectFrom('metric_chunk')
    .select(['metric', 'start_at', 'points'])
    .where('cluster_id', '=', clusterId)
    .where('resolution_s', '=', resolutionS)
    .where('start_at', '>=', from)
    .where('start_at', '<', to)
    .orderBy('start_at')
    .execute();
  return readableParts(
    rows.map(async (row) => ({ metric: row.metric, from: row.start_at, points: await unpackPoints(row.points) })),
  );
}
