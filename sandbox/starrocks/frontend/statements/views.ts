import { done } from '../../mysql/packets.ts';
import type { SelectStatement, TableName } from '../../sql/ast.ts';
import { executionError, SqlError, unknownTable } from '../../sql/errors.ts';
import { requirePrivilege } from '../access.ts';
import type { FrontendContext } from '../context.ts';
import { partitionsOf, requireBackends } from '../data/placement.ts';
import { currentDatabase, findTable, requireTable } from '../data/tables.ts';
import { createReplicas, dropReplicas } from '../data/tablets.ts';
import { type Handlers, onLeader } from '../handlers.ts';
import { createIds } from '../meta/ids.ts';
import { change, type Database, type Table, type TableColumn } from '../meta/state.ts';
import type { Session } from '../session.ts';
import { newPartition, positiveInteger, removal } from './tables.ts';

/** Views, and materialized views that are never refreshed: enough to be listed and to be taken or left by a backup. */
export const viewHandlers: Handlers<'createView' | 'createMaterializedView' | 'dropView'> = {
  createView: onLeader(async ({ statement, session, fe }) => {
    const place = requirePlace(fe, session, statement);
    if (place === null) return done();
    await fe.group.update((state) => {
      const ids = createIds(state);
      const view = { kind: 'VIEW' as const, definition: statement.definition };
      const table = viewTable({
        id: ids.next(),
        db: place,
        name: statement.view.name,
        columns: columnsOf(fe, session, statement.select),
      });
      return { changes: [change('tables', table.id, { ...table, view }), ids.change()], value: null };
    });
    return done();
  }),

  createMaterializedView: onLeader(async ({ statement, session, fe }) => {
    const place = requirePlace(fe, session, statement);
    if (place === null) return done();
    const asked = statement.properties.replication_num ?? fe.config.get('default_replication_num');
    const replicationNum = positiveInteger(asked, 'replication_num');
    requireBackends(fe.release, fe.group.state, { replicationNum, table: statement.view.name });
    const columns = columnsOf(fe, session, statement.select);
    const distributed = statement.distribution.columns;
    const made = await fe.group.update((state) => {
      const ids = createIds(state);
      const table: Table = {
        ...viewTable({ id: ids.next(), db: place, name: statement.view.name, columns }),
        view: { kind: 'MATERIALIZED VIEW', definition: statement.definition },
        distribution: {
          columns: distributed.length > 0 ? distributed : columns.slice(0, 1).map(({ name }) => name),
          buckets: statement.distribution.buckets ?? 1,
        },
        replicationNum,
      };
      const range = { name: table.name, lower: null, upper: null };
      const value = { table, partition: newPartition(fe, state, ids, table, range) };
      return { changes: [ids.change()], value };
    });
    await createReplicas(fe, made.table, [made.partition]);
    await fe.group.update(() => ({
      changes: [change('tables', made.table.id, made.table), change('partitions', made.partition.id, made.partition)],
      value: null,
    }));
    return done();
  }),

  dropView: onLeader(async ({ statement, session, fe }) => {
    const db = currentDatabase(fe, session, statement.view.db);
    const kind = statement.materialized ? 'MATERIALIZED VIEW' : 'VIEW';
    const found = findTable(fe.group.state, db.id, statement.view.name);
    if (found?.view?.kind !== kind) {
      if (statement.ifExists) return done();
      if (!statement.materialized) throw unknownTable(fe.release, `${db.name}.${statement.view.name}`);
      throw new SqlError(1064, 'HY000', `Materialized view ${statement.view.name} is not found`);
    }
    requirePrivilege(fe, session, { privileges: ['DROP'], object: { kind: 'TABLE', db: db.name, table: found.name } });
    const partitions = partitionsOf(fe.group.state, found.id);
    await fe.group.update((state) => ({ changes: removal(state, found), value: null }));
    await dropReplicas(fe, partitions);
    return done();
  }),
};

type Creating = { view: TableName; ifNotExists: boolean };

/** The database to make it in; null when the name is taken and IF NOT EXISTS lets it be. */
function requirePlace(fe: FrontendContext, session: Session, { view, ifNotExists }: Creating): Database | null {
  const db = currentDatabase(fe, session, view.db);
  requirePrivilege(fe, session, {
    privileges: ['CREATE TABLE', 'CREATE VIEW'],
    object: { kind: 'DATABASE', db: db.name },
  });
  if (!findTable(fe.group.state, db.id, view.name)) return db;
  if (ifNotExists) return null;
  throw new SqlError(1050, '42S01', `Table '${view.name}' already exists`);
}

type Making = { id: number; db: Database; name: string; columns: TableColumn[] };

function viewTable({ id, db, name, columns }: Making): Table {
  return {
    id,
    dbId: db.id,
    name,
    columns,
    keyType: 'DUPLICATE',
    keys: columns.slice(0, 1).map((column) => column.name),
    partitionColumn: null,
    distribution: { columns: [], buckets: 0 },
    replicationNum: 0,
    comment: '',
    state: 'NORMAL',
    createdAt: Date.now(),
  };
}

/** Named and typed after the table it reads, where it names a column of it plainly. */
function columnsOf(fe: FrontendContext, session: Session, { from, items }: SelectStatement): TableColumn[] {
  if (from === null) throw executionError(fe.release, 'a view of the sandbox reads one table');
  const { table } = requireTable(fe, session, from);
  return items.flatMap(({ expression, alias, text }): TableColumn[] => {
    if (expression.kind === 'star') return table.columns.map((column) => ({ ...column, key: false }));
    const known = expression.kind === 'column' ? table.columns.find(({ name }) => name === expression.name) : undefined;
    const name = alias ?? known?.name ?? text;
    return [{ name, type: known?.type ?? 'bigint', nullable: true, fallback: null, key: false }];
  });
}
