import { done } from '../../mysql/packets.ts';
import type { CreateTable, RangePartition } from '../../sql/ast.ts';
import { analysisError, executionError, SqlError, unknownDatabaseHere, unknownTable } from '../../sql/errors.ts';
import { requirePrivilege } from '../access.ts';
import { hasPhysicalPartitions } from '../backup/manifest.ts';
import type { FrontendContext } from '../context.ts';
import { colocatedPlaces, refuseColocation } from '../data/colocation.ts';
import { partitionsOf, placeTablets, requireBackends } from '../data/placement.ts';
import { dropDatabaseChanges, dropPartitionChanges, dropTableChanges } from '../data/recycle-bin.ts';
import {
  compareKeys,
  currentDatabase,
  findDatabase,
  findTable,
  requireTable,
  schemaHashOf,
  tablesOf,
} from '../data/tables.ts';
import { createReplicas, dropReplicas } from '../data/tablets.ts';
import { type Handlers, onLeader } from '../handlers.ts';
import { createIds, type Ids } from '../meta/ids.ts';
import { type Change, type ClusterState, change, type Partition, type Table } from '../meta/state.ts';

const protectedDatabases = ['information_schema', '_statistics_', 'sys'];

type Kinds =
  | 'createDatabase'
  | 'dropDatabase'
  | 'createTable'
  | 'dropTable'
  | 'truncate'
  | 'addPartition'
  | 'dropPartition'
  | 'setTableProperties';

