import { setTimeout as sleep } from 'node:timers/promises';
import type { Cell, ColumnType, RowSet } from '../../mysql/packets.ts';
import type { Expression, SelectItem, SelectStatement, Value } from '../../sql/ast.ts';
import { analysisError, executionError } from '../../sql/errors.ts';
import { requirePrivilege } from '../access.ts';
import type { FrontendContext } from '../context.ts';
import { requireTable } from '../data/tables.ts';
import { type Session, signalOf } from '../session.ts';
import { aggregate, hasAggregate } from './aggregate.ts';
import { compare, evaluate, isTrue, type Scope, unresolvedColumn } from './evaluate.ts';
import { informationSchema } from './information-schema.ts';
import { requireAnyBackend, scanTable } from './scan.ts';
import type { Source } from './source.ts';
import { cellOf, cellValue, wireType } from './types.ts';

type Work = { fe: FrontendContext; session: Session };

export async function runSelect(statement: SelectStatement, work: Work): Promise<RowSet> {
  const source = await readSource(statement, work);
  await sleepIfAsked(statement, work.session);
  const items = expandStars(statement.items, source);
  const kept = source.rows.filter(
    (row) => !statement.where || isTrue(evaluate(statement.where, scopeOf(source, row, work))),
  );
  const grouped = statement.groupBy.length > 0 || items.some(({ expression }) => hasAggregate(expression));
  const groups = grouped ? groupRows(statement, { source, rows: kept, work }) : kept.map((row) => [row]);
  const read = (expression: Expression, rows: Cell[][]) =>
    aggregate(
      resolveAlias(expression, items, source),
      rows.map((row) => scopeOf(source, row, work)),
      {
        ...work,
        row: source.columns.length === 0 ? null : (name) => missingRow(name, source),
      },
    );
  const having = groups.filter((rows) => !statement.having || isTrue(read(statement.having, rows)));
  const ordered = statement.orderBy.length === 0 ? having : [...having].sort((a, b) => order(statement, read, a, b));
  let values = ordered.map((rows) => items.map(({ expression }) => read(expression, rows)));
  if (statement.distinct) values = distinct(values);
  const page = values.slice(
    statement.offset,
    statement.limit === null ? undefined : statement.offset + statement.limit,
  );
  const columns = items.map((item, at) => ({
    name: item.alias ?? nameOf(item),
    type: typeOf(
      item.expression,
      source,
      page.map((row) => row[at] ?? null),
    ),
  }));
  return { kind: 'rows', columns, rows: page.map((row) => row.map(cellOf)) };
}

async function readSource(statement: SelectStatement, { fe, session }: Work): Promise<Source> {
  const { from } = statement;
  if (!from) {
    const readsVariables = statement.items.every(({ expression }) => expression.kind === 'variable');
    const onBackend = statement.items.some(
      ({ expression }) => expression.kind === 'call' && expression.name === 'current_version',
    );
    if (onBackend || (!fe.release.atLeast(3, 3) && !readsVariables)) requireAnyBackend(fe);
    return { columns: [], rows: [[]] };
  }
  if ((from.db ?? session.db)?.toLowerCase() === 'information_schema') {
    // A backend scans these tables too, although a frontend has all that stands in them.
    requireAnyBackend(fe);
    return informationSchema(fe, session, from.name.toLowerCase(), askedIn(statement));
  }
  const { db, table } = requireTable(fe, session, from);
  requirePrivilege(fe, session, { privileges: ['SELECT'], object: { kind: 'TABLE', db: db.name, table: table.name } });
  if (table.view?.kind === 'VIEW') throw executionError(fe.release, 'the sandbox does not read views');
  if (table.state === 'RESTORE') throw analysisError("Table state is not NORMAL: 'RESTORING'", 5014, 'HY000');
  return { columns: table.columns, rows: await scanTable(fe, table, signalOf(session)) };
}

/** Whether a column stands anywhere in the statement. */
function askedIn({ items, where, groupBy, having, orderBy }: SelectStatement): (column: string) => boolean {
  const clauses = [where, having, ...groupBy, ...items.map(({ expression }) => expression)];
  const all = [...clauses, ...orderBy.map(({ expression }) => expression)].flatMap((one) => (one ? namesIn(one) : []));
  const names = new Set(all);
  return (column) => names.has('*') || names.has(column.toUpperCase());
}

function namesIn(one: Expression): string[] {
  switch (one.kind) {
    case 'column':
      return [one.name.toUpperCase()];
    case 'star':
      return ['*'];
    case 'call':
      return one.args.flatMap(namesIn);
    case 'not':
    case 'isNull':
      return namesIn(one.operand);
    case 'binary':
      return [...namesIn(one.left), ...namesIn(one.right)];
    case 'in':
      return [one.operand, ...one.items].flatMap(namesIn);
    default:
      return [];
  }
}

