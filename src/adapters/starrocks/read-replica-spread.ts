import type { ReplicaSet, ReplicaSpread } from '../../domain/upgrade/checks-spread.ts';
import { inParallel } from '../in-parallel.ts';
import type { SqlCall, SqlReader, SqlRow } from './port.ts';
import { readReplicatedTables } from './read-tables.ts';
import { replicaStatus } from './statements.ts';

/** Each costs a statement whose answer has a row for every replica. */
const mostTables = 200;
const atOnce = 6;

/**
 * Which backends hold tablets together, from every table that has replicas. Null = there are more tables than can be
 * asked in a few seconds, so it is not known.
 */
export async function readReplicaSpread(sql: SqlReader, call: SqlCall = {}): Promise<ReplicaSpread | null> {
  const tables = await readReplicatedTables(sql, call);
  if (tables.length > mostTables) return null;
  const sets = await inParallel(tables, atOnce, async (name) =>
    // The frontend that is asked answers this itself, and the leader knows first.
    setsOf(`${name.database}.${name.table}`, await sql.query(replicaStatus(name), { ...call, route: 'leader' })),
  );
  const distinct = new Map(sets.flat().map((set) => [JSON.stringify([set.table, set.replicas, ...set.backends]), set]));
  return [...distinct.values()];
}

function setsOf(table: string, rows: readonly SqlRow[]): ReplicaSet[] {
  const tablets = Map.groupBy(rows, ({ TabletId }) => TabletId ?? '');
  return [...tablets.values()].map((replicas) => ({
    table,
    replicas: replicas.length,
    backends: replicas
      .filter(({ Status }) => Status === 'OK')
      .map(({ BackendId }) => BackendId ?? '')
      .toSorted(),
  }));
}
