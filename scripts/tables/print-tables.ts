import type { ColumnRow } from './read-columns.ts';

/** What a row answers for a column of this type; `openDatabase` reads sessions in UTC and numbers as numbers. */
const typeOf: Readonly<Record<string, string>> = {
  char: 'string',
  varchar: 'string',
  text: 'string',
  longtext: 'string',
  longblob: 'Buffer',
  tinyint: 'number',
  int: 'number',
  bigint: 'number',
  double: 'number',
  datetime: 'Date',
};

const head = `import type { Generated } from 'kysely';

/*
 * Printed from a migrated database by \`npm run generate:tables\`; what is said of columns stands in scripts/tables/notes.ts.
 * JSON lives in text columns and is parsed by the file that owns the table. All times are UTC, milliseconds kept.
 */

`;

/**
 * The tables as Kysely sees them, the same text whether MariaDB or MySQL answered. Throws on a type that no table had so far,
 * and on a note about what is not there.
 */
export function printTables(columns: readonly ColumnRow[], notes: Readonly<Record<string, string>>): string {
  const tables = Map.groupBy(columns, ({ table }) => table);
  const known = new Set([...tables.keys(), ...columns.map(({ table, column }) => `${table}.${column}`)]);
  const strangers = Object.keys(notes).filter((name) => !known.has(name));
  if (strangers.length > 0)
    throw new Error(`scripts/tables/notes.ts speaks of ${strangers.join(', ')}: no such column`);
  const parts = [...tables].map(([name, own]) => printTable(name, own, notes));
  return `${head}export type Tables = {\n${parts.join('')}};\n`;
}

function printTable(name: string, columns: readonly ColumnRow[], notes: Readonly<Record<string, string>>): string {
  const lines = columns.map(
    (each) => `${printNote(notes[`${name}.${each.column}`], '    ')}    ${printColumn(each)}\n`,
  );
  return `${printNote(notes[name], '  ')}  ${name}: {\n${lines.join('')}  };\n`;
}

function printColumn({ table, column, type, isNullable, defaultText, extra }: ColumnRow): string {
  const answered = typeOf[type];
  if (answered === undefined)
    throw new Error(`${table}.${column} is a ${type}: say in scripts/tables what a row answers`);
  // MariaDB writes the word NULL where MySQL has none; neither matters, since Kysely lets out what may be null.
  const isGenerated = !isNullable && (defaultText !== null || extra.includes('auto_increment'));
  const printed = isGenerated ? `Generated<${answered}>` : answered;
  return `${column}: ${printed}${isNullable ? ' | null' : ''};`;
}

function printNote(note: string | undefined, indent: string): string {
  return note === undefined ? '' : `${indent}/** ${note} */\n`;
}
