import { done } from '../../mysql/packets.ts';
import { executionError, SqlError, unknownDatabase, unknownTable } from '../../sql/errors.ts';
import { requirePrivilege } from '../access.ts';
import { findRecycled } from '../data/recycle-bin.ts';
import { currentDatabase, findDatabase, findTable, requireTable } from '../data/tables.ts';
import { type Handlers, onLeader } from '../handlers.ts';
import { type Change, type ClusterState, change, type Recycled } from '../meta/state.ts';

/** RECOVER: out of the recycle bin again, with the ids and rows it had. */
export const recoverHandlers: Handlers<'recoverDatabase' | 'recoverTable' | 'recoverPartition'> = {
  recoverDatabase: onLeader(async ({ statement, session, fe }) => {
    requirePrivilege(fe, session, { privileges: ['CREATE DATABASE'], object: { kind: 'CATALOG' } });
    const { name } = statement;
    await fe.group.update((state) => {
      if (findDatabase(state, name)) throw executionError(fe.release, `Database[${name}] already exist.`);
      const entry = findRecycled(state, ({ kind, db }) => kind === 'DATABASE' && db?.name === name);
      if (!entry?.db) throw unknownDatabase(fe.release, name);
      const tables = [...state.recycled.values()].filter(({ kind, dbId, at }) => {
        return kind === 'TABLE' && dbId === entry.id && at === entry.at;
      });
      const back = tables.flatMap((one) => restored(one));
      return {
        changes: [change('recycled', entry.id, null), change('databases', entry.id, entry.db), ...back],
        value: null,
      };
    });
    return done();
  }),

  recoverTable: onLeader(async ({ statement, session, fe }) => {
    const db = currentDatabase(fe, session, statement.table.db);
    const { name } = statement.table;
    requirePrivilege(fe, session, { privileges: ['CREATE TABLE'], object: { kind: 'DATABASE', db: db.name } });
    await fe.group.update((state) => {
      if (findTable(state, db.id, name)) throw new SqlError(1050, '42S01', `Table '${name}' already exists`);
      const isIt = ({ kind, dbId, table }: Recycled) => kind === 'TABLE' && dbId === db.id && table?.name === name;
      const entry = findRecycled(state, isIt);
      // As recorded of 3.5: without the prefix that other statements put in front.
      const isNewer = fe.release.atLeast(3, 3);
      if (entry === null)
        throw isNewer ? new SqlError(5502, '42602', `Unknown table '${name}'`) : unknownTable(fe.release, name);
      return { changes: restored(entry), value: null };
    });
    return done();
  }),

  recoverPartition: onLeader(async ({ statement, session, fe }) => {
    const { db, table } = requireTable(fe, session, statement.table);
    const object = { kind: 'TABLE' as const, db: db.name, table: table.name };
    requirePrivilege(fe, session, { privileges: ['INSERT', 'ALTER'], object });
    const { partition: name } = statement;
    await fe.group.update((state) => {
      if (hasPartition(state, table.id, name)) {
        throw executionError(fe.release, `partition[${name}] already exist in table[${table.name}]`);
      }
      const isIt = ({ tableId, partitions }: Recycled) => tableId === table.id && partitions[0]?.name === name;
      const entry = findRecycled(state, isIt);
      if (entry !== null) return { changes: restored(entry), value: null };
      const text = `No partition named '${name}' in recycle bin that belongs to table '${table.name}'`;
      throw executionError(fe.release, text);
    });
    return done();
  }),
};

function hasPartition(state: ClusterState, tableId: number, name: string): boolean {
  return [...(state.partitionsByTable.get(tableId)?.values() ?? [])].some((one) => one.name === name);
}

function restored({ id, table, partitions }: Recycled): Change[] {
  return [
    change('recycled', id, null),
    ...(table ? [change('tables', table.id, table)] : []),
    ...partitions.map((one) => change('partitions', one.id, one)),
  ];
}
