import type { ColumnDefinition, CreateTable, KeyType, RangePartition, Statement } from './ast.ts';
import type { Cursor } from './cursor.ts';
import { parseExpression, parseSelect } from './parse-expression.ts';

const types = new Set(
  (
    'BOOLEAN TINYINT SMALLINT INT INTEGER BIGINT LARGEINT FLOAT DOUBLE DECIMAL DECIMALV2 DECIMAL32 DECIMAL64 DECIMAL128 ' +
    'DATE DATETIME CHAR VARCHAR STRING TEXT JSON VARBINARY'
  ).split(' '),
);

/** What follows CREATE TABLE. */
export function parseCreateTable(cursor: Cursor): CreateTable {
  const ifNotExists = cursor.accept('IF', 'NOT', 'EXISTS');
  const table = cursor.qualifiedName();
  const columns = cursor.parenthesized(() => parseColumn(cursor));
  if (cursor.accept('ENGINE')) {
    cursor.expect('=');
    cursor.identifier();
  }
  const keyType: KeyType | null = cursor.acceptOne('DUPLICATE', 'PRIMARY', 'UNIQUE');
  if (keyType) cursor.expect('KEY');
  const keys = keyType ? cursor.parenthesized(() => cursor.identifier()) : [];
  const comment = parseComment(cursor);
  const { partitionColumn, partitions } = parsePartitioning(cursor);
  const distribution = parseDistribution(cursor);
  const properties = cursor.optionalProperties();
  return {
    kind: 'createTable',
    table,
    ifNotExists,
    columns,
    keyType,
    keys,
    partitionColumn,
    partitions,
    distribution,
    comment,
    properties,
  };
}

export function parseColumn(cursor: Cursor): ColumnDefinition {
  const name = cursor.identifier();
  const type = parseType(cursor);
  let nullable = true;
  let fallback: string | null = null;
  while (true) {
    if (cursor.accept('NOT', 'NULL')) nullable = false;
    else if (cursor.accept('DEFAULT')) fallback = cursor.accept('NULL') ? null : cursor.next().value;
    else if (cursor.accept('COMMENT')) cursor.string();
    else if (!cursor.accept('NULL') && !cursor.accept('KEY')) return { name, type, nullable, fallback };
  }
}

function parseType(cursor: Cursor): string {
  const word = cursor.token.upper;
  if (!types.has(word)) throw cursor.unexpected(...[...types].sort());
  cursor.next();
  const numbers = cursor.sees('(') ? cursor.parenthesized(() => cursor.integer()) : null;
  const base = word === 'INTEGER' ? 'INT' : word === 'STRING' || word === 'TEXT' ? 'VARCHAR' : word;
  if (numbers) return `${base.toLowerCase()}(${numbers.join(', ')})`;
  return base === 'VARCHAR' ? `varchar(${word === 'VARCHAR' ? 1 : 65533})` : base.toLowerCase();
}

export function parseComment(cursor: Cursor): string {
  return cursor.accept('COMMENT') ? cursor.string() : '';
}

function parsePartitioning(cursor: Cursor): { partitionColumn: string | null; partitions: RangePartition[] } {
  if (!cursor.accept('PARTITION', 'BY')) return { partitionColumn: null, partitions: [] };
  cursor.expect('RANGE');
  const [partitionColumn = ''] = cursor.parenthesized(() => cursor.identifier());
  cursor.expect('(');
  const partitions = cursor.sees(')') ? [] : cursor.list(() => parsePartition(cursor));
  cursor.expect(')');
  return { partitionColumn, partitions };
}

/** `PARTITION p VALUES LESS THAN ("x")` or `... MAXVALUE`; null stands for MAXVALUE. */
function parsePartition(cursor: Cursor): RangePartition {
  cursor.expect('PARTITION');
  const name = cursor.identifier();
  cursor.expect('VALUES', 'LESS', 'THAN');
  if (cursor.accept('MAXVALUE') || cursor.accept('(', 'MAXVALUE', ')')) return { name, upper: null };
  const [upper = ''] = cursor.parenthesized(() => cursor.string());
  return { name, upper };
}

export function parseDistribution(cursor: Cursor): CreateTable['distribution'] {
  if (!cursor.accept('DISTRIBUTED', 'BY')) return { columns: [], buckets: null };
  if (cursor.accept('RANDOM')) return { columns: [], buckets: parseBuckets(cursor) };
  cursor.expect('HASH');
  return { columns: cursor.parenthesized(() => cursor.identifier()), buckets: parseBuckets(cursor) };
}

function parseBuckets(cursor: Cursor): number | null {
  return cursor.accept('BUCKETS') ? cursor.integer() : null;
}

/** What follows INSERT INTO. */
export function parseInsert(cursor: Cursor): Statement {
  cursor.accept('TABLE');
  const table = cursor.qualifiedName();
  const temporary = cursor.sees('TEMPORARY', 'PARTITION') || cursor.sees('TEMPORARY', 'PARTITIONS');
  if (temporary) cursor.expect('TEMPORARY');
  const partitions = cursor.acceptOne('PARTITION', 'PARTITIONS') ? parseNames(cursor) : null;
  const columns = cursor.sees('(') ? cursor.parenthesized(() => cursor.identifier()) : null;
  if (cursor.sees('SELECT'))
    return { kind: 'insert', table, partitions, temporary, columns, source: parseSelect(cursor) };
  cursor.expect('VALUES');
  const source = cursor.list(() => cursor.parenthesized(() => parseExpression(cursor)));
  return { kind: 'insert', table, partitions, temporary, columns, source };
}

/** `p` or `(p1, p2)`. */
export function parseNames(cursor: Cursor): string[] {
  return cursor.sees('(') ? cursor.parenthesized(() => cursor.identifier()) : [cursor.identifier()];
}

/** What follows ALTER TABLE. */
export function parseAlterTable(cursor: Cursor): Statement {
  const table = cursor.qualifiedName();
  switch (cursor.expectOne('ADD', 'DROP', 'SET', 'RENAME', 'REPLACE', 'SWAP')) {
    case 'ADD': {
      if (cursor.accept('COLUMN')) return { kind: 'addColumn', table, column: parseColumn(cursor) };
      const temporary = cursor.accept('TEMPORARY');
      return { kind: 'addPartition', table, partition: parsePartition(cursor), temporary };
    }
    case 'DROP': {
      const temporary = cursor.accept('TEMPORARY');
      cursor.expect('PARTITION');
      const ifExists = cursor.accept('IF', 'EXISTS');
      const partition = cursor.identifier();
      return { kind: 'dropPartition', table, partition, temporary, ifExists, force: cursor.accept('FORCE') };
    }
    case 'SET':
      return { kind: 'setTableProperties', table, properties: cursor.properties() };
    case 'RENAME': {
      if (!cursor.accept('PARTITION')) return { kind: 'renameTable', table, to: cursor.identifier() };
      const partition = cursor.identifier();
      cursor.accept('TO');
      return { kind: 'renamePartition', table, partition, to: cursor.identifier() };
    }
    case 'REPLACE': {
      cursor.expectOne('PARTITION', 'PARTITIONS');
      const partitions = parseNames(cursor);
      cursor.expect('WITH', 'TEMPORARY');
      cursor.expectOne('PARTITION', 'PARTITIONS');
      const temporary = parseNames(cursor);
      const keepsNewNames = cursor.optionalProperties().use_temp_partition_name === 'true';
      return { kind: 'replacePartition', table, partitions, temporary, keepsNewNames };
    }
    case 'SWAP':
      cursor.expect('WITH');
      return { kind: 'swapTable', table, other: cursor.identifier() };
  }
}
