import { type RowSet, textRows } from '../../mysql/packets.ts';
import type { FrontendContext } from '../context.ts';
import { isGivenUp, workerOf } from '../data/backends.ts';
import { tablesOf } from '../data/tables.ts';
import type { Partition, Tablet, Worker } from '../meta/state.ts';

/**
 * StarRocks misses the replicas of a dead backend only when it gives the backend up. `sandbox_dead_replicas = missed` in fe.conf
 * makes them missed at once.
 */
function isMissed(fe: FrontendContext, worker: Worker): boolean {
  return fe.conf.get('sandbox_dead_replicas') === 'missed' ? !worker.alive : isGivenUp(fe, worker);
}

/** A tablet is well when enough replicas are current on backends that stay; one that died just now is not missed yet. */
function isHealthy(fe: FrontendContext, partition: Partition, tablet: Tablet): boolean {
  const good = tablet.replicas.filter((replica) => {
    const worker = workerOf(fe, replica.backendId);
    const counts = worker !== null && !worker.decommissioned && !isMissed(fe, worker);
    return counts && !replica.bad && replica.version >= partition.visibleVersion;
  });
  return good.length >= partition.replicationNum;
}

const columns = [
  ...['DbId', 'DbName', 'TableNum', 'PartitionNum', 'IndexNum', 'TabletNum', 'ReplicaNum', 'UnhealthyTabletNum'],
  ...['InconsistentTabletNum', 'CloningTabletNum', 'ErrorStateTabletNum'],
];

/** `/statistic`: one row a database, then the totals. */
export function statisticRows(fe: FrontendContext): RowSet {
  const { state } = fe.group;
  const databases = [...state.databases.values()];
  const figures = databases.map((db) => countDatabase(fe, db.id));
  const rows = databases.map((db, index) => [String(db.id), db.name, ...(figures[index] ?? []).map(String)]);
  const totals = Array.from({ length: columns.length - 2 }, (_, at) =>
    figures.reduce((sum, row) => sum + (row[at] ?? 0), 0),
  );
  return textRows(columns, [...rows, ['Total', String(databases.length), ...totals.map(String)]]);
}

function countDatabase(fe: FrontendContext, dbId: number): number[] {
  const { state } = fe.group;
  const tables = tablesOf(state, dbId);
  const ids = new Set(tables.map(({ id }) => id));
  const partitions = [...state.partitions.values()].filter(({ tableId }) => ids.has(tableId));
  const tablets = partitions.flatMap((partition) => partition.tablets);
  const replicas = tablets.reduce((sum, tablet) => sum + tablet.replicas.length, 0);
  const unhealthy = unhealthyTablets(fe, dbId).length;
  const cloning = cloningTablets(fe, ids).length;
  const inconsistent = tablets.filter((tablet) => isStruck(fe, 'tablet-inconsistent', tablet)).length;
  const inError = tablets.filter((tablet) => isStruck(fe, 'tablet-error', tablet)).length;
  const sizes = [tables.length, partitions.length, partitions.length, tablets.length, replicas];
  return [...sizes, unhealthy, inconsistent, cloning, inError];
}

/** `tablet-error`: a replica could not apply what was loaded. `tablet-inconsistent`: the check of the night found two that differ. */
function isStruck({ faults }: FrontendContext, kind: 'tablet-error' | 'tablet-inconsistent', { id }: Tablet): boolean {
  return faults.strike(kind, String(id)) !== null;
}

function struckTablets(fe: FrontendContext, dbId: number, kind: 'tablet-error' | 'tablet-inconsistent'): number[] {
  const ids = new Set(tablesOf(fe.group.state, dbId).map(({ id }) => id));
  return [...fe.group.state.partitions.values()]
    .filter(({ tableId }) => ids.has(tableId))
    .flatMap(({ tablets }) => tablets.filter((tablet) => isStruck(fe, kind, tablet)).map(({ id }) => id));
}

function cloningTablets({ schedule }: FrontendContext, tableIds: ReadonlySet<number>): number[] {
  return [...schedule.running.values()].filter(({ tableId }) => tableIds.has(tableId)).map(({ tabletId }) => tabletId);
}

function unhealthyTablets(fe: FrontendContext, dbId: number): number[] {
  const { state } = fe.group;
  const ids = new Set(tablesOf(state, dbId).map(({ id }) => id));
  return [...state.partitions.values()]
    .filter(({ tableId }) => ids.has(tableId))
    .flatMap((partition) =>
      partition.tablets.filter((tablet) => !isHealthy(fe, partition, tablet)).map(({ id }) => id),
    );
}

/** `/statistic/<DbId>`: the ids behind the figures. */
export function unhealthyRows(fe: FrontendContext, dbId: number): RowSet {
  const ids = unhealthyTablets(fe, dbId).join(', ');
  const tables = new Set(tablesOf(fe.group.state, dbId).map(({ id }) => id));
  const cloning = cloningTablets(fe, tables).join(', ');
  const inconsistent = struckTablets(fe, dbId, 'tablet-inconsistent').join(', ');
  const inError = struckTablets(fe, dbId, 'tablet-error').join(', ');
  return textRows(
    ['UnhealthyTablets', 'InconsistentTablets', 'CloningTablets', 'ErrorStateTablets'],
    [[`[${ids}]`, `[${inconsistent}]`, `[${cloning}]`, `[${inError}]`]],
  );
}