/** SELECT sleep(n) is there so that a running query exists that can be watched and killed. */
async function sleepIfAsked(statement: SelectStatement, session: Session): Promise<void> {
  for (const { expression } of statement.items) {
    if (expression.kind !== 'call' || expression.name !== 'sleep') continue;
    const seconds = expression.args[0]?.kind === 'literal' ? Number(expression.args[0].value) : 0;
    const signal = signalOf(session);
    await sleep(seconds * 1000, undefined, signal ? { signal } : {});
  }
}

function scopeOf(source: Source, row: Cell[], work: Work): Scope {
  if (source.columns.length === 0) return { ...work, row: null };
  return { ...work, row: (name) => valueIn(source, row, name) };
}

function valueIn(source: Source, row: Cell[], name: string): Value {
  const at = columnIndex(source, name);
  const column = source.columns[at];
  if (!column) throw unresolvedColumn(name);
  return cellValue(row[at] ?? null, column.type);
}

function missingRow(name: string, source: Source): Value {
  if (columnIndex(source, name) < 0) throw unresolvedColumn(name);
  return null;
}

const places = new WeakMap<Source['columns'], Map<string, number>>();

/** Asked for each cell of each row, of which partitions_meta has a hundred thousand in a large cluster. */
function columnIndex({ columns }: Source, name: string): number {
  const known = places.get(columns) ?? new Map<string, number>();
  places.set(columns, known);
  const found = known.get(name) ?? columns.findIndex((column) => column.name.toLowerCase() === name.toLowerCase());
  known.set(name, found);
  return found;
}

function expandStars(items: SelectItem[], source: Source): SelectItem[] {
  return items.flatMap((item) => {
    if (item.expression.kind !== 'star') return [item];
    if (source.columns.length === 0) throw analysisError('SELECT * must have a FROM clause');
    return source.columns.map(
      ({ name }): SelectItem => ({ expression: { kind: 'column', table: null, name }, alias: null, text: name }),
    );
  });
}

function groupRows(
  statement: SelectStatement,
  { source, rows, work }: { source: Source; rows: Cell[][]; work: Work },
): Cell[][][] {
  if (statement.groupBy.length === 0) return [rows];
  const groups = new Map<string, Cell[][]>();
  for (const row of rows) {
    const scope = scopeOf(source, row, work);
    const key = JSON.stringify(statement.groupBy.map((one) => cellOf(evaluate(ordinal(one, statement.items), scope))));
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()];
}

/** GROUP BY 1 and ORDER BY 2 mean items of the list. */
function ordinal(expression: Expression, items: SelectItem[]): Expression {
  if (expression.kind !== 'literal' || typeof expression.value !== 'number') return expression;
  const item = items[expression.value - 1];
  if (!item) throw analysisError(`Unknown position ${expression.value}`);
  return item.expression;
}

function resolveAlias(expression: Expression, items: SelectItem[], source: Source): Expression {
  if (expression.kind !== 'column' || columnIndex(source, expression.name) >= 0) return expression;
  return items.find(({ alias }) => alias === expression.name)?.expression ?? expression;
}

type Read = (expression: Expression, rows: Cell[][]) => Value;

function order(statement: SelectStatement, read: Read, a: Cell[][], b: Cell[][]): number {
  for (const { expression, descending } of statement.orderBy) {
    const one = ordinal(expression, statement.items);
    const [left, right] = [read(one, a), read(one, b)];
    const difference =
      left === null || right === null ? Number(right === null) - Number(left === null) : (compare(left, right) ?? 0);
    if (difference !== 0) return descending ? -difference : difference;
  }
  return 0;
}

function distinct(rows: Value[][]): Value[][] {
  const seen = new Map(rows.map((row) => [JSON.stringify(row.map(cellOf)), row]));
  return [...seen.values()];
}

function nameOf({ expression, text }: SelectItem): string {
  return expression.kind === 'column' ? expression.name : text;
}

function typeOf(expression: Expression, source: Source, values: Value[]): ColumnType {
  if (expression.kind === 'column')
    return wireType(source.columns[columnIndex(source, expression.name)]?.type ?? 'varchar');
  if (expression.kind === 'call' && (expression.name === 'min' || expression.name === 'max')) {
    const [argument] = expression.args;
    return argument ? typeOf(argument, source, values) : 'VARCHAR';
  }
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return expression.kind === 'call' && expression.name === 'count' ? 'BIGINT' : 'VARCHAR';
  if (known.every((value) => typeof value === 'boolean')) return 'TINYINT';
  if (known.every((value) => typeof value === 'bigint' || Number.isInteger(value))) return 'BIGINT';
  return known.every((value) => typeof value === 'number') ? 'DOUBLE' : 'VARCHAR';
}
