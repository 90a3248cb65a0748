import { md5 } from '../../object-store.ts';
import type { TableName } from '../../sql/ast.ts';
import { SqlError, unknownDatabase, unknownTable } from '../../sql/errors.ts';
import type { FrontendContext } from '../context.ts';
import type { ClusterState, Database, Partition, Table } from '../meta/state.ts';
import type { Session } from '../session.ts';

export function findDatabase(state: ClusterState, name: string): Database | null {
  return [...state.databases.values()].find((db) => db.name === name) ?? null;
}

export function findTable(state: ClusterState, dbId: number, name: string): Table | null {
  return [...state.tables.values()].find((table) => table.dbId === dbId && table.name === name) ?? null;
}

export function tablesOf(state: ClusterState, dbId: number): Table[] {
  return [...state.tables.values()].filter((table) => table.dbId === dbId);
}

/** The database a name means in this session; every statement that needs one fails the same way without. */
export function currentDatabase(fe: FrontendContext, session: Session, name: string | null): Database {
  const wanted = name ?? session.db;
  if (wanted === null) throw new SqlError(1046, '3D000', 'No database selected');
  const found = findDatabase(fe.group.state, wanted);
  if (!found) throw unknownDatabase(fe.release, wanted);
  return found;
}

export function requireTable(fe: FrontendContext, session: Session, name: TableName): { db: Database; table: Table } {
  const db = currentDatabase(fe, session, name.db);
  const table = findTable(fe.group.state, db.id, name.name);
  if (!table) throw unknownTable(fe.release, fe.release.atLeast(3, 3) ? `${db.name}.${name.name}` : name.name);
  return { db, table };
}

/** A number that changes with the columns: two tables with the same one can exchange their files. */
export function schemaHashOf(table: Pick<Table, 'columns' | 'keyType' | 'keys'>): number {
  const { columns, keyType, keys } = table;
  const text = JSON.stringify([columns.map(({ name, type, nullable }) => [name, type, nullable]), keyType, keys]);
  return Number.parseInt(md5(text).slice(0, 7), 16);
}

/** The partition a row belongs to, or null when no range holds it. */
export function partitionFor(table: Table, partitions: Partition[], row: (string | null)[]): Partition | null {
  if (table.partitionColumn === null) return partitions[0] ?? null;
  const at = table.columns.findIndex(({ name }) => name === table.partitionColumn);
  const value = row[at] ?? null;
  const type = table.columns[at]?.type ?? '';
  return (
    partitions.find(({ lower, upper }) => {
      const aboveLower = lower === null || (value !== null && compareKeys(value, lower, type) >= 0);
      return aboveLower && (upper === null || value === null || compareKeys(value, upper, type) < 0);
    }) ?? null
  );
}

export function compareKeys(a: string, b: string, type: string): number {
  if (!/int/.test(type)) return a < b ? -1 : a > b ? 1 : 0;
  const difference = BigInt(a) - BigInt(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
