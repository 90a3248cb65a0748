import type { Measured } from '../../domain/metrics/measurement.ts';
import type { Reader, Tx } from '../database.ts';
import { packMeasured } from './packed-rows.ts';

/** What is kept from one look at the metrics of a cluster for the next. */
export type MetricState = {
  /** When that look ended; null = there was none. */
  readonly at: Date | null;
  /** As the look wrote it; empty = nothing. */
  readonly counters: Buffer;
  /** JSON, as the look wrote it. */
  readonly facts: string;
};

/** A look whose values are packed already, so that nothing is packed while a transaction holds its locks. */
export type PackedLook = { readonly measured: Buffer; readonly counters: Buffer; readonly facts: string };

const none: MetricState = { at: null, counters: Buffer.alloc(0), facts: '{}' };

/** What the last look left for this one. */
export async function readMetricState(db: Reader, clusterId: string): Promise<MetricState> {
  const row = await db
    .selectFrom('metric_state')
    .select(['at', 'counters', 'facts'])
    .where('cluster_id', '=', clusterId)
    .executeTakeFirst();
  return row ?? none;
}

/** Packs what a look measured, for `writeLook`. */
export async function packLook(
  measured: Measured,
  { counters, facts }: Pick<PackedLook, 'counters' | 'facts'>,
): Promise<PackedLook> {
  return { measured: await packMeasured(measured), counters, facts };
}

/**
 * Writes a look at the metrics of a cluster, in the transaction that records the rest of the look. `at` = the time of the
 * look, by the database; a look that has the time of the one before takes its place.
 */
export async function writeLook(
  tx: Tx,
  { clusterId, at, look }: { readonly clusterId: string; readonly at: Date; readonly look: PackedLook },
): Promise<void> {
  const { measured, counters, facts } = look;
  await tx
    .insertInto('metric_tail')
    .values({ cluster_id: clusterId, at, measured })
    .onDuplicateKeyUpdate({ measured })
    .execute();
  const state = { at, counters, facts, latest: measured };
  await tx
    .insertInto('metric_state')
    .values({ cluster_id: clusterId, ...state })
    .onDuplicateKeyUpdate(state)
    .execute();
}

/** Forgets all metrics of a cluster that is not registered any more. */
export async function forgetMetrics(tx: Tx, clusterId: string): Promise<void> {
  await tx.deleteFrom('metric_tail').where('cluster_id', '=', clusterId).execute();
  await tx.deleteFrom('metric_state').where('cluster_id', '=', clusterId).execute();
  await tx.deleteFrom('metric_chunk').where('cluster_id', '=', clusterId).execute();
}