export const tableHandlers: Handlers<Kinds> = {
  createDatabase: onLeader(async ({ statement, session, fe }) => {
    requirePrivilege(fe, session, { privileges: ['CREATE DATABASE'], object: { kind: 'CATALOG' } });
    await fe.group.update((state) => {
      if (findDatabase(state, statement.name) || protectedDatabases.includes(statement.name)) {
        if (statement.ifNotExists) return { changes: [], value: null };
        const text = `Can't create database '${statement.name}'; database exists`;
        throw fe.release.atLeast(3, 3) ? new SqlError(1007, 'HY000', text) : executionError(fe.release, text);
      }
      const ids = createIds(state);
      const db = { id: ids.next(), name: statement.name };
      return { changes: [change('databases', db.id, db), ids.change()], value: null };
    });
    return done();
  }),

  dropDatabase: onLeader(async ({ statement, session, fe }) => {
    requirePrivilege(fe, session, { privileges: ['DROP'], object: { kind: 'DATABASE', db: statement.name } });
    if (protectedDatabases.includes(statement.name))
      throw executionError(fe.release, `Access denied for database ${statement.name}`);
    const dropped = await fe.group.update((state) => {
      const db = findDatabase(state, statement.name);
      if (!db && statement.ifExists) return { changes: [], value: [] };
      if (!db) throw unknownDatabaseHere(fe.release, statement.name);
      const drop = { now: Date.now(), force: statement.force };
      const { changes, erase } = dropDatabaseChanges(state, db, tablesOf(state, db.id), drop);
      return { changes, value: erase };
    });
    await dropReplicas(fe, dropped);
    return done();
  }),

  createTable: onLeader(async ({ statement, session, fe }) => {
    const db = currentDatabase(fe, session, statement.table.db);
    requirePrivilege(fe, session, { privileges: ['CREATE TABLE'], object: { kind: 'DATABASE', db: db.name } });
    if (findTable(fe.group.state, db.id, statement.table.name)) {
      if (statement.ifNotExists) return done();
      throw new SqlError(1050, '42S01', `Table '${statement.table.name}' already exists`);
    }
    const ids = createIds(fe.group.state);
    const table = buildTable(fe, statement, { id: ids.next(), dbId: db.id });
    requireBackends(fe.release, fe.group.state, { replicationNum: table.replicationNum, table: table.name });
    refuseColocation(fe.group.state, table);
    const made = await fe.group.update((state) => {
      const fresh = createIds(state);
      const owned = { ...table, id: fresh.next() };
      const partitions = buildPartitions(fe, state, fresh, owned, statement.partitions);
      return { changes: [fresh.change()], value: { table: owned, partitions } };
    });
    await createReplicas(fe, made.table, made.partitions).catch((error: Error) => {
      throw executionError(fe.release, `Failed to create tablets: ${error.message}`);
    });
    await fe.group.update((state) => {
      if (findTable(state, db.id, table.name))
        throw new SqlError(1050, '42S01', `Table '${table.name}' already exists`);
      const partitions = made.partitions.map((partition) => change('partitions', partition.id, partition));
      return { changes: [change('tables', made.table.id, made.table), ...partitions], value: null };
    });
    return done();
  }),

  dropTable: onLeader(async ({ statement, session, fe }) => {
    const db = currentDatabase(fe, session, statement.table.db);
    const found = findTable(fe.group.state, db.id, statement.table.name);
    if (!found && statement.ifExists) return done();
    if (!found)
      throw unknownTable(
        fe.release,
        fe.release.atLeast(3, 3) ? `${db.name}.${statement.table.name}` : statement.table.name,
      );
    requirePrivilege(fe, session, { privileges: ['DROP'], object: { kind: 'TABLE', db: db.name, table: found.name } });
    if (found.view?.kind === 'MATERIALIZED VIEW')
      throw executionError(fe.release, `Can not drop the materialized view ${found.name} with DROP TABLE`);
    // A restore does not keep its table from being dropped, and is cancelled by it (recorded).
    if (statement.force) refuseRestoring(fe, found);
    const erase = await fe.group.update((state) => {
      const drop = { now: Date.now(), force: statement.force };
      const dropped = dropTableChanges(state, found, drop);
      return { changes: dropped.changes, value: dropped.erase };
    });
    await dropReplicas(fe, erase);
    return done();
  }),

  truncate: onLeader(async ({ statement, session, fe }) => {
    const { db, table } = requireTable(fe, session, statement.table);
    requirePrivilege(fe, session, {
      privileges: ['DELETE'],
      object: { kind: 'TABLE', db: db.name, table: table.name },
    });
    refuseRestoring(fe, table);
    const all = partitionsOf(fe.group.state, table.id).filter(({ temporary }) => !temporary);
    const missing = statement.partitions?.find((wanted) => !all.some(({ name }) => name === wanted));
    if (missing !== undefined) throw new SqlError(1064, 'HY000', `Partition ${missing} does not exist`);
    const old = all.filter(({ name }) => statement.partitions?.includes(name) ?? true);
    const fresh = await fe.group.update((state) => {
      const ids = createIds(state);
      const value = old.map((one) => emptied(fe, state, ids, one));
      return { changes: [ids.change()], value };
    });
    await createReplicas(fe, table, fresh);
    await fe.group.update(() => ({
      changes: [
        ...old.map(({ id }) => change('partitions', id, null)),
        ...fresh.map((one) => change('partitions', one.id, one)),
      ],
      value: null,
    }));
    await dropReplicas(fe, old);
    return done();
  }),

  addPartition: onLeader(async ({ statement, session, fe }) => {
    const { db, table } = requireTable(fe, session, statement.table);
    requirePrivilege(fe, session, { privileges: ['ALTER'], object: { kind: 'TABLE', db: db.name, table: table.name } });
    refuseRestoring(fe, table);
    const all = partitionsOf(fe.group.state, table.id);
    const existing = all.filter((one) => Boolean(one.temporary) === statement.temporary);
    if (all.some(({ name }) => name === statement.partition.name)) {
      throw new SqlError(1517, 'HY000', `Duplicate partition name ${statement.partition.name}`);
    }
    const made = await fe.group.update((state) => {
      const ids = createIds(state);
      const added = addedPartition(fe, { state, ids, table, existing, wanted: statement.partition });
      const value = statement.temporary ? asTemporary(added, statement.partition, all) : added;
      return { changes: [ids.change()], value };
    });
    await createReplicas(fe, table, [made]);
    await fe.group.update(() => ({ changes: [change('partitions', made.id, made)], value: null }));
    return done();
  }),

  dropPartition: onLeader(async ({ statement, session, fe }) => {
    const { db, table } = requireTable(fe, session, statement.table);
    requirePrivilege(fe, session, { privileges: ['ALTER'], object: { kind: 'TABLE', db: db.name, table: table.name } });
    refuseRestoring(fe, table);
    const found = partitionsOf(fe.group.state, table.id).find(
      ({ name, temporary = false }) => name === statement.partition && temporary === statement.temporary,
    );
    if (!found && statement.ifExists) return done();
    if (!found) throw new SqlError(1507, 'HY000', `Error in list of partitions to DROP: ${statement.partition}`);
    const force = statement.force || statement.temporary;
    const erase = await fe.group.update((state) => {
      const dropped = dropPartitionChanges(state, table, found, { now: Date.now(), force });
      return { changes: dropped.changes, value: dropped.erase };
    });
    await dropReplicas(fe, erase);
    return done();
  }),

  setTableProperties: onLeader(async ({ statement, session, fe }) => {
    const { db, table } = requireTable(fe, session, statement.table);
    requirePrivilege(fe, session, { privileges: ['ALTER'], object: { kind: 'TABLE', db: db.name, table: table.name } });
    const dynamic = statement.properties['dynamic_partition.enable'];
    if (dynamic !== undefined) {
      if (dynamic !== 'true' && dynamic !== 'false')
        throw executionError(fe.release, `Invalid dynamic partition enable: ${dynamic}. It must be true or false`);
      const next = { ...table, dynamicPartitions: dynamic } as const;
      await fe.group.update(() => ({ changes: [change('tables', table.id, next)], value: null }));
      return done();
    }
    const asked = statement.properties.replication_num ?? statement.properties['default.replication_num'];
    if (asked === undefined)
      throw executionError(fe.release, `Unknown properties: ${JSON.stringify(statement.properties)}`);
    const replicationNum = positiveInteger(asked, 'replication_num');
    const wholeTable = 'replication_num' in statement.properties;
    await fe.group.update((state) => {
      requireBackends(fe.release, state, { replicationNum, table: table.name });
      const partitions = wholeTable ? partitionsOf(state, table.id) : [];
      const changes: Change[] = partitions.map((one) => change('partitions', one.id, { ...one, replicationNum }));
      return { changes: [...changes, change('tables', table.id, { ...table, replicationNum })], value: null };
    });
    return done();
  }),
};

