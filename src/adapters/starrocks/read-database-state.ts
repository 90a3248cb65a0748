import { createHash } from 'node:crypto';
import type { DatabaseState, ObjectType, PartitionState, TableState } from '../../domain/backup/content.ts';
import { AppError } from '../../errors.ts';
import type { SqlCall, SqlReader, SqlRow } from './port.ts';
import { showColumns, showPartitions, showTableShapes, showViewDefinitions } from './statements.ts';

export type SeenDatabase = {
  readonly state: DatabaseState;
  /** What stands in the database and is neither a table of StarRocks' own nor a view: BACKUP refuses it. */
  readonly foreign: readonly string[];
};

const types: Readonly<Record<string, ObjectType>> = {
  OLAP: 'TABLE',
  VIEW: 'VIEW',
  MATERIALIZED_VIEW: 'MATERIALIZED_VIEW',
};

/**
 * A whole database in three or four statements, however many tables it has: physical partitions with their visible
 * versions, ids of tables, and a hash of how each is built. The answers are taken one after the other, partitions last, so
 * a table that is made meanwhile is missing and not half there. Throws what the port throws: these tables of
 * information_schema are answered through a backend, and an unknown one is `SQL_FAILED`.
 */
export async function readDatabaseState(sql: SqlReader, database: string, call: SqlCall = {}): Promise<SeenDatabase> {
  // The leader: versions of a follower lag behind. A database of a hundred thousand partitions takes a while.
  const ask = { timeoutMs: 60_000, route: 'leader', ...call } as const;
  const shapes = await sql.query(showTableShapes(database), ask);
  const columns = columnHashes(await sql.query(showColumns(database), ask));
  const hasViews = shapes.some(({ TABLE_ENGINE }) => TABLE_ENGINE === 'VIEW');
  const definitions = hasViews ? viewHashes(await readViews(sql, database, ask)) : new Map<string, string>();
  const partitions = partitionsByTable(await sql.query(showPartitions(database), ask));
  const tables: TableState[] = [];
  const foreign: string[] = [];
  for (const row of shapes) {
    const name = cell(row, 'TABLE_NAME');
    const type = types[row.TABLE_ENGINE ?? ''];
    if (type === undefined) {
      foreign.push(name);
      continue;
    }
    const schema = type === 'VIEW' ? (definitions.get(name) ?? null) : schemaOf(row, columns.get(name));
    const own = type === 'VIEW' ? [] : (partitions.get(name) ?? []);
    tables.push({ id: idOf(row.TABLE_ID), name, type, schema, partitions: own });
  }
  return { state: { tables }, foreign };
}

/** Null = the answer does not say what the views are. */
async function readViews(sql: SqlReader, database: string, call: SqlCall): Promise<readonly SqlRow[]> {
  try {
    return await sql.query(showViewDefinitions(database), call);
  } catch (error) {
    // Without definitions each view counts as changed, and is taken again: it holds no data.
    if (error instanceof AppError && error.code === 'SQL_FAILED') return [];
    throw error;
  }
}

function partitionsByTable(rows: readonly SqlRow[]): Map<string, PartitionState[]> {
  const tables = new Map<string, PartitionState[]>();
  for (const row of rows) {
    const table = cell(row, 'TABLE_NAME');
    const own = tables.get(table) ?? [];
    own.push({
      name: cell(row, 'PARTITION_NAME'),
      id: numberIn(row, 'PARTITION_ID'),
      version: versionOf(row.VISIBLE_VERSION),
      isTemporary: /^(1|true)$/i.test(row.IS_TEMP ?? ''),
    });
    tables.set(table, own);
  }
  return tables;
}

/** A hash over the columns of each table, in their order. */
function columnHashes(rows: readonly SqlRow[]): Map<string, string> {
  const tables = Map.groupBy(rows, (row) => cell(row, 'TABLE_NAME'));
  return new Map(
    [...tables].map(([name, own]) => {
      const inOrder = own.toSorted((a, b) => Number(a.ORDINAL_POSITION) - Number(b.ORDINAL_POSITION));
      const cells = inOrder.map((row) => [row.COLUMN_NAME, row.COLUMN_TYPE, row.IS_NULLABLE, row.COLUMN_KEY]);
      return [name, hash(JSON.stringify(cells))];
    }),
  );
}

/**
 * Not part of it: the number of buckets, which belongs to each partition and grows by itself. Null = the columns are not
 * known.
 */
function schemaOf(row: SqlRow, columns: string | undefined): string | null {
  if (columns === undefined) return null;
  const { TABLE_MODEL, PRIMARY_KEY, PARTITION_KEY, DISTRIBUTE_KEY, DISTRIBUTE_TYPE, SORT_KEY } = row;
  const shape = [TABLE_MODEL, PRIMARY_KEY, PARTITION_KEY, DISTRIBUTE_KEY, DISTRIBUTE_TYPE, SORT_KEY];
  return hash(JSON.stringify([columns, ...shape.map((each) => each ?? '')]));
}

function viewHashes(rows: readonly SqlRow[]): Map<string, string> {
  return new Map(
    rows.flatMap((row) => {
      const definition = row.VIEW_DEFINITION ?? '';
      return definition === '' ? [] : [[cell(row, 'TABLE_NAME'), hash(definition)] as const];
    }),
  );
}

/** Short, since there is one for each table of each backup; an accident of 2^-64 is no risk. */
function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function idOf(value: string | null | undefined): number | null {
  const id = Number(value ?? '');
  return Number.isSafeInteger(id) && id > 0 ? id : null;
}

function versionOf(value: string | null | undefined): number | null {
  return idOf(value);
}

function cell(row: SqlRow, column: string): string {
  const value = row[column];
  if (typeof value === 'string' && value !== '') return value;
  throw new AppError('SQL_FAILED', `The frontend's answer has no value in the column ${column}`, {
    hint: `It has: ${Object.keys(row).join(', ')}`,
  });
}

function numberIn(row: SqlRow, column: string): number {
  const value = idOf(row[column]);
  if (value !== null) return value;
  throw new AppError('SQL_FAILED', `The frontend's answer has "${row[column]}" in ${column}, which is no id`);
}
