import { expect, it } from 'vitest';
import type { SqlReader, SqlRow } from '../../../src/adapters/starrocks/port.ts';
import { readDatabaseState } from '../../../src/adapters/starrocks/read-database-state.ts';
import { AppError } from '../../../src/errors.ts';

const shape = (name: string, changes: SqlRow = {}): SqlRow => ({
  ...{ TABLE_NAME: name, TABLE_ENGINE: 'OLAP', TABLE_MODEL: 'DUP_KEYS', PRIMARY_KEY: '', PARTITION_KEY: '' },
  ...{ DISTRIBUTE_KEY: '`a`', DISTRIBUTE_TYPE: 'HASH', DISTRIBUTE_BUCKET: '2', SORT_KEY: '`a`', TABLE_ID: '10' },
  ...changes,
});
const column = (table: string, name: string, at: number, type = 'int'): SqlRow => ({
  ...{ TABLE_NAME: table, COLUMN_NAME: name, ORDINAL_POSITION: String(at), COLUMN_TYPE: type },
  ...{ IS_NULLABLE: 'YES', COLUMN_KEY: '' },
});
const partition = (name: string, id: string, version: string | null, temporary = '0'): SqlRow => ({
  ...{ TABLE_NAME: 'orders', PARTITION_NAME: name, PARTITION_ID: id, VISIBLE_VERSION: version, IS_TEMP: temporary },
});
const usual = {
  'show-table-shapes': [
    shape('orders'),
    shape('v', { TABLE_ENGINE: 'VIEW', TABLE_ID: null }),
    shape('mv', { TABLE_ENGINE: 'MATERIALIZED_VIEW', TABLE_ID: '12' }),
    shape('far', { TABLE_ENGINE: '', TABLE_ID: null }),
  ],
  'show-columns': [column('orders', 'b', 2), column('orders', 'a', 1)],
  'show-view-definitions': [{ TABLE_NAME: 'v', VIEW_DEFINITION: 'SELECT 1' }],
  'show-partitions': [partition('p', '21', '3'), partition('p', '22', null), partition('t', '23', '1', '1')],
};

function answering(answers: Readonly<Record<string, readonly SqlRow[] | AppError>>): SqlReader & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    query: async ({ name }) => {
      asked.push(name);
      const answer = answers[name] ?? [];
      if (answer instanceof AppError) throw answer;
      return answer;
    },
  };
}

const schemaOf = async (answers: Readonly<Record<string, readonly SqlRow[]>>, table = 'orders') => {
  const { state } = await readDatabaseState(answering({ ...usual, ...answers }), 'sales');
  return state.tables.find(({ name }) => name === table)?.schema;
};

it('reads a database in six statements: physical partitions, versions that may be unknown, temporary ones, views', async () => {
  const sql = answering(usual);
  const { state, foreign } = await readDatabaseState(sql, 'sales');
  expect(sql.asked).toHaveLength(6);
  expect(foreign).toEqual(['far']);
  expect(state.tables.map(({ name, type, id }) => [name, type, id])).toEqual([
    ['orders', 'TABLE', 10],
    ['v', 'VIEW', null],
    ['mv', 'MATERIALIZED_VIEW', 12],
  ]);
  expect(state.tables[0]?.partitions).toEqual([
    { name: 'p', id: 21, version: 3, versionAt: null, isTemporary: false },
    { name: 'p', id: 22, version: null, versionAt: null, isTemporary: false },
    { name: 't', id: 23, version: 1, versionAt: null, isTemporary: true },
  ]);
});

it('knows a table that is built in another way, however the columns are listed, and not one with more buckets', async () => {
  const before = await schemaOf({});
  expect(await schemaOf({ 'show-columns': usual['show-columns'].toReversed() })).toBe(before);
  expect(await schemaOf({ 'show-table-shapes': [shape('orders', { DISTRIBUTE_BUCKET: '9' })] })).toBe(before);
  expect(await schemaOf({ 'show-columns': [column('orders', 'a', 1), column('orders', 'b', 2, 'bigint')] })).not.toBe(
    before,
  );
  expect(await schemaOf({ 'show-table-shapes': [shape('orders', { SORT_KEY: '`b`' })] })).not.toBe(before);
  expect(await schemaOf({ 'show-columns': [] })).toBeNull();
});

it('knows each thing that RESTORE compares and that changes no version', async () => {
  const before = await schemaOf({});
  const [b, a] = usual['show-columns'];
  const withB = (change: SqlRow) => schemaOf({ 'show-columns': [{ ...b, ...change }, a ?? {}] });
  expect(await withB({ COLUMN_DEFAULT: '0' })).not.toBe(before);
  expect(await withB({ COLUMN_COMMENT: 'in cents' })).not.toBe(before);
  expect(await withB({ GENERATION_EXPRESSION: 'a + 1' })).not.toBe(before);
  const filter = { PROPERTIES: '{"replication_num":"1","bloom_filter_columns":"a, b"}' };
  expect(await schemaOf({ 'show-table-shapes': [shape('orders', filter)] })).not.toBe(before);
  expect(await schemaOf({ 'show-table-shapes': [shape('orders', { PROPERTIES: '{"replication_num":"3"}' })] })).toBe(
    before,
  );
  const rollup = (table: string) => [
    {
      TABLE_NAME: 'r',
      MATERIALIZED_VIEW_DEFINITION: `CREATE MATERIALIZED VIEW r AS SELECT a FROM \`sales\`.\`${table}\``,
    },
  ];
  expect(await schemaOf({ 'show-rollups': rollup('orders') })).not.toBe(before);
  expect(await schemaOf({ 'show-rollups': rollup('others') })).toBe(before);
});

it('leaves tables of sessions out, and does not trust what it reads of a table that one of them has the name of', async () => {
  const shapes = [
    ...usual['show-table-shapes'],
    shape('mine', { TABLE_ID: '91' }),
    shape('orders', { TABLE_ID: '92' }),
  ];
  const temporary = [
    { TABLE_NAME: 'mine', TABLE_ID: '91' },
    { TABLE_NAME: 'orders', TABLE_ID: '92' },
  ];
  const answers = { ...usual, 'show-table-shapes': shapes, 'show-temporary-tables': temporary };
  const { state } = await readDatabaseState(answering(answers), 'sales');
  expect(state.tables.map(({ name, id, schema }) => [name, id, schema === null])).toEqual([
    ['orders', 10, true],
    ['v', null, false],
    ['mv', 12, true],
  ]);
  const older = { ...usual, 'show-temporary-tables': new AppError('SQL_FAILED', 'Unknown table') };
  expect((await readDatabaseState(answering(older), 'sales')).state.tables).toHaveLength(3);
});

it('calls the definition of a view unknown where the version does not tell it, and refuses what it cannot read', async () => {
  const unknown = new AppError('SQL_FAILED', 'Unknown table');
  const blind = await readDatabaseState(answering({ ...usual, 'show-view-definitions': unknown }), 'sales');
  expect(blind.state.tables[1]?.schema).toBeNull();
  await expect(readDatabaseState(answering({ ...usual, 'show-partitions': unknown }), 'sales')).rejects.toBe(unknown);
  const odd = { ...usual, 'show-partitions': [partition('p', 'x', '1')] };
  await expect(readDatabaseState(answering(odd), 'sales')).rejects.toMatchObject({ code: 'SQL_FAILED' });
});