export function removal(state: ClusterState, table: Table): Change[] {
  return [
    change('tables', table.id, null),
    ...partitionsOf(state, table.id).map((one) => change('partitions', one.id, null)),
  ];
}

export function refuseRestoring(fe: FrontendContext, table: Table): void {
  if (table.state !== 'NORMAL')
    throw executionError(fe.release, `Table[${table.name}]'s state is not NORMAL: ${table.state}`);
}

function buildTable(fe: FrontendContext, statement: CreateTable, { id, dbId }: { id: number; dbId: number }): Table {
  const { columns, table } = statement;
  const names = columns.map(({ name }) => name.toLowerCase());
  const double = names.find((name, at) => names.indexOf(name) !== at);
  if (double !== undefined) throw analysisError(`Duplicate column name '${double}'`);
  const keys =
    statement.keys.length > 0 ? statement.keys : names.slice(0, 1).flatMap((_, at) => columns[at]?.name ?? []);
  const distributed = statement.distribution.columns.length > 0 ? statement.distribution.columns : keys;
  const named = [...keys, ...distributed, ...(statement.partitionColumn === null ? [] : [statement.partitionColumn])];
  const missing = named.find((name) => !names.includes(name.toLowerCase()));
  if (missing !== undefined) throw analysisError(`Key column(${missing}) doesn't exist`);
  const unknown = Object.keys(statement.properties).find((key) => !knownProperties.has(key));
  if (unknown !== undefined)
    throw executionError(fe.release, `Unknown properties: {${unknown}=${statement.properties[unknown]}}`);
  return {
    id,
    dbId,
    name: table.name,
    columns: columns.map((column) => {
      const key = keys.includes(column.name);
      return { ...column, key, nullable: column.nullable && !(key && statement.keyType === 'PRIMARY') };
    }),
    keyType: statement.keyType ?? 'DUPLICATE',
    keys,
    partitionColumn: statement.partitionColumn,
    distribution: { columns: distributed, buckets: statement.distribution.buckets ?? 2 },
    replicationNum: positiveInteger(
      statement.properties.replication_num ?? fe.config.get('default_replication_num'),
      'replication_num',
    ),
    comment: statement.comment,
    ...(statement.properties.colocate_with !== undefined && { colocateWith: statement.properties.colocate_with }),
    state: 'NORMAL',
    createdAt: Date.now(),
  };
}

