import { createHash } from 'node:crypto';
import type { DatabaseState, ObjectType, PartitionState, TableState } from '../../domain/backup/content.ts';
import { AppError } from '../../errors.ts';
import type { SqlCall, SqlReader, SqlRow } from './port.ts';
import {
  showColumns,
  showPartitions,
  showRollups,
  showTableShapes,
  showTemporaryTables,
  showViewDefinitions,
} from './statements.ts';

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
 * A whole database in five or six statements, however many tables it has: physical partitions with their visible
 * versions, ids of tables, and a hash of how each is built. The answers are taken one after the other, partitions last, so
 * a table that is made meanwhile is missing and not half there. Tables of sessions are left out: BACKUP does not know them. Throws what the port throws: these tables of
 * information_schema are answered through a backend, and an unknown one is `SQL_FAILED`.
 */
export async function readDatabaseState(sql: SqlReader, database: string, call: SqlCall = {}): Promise<SeenDatabase> {
  // The leader: versions of a follower lag behind. A database of a hundred thousand partitions takes a while.
  const ask = { timeoutMs: 60_000, route: 'leader', ...call } as const;
  const all = await sql.query(showTableShapes(database), ask);
  const temporary = await readTemporary(sql, database, ask);
  const shapes = all.filter(({ TABLE_ID }) => !temporary.some((one) => one.TABLE_ID === TABLE_ID));
  // Their partitions cannot be told apart from those of a table of the same name: how that one is built counts as unknown.
  const shadowed = new Set(temporary.map((row) => cell(row, 'TABLE_NAME')));
  const columns = columnHashes(await sql.query(showColumns(database), ask));
  const rollups = await sql.query(showRollups(database), ask);
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
    const built =
      type === 'VIEW' ? (definitions.get(name) ?? null) : schemaOf(row, columns.get(name), rollupsOf(name, rollups));
    const schema = shadowed.has(name) ? null : built;
    const own = type === 'VIEW' ? [] : (partitions.get(name) ?? []);
    tables.push({ id: idOf(row.TABLE_ID), name, type, schema, partitions: own });
  }
  return { state: { tables }, foreign };
}

/** None before 3.3, where there are no such tables. */
async function readTemporary(sql: SqlReader, database: string, call: SqlCall): Promise<readonly SqlRow[]> {
  try {
    return await sql.query(showTemporaryTables(database), call);
  } catch (error) {
    if (error instanceof AppError && error.code === 'SQL_FAILED' && !error.retryable) return [];
    throw error;
  }
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
      versionAt: row.VISIBLE_VERSION_TIME ?? null,
      isTemporary: /^(1|true)$/i.test(row.IS_TEMP ?? ''),
    });
    tables.set(table, own);
  }
  return tables;
}

/**
 * A hash over the columns of each table, in their order. RESTORE refuses a partition whose table differs in any of it, also
 * in a default value or a comment (`Column.equals`), none of which changes a version.
 */
function columnHashes(rows: readonly SqlRow[]): Map<string, string> {
  const tables = Map.groupBy(rows, (row) => cell(row, 'TABLE_NAME'));
  return new Map(
    [...tables].map(([name, own]) => {
      const inOrder = own.toSorted((a, b) => Number(a.ORDINAL_POSITION) - Number(b.ORDINAL_POSITION));
      const cells = inOrder.map((row) => [
        ...[row.COLUMN_NAME, row.COLUMN_TYPE, row.IS_NULLABLE, row.COLUMN_KEY],
        ...[row.COLUMN_DEFAULT ?? null, row.COLUMN_COMMENT ?? '', row.GENERATION_EXPRESSION ?? ''],
      ]);
      return [name, hash(JSON.stringify(cells))];
    }),
  );
}

/**
 * Not part of it: the number of buckets, which belongs to each partition and grows by itself. Null = the columns are not
 * known.
 */
function schemaOf(row: SqlRow, columns: string | undefined, rollups: readonly string[]): string | null {
  if (columns === undefined) return null;
  const { TABLE_MODEL, PRIMARY_KEY, PARTITION_KEY, DISTRIBUTE_KEY, DISTRIBUTE_TYPE, SORT_KEY } = row;
  const shape = [TABLE_MODEL, PRIMARY_KEY, PARTITION_KEY, DISTRIBUTE_KEY, DISTRIBUTE_TYPE, SORT_KEY];
  return hash(JSON.stringify([columns, ...shape.map((each) => each ?? ''), bloomFilterOf(row.PROPERTIES), rollups]));
}

/** The columns with a bloom filter, which RESTORE compares too. */
function bloomFilterOf(properties: string | null | undefined): string {
  return /"bloom_filter_columns"\s*:\s*"([^"]*)"/.exec(properties ?? '')?.[1] ?? '';
}

/** Names and definitions of the rollups that may be of a table: its name stands in their definition. */
function rollupsOf(table: string, rollups: readonly SqlRow[]): readonly string[] {
  return rollups
    .filter(({ MATERIALIZED_VIEW_DEFINITION }) => (MATERIALIZED_VIEW_DEFINITION ?? '').includes(table))
    .map((row) => JSON.stringify([row.TABLE_NAME, row.MATERIALIZED_VIEW_DEFINITION]))
    .toSorted();
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
