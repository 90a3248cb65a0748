import { done } from '../../mysql/packets.ts';
import { executionError, SqlError } from '../../sql/errors.ts';
import { requirePrivilege } from '../access.ts';
import type { FrontendContext } from '../context.ts';
import { partitionsOf } from '../data/placement.ts';
import { withTableLock } from '../data/table-lock.ts';
import { findTable, requireTable } from '../data/tables.ts';
import { dropReplicas } from '../data/tablets.ts';
import { type Execution, type Handlers, onLeader } from '../handlers.ts';
import { type Change, change, type Partition, type Table } from '../meta/state.ts';
import { refuseRestoring } from './tables.ts';

type Kinds = 'replacePartition' | 'renameTable' | 'renamePartition' | 'swapTable' | 'addColumn';

/** Changes of a table that move no row: names, places, and a column that old rows have the default of. */
export const alterTableHandlers: Handlers<Kinds> = {
  replacePartition: onLeader(async (execution) => {
    const { fe, statement } = execution;
    const { table } = requireAlterable(execution);
    const all = partitionsOf(fe.group.state, table.id);
    const old = statement.partitions.map((name) => requirePartition(fe, all, { name, temporary: false }));
    const fresh = statement.temporary.map((name) => requirePartition(fe, all, { name, temporary: true }));
    refuseOtherRanges(fe, old, fresh);
    const renames = !statement.keepsNewNames && old.length === fresh.length;
    await fe.group.update((state) => {
      const now = fresh.flatMap(({ id }) => state.partitions.get(String(id)) ?? []);
      const changes: Change[] = old.map(({ id }) => change('partitions', id, null));
      for (const [at, { temporary: _temporary, ...partition }] of now.entries()) {
        const name = renames ? (old[at]?.name ?? partition.name) : partition.name;
        changes.push(change('partitions', partition.id, { ...partition, name }));
      }
      return { changes, value: null };
    });
    await dropReplicas(fe, old);
    return done();
  }),

  renameTable: onLeader(async (execution) => {
    const { fe, statement } = execution;
    const { db, table } = requireAlterable(execution);
    await fe.group.update((state) => {
      if (findTable(state, db.id, statement.to))
        throw executionError(fe.release, `Table name[${statement.to}] is already used`);
      return { changes: renamed(fe, table, statement.to), value: null };
    });
    return done();
  }),

  renamePartition: onLeader(async (execution) => {
    const { fe, statement } = execution;
    const { table } = requireAlterable(execution);
    if (table.partitionColumn === null)
      throw executionError(fe.release, `Table[${table.name}] is single partitioned. no need to rename partition name.`);
    await fe.group.update((state) => {
      const all = partitionsOf(state, table.id);
      const found = requirePartition(fe, all, { name: statement.partition, temporary: false });
      if (all.some(({ name }) => name === statement.to))
        throw executionError(fe.release, `Partition name[${statement.to}] is already used`);
      return { changes: [change('partitions', found.id, { ...found, name: statement.to })], value: null };
    });
    return done();
  }),

  swapTable: onLeader(async (execution) => {
    const { fe, statement } = execution;
    const { db, table } = requireAlterable(execution);
    await fe.group.update((state) => {
      const other = findTable(state, db.id, statement.other);
      if (!other || other.view?.kind === 'VIEW') throw notOlap(statement.other);
      return { changes: [...renamed(fe, table, other.name), ...renamed(fe, other, table.name)], value: null };
    });
    return done();
  }),

  /** As fast schema evolution does it: neither the hash of the schema nor the version of any partition changes. */
  addColumn: onLeader(async (execution) => {
    const { fe, statement } = execution;
    const { table } = requireAlterable(execution);
    const { column } = statement;
    if (!column.nullable && column.fallback === null)
      throw executionError(fe.release, `Column ${column.name} must be nullable or have a default value`);
    await withTableLock(table.id, () =>
      fe.group.update((state) => {
        const now = state.tables.get(String(table.id)) ?? table;
        if (now.columns.some(({ name }) => name.toLowerCase() === column.name.toLowerCase()))
          throw executionError(fe.release, `Can not add column which already exists in base table: ${column.name}`);
        const columns = [...now.columns, { ...column, key: false }];
        return { changes: [change('tables', table.id, { ...now, columns })], value: null };
      }),
    );
    return done();
  }),
};

type Altering = Execution<{ table: { db: string | null; name: string } }>;

function requireAlterable({ fe, session, statement }: Altering) {
  const found = requireTable(fe, session, statement.table);
  const object = { kind: 'TABLE' as const, db: found.db.name, table: found.table.name };
  requirePrivilege(fe, session, { privileges: ['ALTER'], object });
  if (found.table.view?.kind === 'VIEW') throw notOlap(found.table.name);
  refuseRestoring(fe, found.table);
  return found;
}

function notOlap(name: string): SqlError {
  return new SqlError(1064, 'HY000', `Table ${name} does not exist or is not OLAP/LAKE table`);
}

type Wanted = { name: string; temporary: boolean };

function requirePartition(fe: FrontendContext, all: Partition[], { name, temporary }: Wanted): Partition {
  const found = all.find((one) => one.name === name && Boolean(one.temporary) === temporary);
  if (found) return found;
  throw executionError(fe.release, `${temporary ? 'Temp partition' : 'Partition'}[${name}] does not exist`);
}

/** Together the new ones cover what the old ones did, no more and no less. */
function refuseOtherRanges(fe: FrontendContext, old: Partition[], fresh: Partition[]): void {
  const bounds = (list: Partition[]) => {
    const inner = list.flatMap(({ lower, upper }) => [lower ?? 'MIN', upper ?? 'MAX']);
    return [...new Set(inner)].filter((bound) => inner.filter((one) => one === bound).length === 1).sort();
  };
  if (JSON.stringify(bounds(old)) === JSON.stringify(bounds(fresh))) return;
  throw executionError(fe.release, '2 range lists are not stricly matched');
}

/** The one partition of an unpartitioned table carries its name. */
function renamed(fe: FrontendContext, table: Table, name: string): Change[] {
  const own = table.partitionColumn === null ? partitionsOf(fe.group.state, table.id) : [];
  const partitions = own.map((one) => change('partitions', one.id, { ...one, name }));
  return [change('tables', table.id, { ...table, name }), ...partitions];
}
