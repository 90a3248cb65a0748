import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { notes } from '../../scripts/tables/notes.ts';
import { printTables } from '../../scripts/tables/print-tables.ts';
import { type ColumnRow, readColumns } from '../../scripts/tables/read-columns.ts';
import { migrate, openDatabase } from '../../src/store/database.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/services.ts';

const present = readFileSync(new URL('../../src/store/generated/tables.ts', import.meta.url), 'utf8');

describe('the typed tables', () => {
  let database: TestDatabase;
  let columns: readonly ColumnRow[];

  beforeAll(async () => {
    database = await createTestDatabase();
    const db = openDatabase({ url: database.url, poolSize: 1, answerMs: null });
    await migrate(db);
    await db.destroy();
    columns = await readColumns(database.url);
  });
  afterAll(() => database.drop());

  it('are those of a database that all migrations were run on', () => {
    expect(columns.length).toBeGreaterThan(200);
    expect(printTables(columns, notes), 'A migration changed the tables: `npm run generate:tables`').toBe(present);
  });
});

const column: ColumnRow = {
  table: 'run',
  column: 'number',
  type: 'bigint',
  isNullable: false,
  defaultText: null,
  extra: '',
};

function printed(...columns: Partial<ColumnRow>[]): string {
  const lines = printTables(
    columns.map((each) => ({ ...column, ...each })),
    {},
  ).split('\n');
  return lines.slice(lines.indexOf('  run: {') + 1, -3).join('\n');
}

describe('the printer of tables', () => {
  it.each<[string, Partial<ColumnRow>, string]>([
    ['a column that must be given', {}, 'number: number;'],
    ['one that the server counts', { extra: 'auto_increment' }, 'number: Generated<number>;'],
    ['one with a default', { defaultText: '0' }, 'number: Generated<number>;'],
    ['one that may be null, as MySQL says it', { isNullable: true }, 'number: number | null;'],
    ['one that may be null, as MariaDB says it', { isNullable: true, defaultText: 'NULL' }, 'number: number | null;'],
    ['a time', { type: 'datetime' }, 'number: Date;'],
    ['a text', { type: 'longtext' }, 'number: string;'],
  ])('prints %s', (_name, change, text) => {
    expect(printed(change)).toBe(`    ${text}`);
  });

  it('refuses a type that it does not know', () => {
    expect(() => printed({ type: 'json' })).toThrow('run.number is a json');
  });

  it('puts notes above tables and columns', () => {
    const text = printTables([column], { run: 'Once.', 'run.number': 'As people call it.' });
    expect(text).toContain('  /** Once. */\n  run: {\n    /** As people call it. */\n    number: number;\n');
  });

  it('refuses a note about a column that is gone', () => {
    expect(() => printTables([column], { 'run.colour': 'Red.' })).toThrow('run.colour');
  });
});