const knownProperties = new Set(
  (
    'replication_num storage_medium storage_format compression enable_persistent_index replicated_storage bloom_filter_columns ' +
    'in_memory fast_schema_evolution colocate_with labels.location'
  ).split(' '),
);

export function positiveInteger(text: string, name: string): number {
  if (!/^\d+$/.test(text) || Number(text) < 1)
    throw analysisError(`Replication num should larger than 0. (suggested 3), ${name}=${text}`);
  return Number(text);
}

function buildPartitions(
  fe: FrontendContext,
  state: ClusterState,
  ids: Ids,
  table: Table,
  wanted: RangePartition[],
): Partition[] {
  if (table.partitionColumn === null)
    return [newPartition(fe, state, ids, table, { name: table.name, lower: null, upper: null })];
  let lower: string | null = null;
  return wanted.map(({ name, upper }) => {
    const partition = newPartition(fe, state, ids, table, { name, lower, upper });
    lower = upper;
    return partition;
  });
}

type AddedPartition = { state: ClusterState; ids: Ids; table: Table; existing: Partition[]; wanted: RangePartition };

function addedPartition(fe: FrontendContext, { state, ids, table, existing, wanted }: AddedPartition): Partition {
  if (table.partitionColumn === null)
    throw executionError(fe.release, `Table ${table.name} is not a partitioned table`);
  const type = table.columns.find(({ name }) => name === table.partitionColumn)?.type ?? '';
  const sorted = [...existing].sort((a, b) =>
    a.upper === null ? 1 : b.upper === null ? -1 : compareKeys(a.upper, b.upper, type),
  );
  const last = sorted.at(-1);
  const overlaps =
    last && (last.upper === null || (wanted.upper !== null && compareKeys(wanted.upper, last.upper, type) <= 0));
  if (overlaps) throw executionError(fe.release, `Range is intersected with existing range of partition ${last.name}`);
  return newPartition(fe, state, ids, table, { name: wanted.name, lower: last?.upper ?? null, upper: wanted.upper });
}

/** Begins where the partition begins that it may replace, so that REPLACE PARTITION finds the same range. */
function asTemporary(added: Partition, { upper }: RangePartition, all: Partition[]): Partition {
  const twin = all.find((one) => !one.temporary && one.upper === upper);
  return { ...added, lower: twin?.lower ?? added.lower, temporary: true };
}

type PartitionRange = Pick<Partition, 'name' | 'lower' | 'upper'>;

/** Empty, at version 1, with ids of its own and replicas yet to be made. */
export function newPartition(
  fe: FrontendContext,
  state: ClusterState,
  ids: Ids,
  table: Table,
  range: PartitionRange,
): Partition {
  const { replicationNum, distribution } = table;
  return {
    ...range,
    id: ids.next(),
    ...(hasPhysicalPartitions(fe.release) && { physicalId: ids.next() }),
    tableId: table.id,
    indexId: ids.next(),
    replicationNum,
    schemaHash: schemaHashOf(table),
    visibleVersion: 1,
    visibleAt: Date.now(),
    rowCount: 0,
    dataBytes: 0,
    tablets: placeTablets(state, ids, {
      buckets: distribution.buckets,
      replicationNum,
      places: colocatedPlaces(state, table),
    }),
  };
}

/** An empty partition of the same name and range, which is another one to everybody who knows ids: TRUNCATE. */
function emptied(fe: FrontendContext, state: ClusterState, ids: Ids, partition: Partition): Partition {
  const { replicationNum, tablets } = partition;
  const fresh = placeTablets(state, ids, { buckets: tablets.length, replicationNum });
  const own = { id: ids.next(), ...(hasPhysicalPartitions(fe.release) && { physicalId: ids.next() }) };
  const nothing = { visibleVersion: 1, visibleAt: Date.now(), rowCount: 0, dataBytes: 0 };
  return { ...partition, ...own, ...nothing, tablets: fresh };
}
