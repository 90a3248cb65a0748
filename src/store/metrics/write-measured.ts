import { z } from 'zod';
import type { Counters } from '../../domain/metrics/counters.ts';
import type { Measured } from '../../domain/metrics/measurement.ts';
import type { Reader, Tx } from '../database.ts';
import { fromJson, toJson } from '../json.ts';
import { type OnDamaged, readable } from '../readable.ts';
import { packMeasured, packText, unpackText } from './packed-rows.ts';

/** A look whose values are packed already, so that nothing is packed while a transaction holds its locks. */
export type PackedLook = { readonly measured: Buffer; readonly counters: Buffer };

// Only we write it; it has as many parts as the pages have counters.
const countersShape = z.custom<Counters>((value) => typeof value === 'object' && value !== null);

/**
 * The counters of each node as the last look left them; none for a cluster that was never looked at, and where they cannot
 * be read.
 */
export async function readCounters(db: Reader, clusterId: string, onDamaged: OnDamaged): Promise<Counters> {
  const row = await db
    .selectFrom('metric_state')
    .select('counters')
    .where('cluster_id', '=', clusterId)
    .executeTakeFirst();
  if (row === undefined) return {};
  const text = await unpackText(row.counters).catch((error: unknown) => {
    onDamaged(error);
    return '{}';
  });
  return readable([text], (found) => fromJson(countersShape, found), onDamaged)[0] ?? {};
}

/** Packs what a look measured, and the counters that it leaves for the next, for `writeLook`. */
export async function packLook(measured: Measured, counters: Counters): Promise<PackedLook> {
  return { measured: await packMeasured(measured), counters: await packText(toJson(counters)) };
}

/**
 * Writes a look at the metrics of a cluster, in the transaction that records the rest of the look. `at` = the time of the
 * look, by the database; a look that has the time of the one before takes its place.
 */
export async function writeLook(
  tx: Tx,
  { clusterId, at, look }: { readonly clusterId: string; readonly at: Date; readonly look: PackedLook },
): Promise<void> {
  const { measured, counters } = look;
  await tx
    .insertInto('metric_tail')
    .values({ cluster_id: clusterId, at, measured })
    .onDuplicateKeyUpdate({ measured })
    .execute();
  const state = { at, counters, latest: measured };
  await tx
    .insertInto('metric_state')
    .values({ cluster_id: clusterId, ...state })
    .onDuplicateKeyUpdate(state)
    .execute();
}

/** Forgets all metrics of a cluster that is not registered any more. */
export async function forgetMetrics(tx: Tx, clusterId: string): Promise<void> {
  await tx.deleteFrom('metric_tail').where('cluster_id', '=', clusterId).execute();
  await tx.deleteFrom('metric_facts').where('cluster_id', '=', clusterId).execute();
  await tx.deleteFrom('metric_state').where('cluster_id', '=', clusterId).execute();
  await tx.deleteFrom('metric_chunk').where('cluster_id', '=', clusterId).execute();
}
