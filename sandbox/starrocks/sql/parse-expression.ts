import type { Expression, SelectItem, SelectStatement, Value } from './ast.ts';
import type { Cursor } from './cursor.ts';

export function parseExpression(cursor: Cursor): Expression {
  return parseOr(cursor);
}

function parseOr(cursor: Cursor): Expression {
  let left = parseAnd(cursor);
  while (cursor.acceptOne('OR', '||')) left = { kind: 'binary', operator: 'OR', left, right: parseAnd(cursor) };
  return left;
}

function parseAnd(cursor: Cursor): Expression {
  let left = parseNot(cursor);
  while (cursor.acceptOne('AND', '&&')) left = { kind: 'binary', operator: 'AND', left, right: parseNot(cursor) };
  return left;
}

function parseNot(cursor: Cursor): Expression {
  return cursor.acceptOne('NOT', '!') ? { kind: 'not', operand: parseNot(cursor) } : parseComparison(cursor);
}

function parseComparison(cursor: Cursor): Expression {
  const left = parseSum(cursor);
  const operator = cursor.acceptOne('=', '!=', '<>', '<=>', '<=', '>=', '<', '>');
  if (operator) return { kind: 'binary', operator: operator === '<>' ? '!=' : operator, left, right: parseSum(cursor) };
  if (cursor.accept('IS')) {
    const negated = cursor.accept('NOT');
    cursor.expect('NULL');
    return { kind: 'isNull', operand: left, negated };
  }
  const negated = cursor.sees('NOT') && cursor.accept('NOT');
  const found = parsePredicate(cursor, left);
  if (!found) return negated ? fail(cursor) : left;
  return negated ? { kind: 'not', operand: found } : found;
}

function parsePredicate(cursor: Cursor, operand: Expression): Expression | null {
  if (cursor.accept('IN')) {
    return { kind: 'in', operand, items: cursor.parenthesized(() => parseExpression(cursor)), negated: false };
  }
  if (cursor.accept('LIKE')) return { kind: 'binary', operator: 'LIKE', left: operand, right: parseSum(cursor) };
  if (cursor.acceptOne('REGEXP', 'RLIKE')) {
    return { kind: 'binary', operator: 'REGEXP', left: operand, right: parseSum(cursor) };
  }
  if (!cursor.accept('BETWEEN')) return null;
  const low = parseSum(cursor);
  cursor.expect('AND');
  const left: Expression = { kind: 'binary', operator: '>=', left: operand, right: low };
  const right: Expression = { kind: 'binary', operator: '<=', left: operand, right: parseSum(cursor) };
  return { kind: 'binary', operator: 'AND', left, right };
}

function parseSum(cursor: Cursor): Expression {
  let left = parseProduct(cursor);
  for (let operator = cursor.acceptOne('+', '-'); operator; operator = cursor.acceptOne('+', '-')) {
    left = { kind: 'binary', operator, left, right: parseProduct(cursor) };
  }
  return left;
}

function parseProduct(cursor: Cursor): Expression {
  let left = parseUnary(cursor);
  for (let operator = cursor.acceptOne('*', '/', '%'); operator; operator = cursor.acceptOne('*', '/', '%')) {
    left = { kind: 'binary', operator, left, right: parseUnary(cursor) };
  }
  return left;
}

function parseUnary(cursor: Cursor): Expression {
  if (cursor.accept('+')) return parseUnary(cursor);
  if (!cursor.accept('-')) return parsePrimary(cursor);
  const left: Expression = { kind: 'literal', value: 0 };
  return { kind: 'binary', operator: '-', left, right: parseUnary(cursor) };
}

function parsePrimary(cursor: Cursor): Expression {
  const { kind, value, upper } = cursor.token;
  if (kind === 'number') return { kind: 'literal', value: readNumber(cursor.next().value) };
  if (kind === 'string') return { kind: 'literal', value: cursor.next().value };
  if (kind === 'variable') return { kind: 'variable', name: cursor.next().value };
  if (kind === 'parameter') return fail(cursor);
  if (upper === 'NULL' || upper === 'TRUE' || upper === 'FALSE') {
    cursor.next();
    return { kind: 'literal', value: upper === 'NULL' ? null : upper === 'TRUE' };
  }
  if (cursor.accept('(')) {
    const inner = parseExpression(cursor);
    cursor.expect(')');
    return inner;
  }
  if (kind === 'word' && cursor.ahead(1).upper === '(') return parseCall(cursor, value);
  return parseColumn(cursor);
}

function parseCall(cursor: Cursor, name: string): Expression {
  cursor.next();
  cursor.expect('(');
  if (cursor.accept(')')) return { kind: 'call', name: name.toLowerCase(), args: [], distinct: false };
  if (name.toUpperCase() === 'CAST') return parseCast(cursor);
  const distinct = cursor.accept('DISTINCT');
  const args = cursor.list<Expression>(() => (cursor.accept('*') ? { kind: 'star' } : parseExpression(cursor)));
  cursor.expect(')');
  return { kind: 'call', name: name.toLowerCase(), args, distinct };
}

/** What follows CAST(. Values are kept as texts or numbers, so that only a cast to text makes a difference. */
function parseCast(cursor: Cursor): Expression {
  const operand = parseExpression(cursor);
  cursor.expect('AS');
  cursor.expectOne('VARCHAR', 'STRING', 'CHAR');
  cursor.expect(')');
  return { kind: 'call', name: 'cast', args: [operand], distinct: false };
}

function parseColumn(cursor: Cursor): Expression {
  const parts = [cursor.identifier()];
  while (cursor.accept('.')) parts.push(cursor.identifier());
  return { kind: 'column', table: parts.at(-2) ?? null, name: parts.at(-1) ?? '' };
}

function readNumber(text: string): Value {
  if (!/^\d+$/.test(text)) return Number(text);
  return Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text);
}

function fail(cursor: Cursor): never {
  throw cursor.unexpected('IDENTIFIER');
}

export function parseSelect(cursor: Cursor): SelectStatement {
  cursor.expect('SELECT');
  const distinct = cursor.accept('DISTINCT');
  const items = cursor.list(() => parseItem(cursor));
  const from = cursor.accept('FROM') ? parseFrom(cursor) : null;
  const where = cursor.accept('WHERE') ? parseExpression(cursor) : null;
  const groupBy = cursor.accept('GROUP', 'BY') ? cursor.list(() => parseExpression(cursor)) : [];
  const having = cursor.accept('HAVING') ? parseExpression(cursor) : null;
  const orderBy = cursor.accept('ORDER', 'BY') ? cursor.list(() => parseOrder(cursor)) : [];
  return { kind: 'select', items, distinct, from, where, groupBy, having, orderBy, ...parseLimit(cursor) };
}

function parseItem(cursor: Cursor): SelectItem {
  const start = cursor.token.start;
  const expression: Expression = cursor.accept('*') ? { kind: 'star' } : parseExpression(cursor);
  const text = cursor.text.slice(start, cursor.ahead(0).start).trim();
  if (cursor.accept('AS')) return { expression, alias: cursor.identifierOrString(), text };
  const { kind, upper } = cursor.token;
  const named =
    kind === 'quoted' || (kind === 'word' && !['FROM', 'WHERE', 'GROUP', 'HAVING', 'ORDER', 'LIMIT'].includes(upper));
  return { expression, alias: named ? cursor.identifier() : null, text };
}

function parseFrom(cursor: Cursor): SelectStatement['from'] {
  if (cursor.accept('DUAL')) return null;
  const table = cursor.qualifiedName();
  const clause = ['WHERE', 'GROUP', 'HAVING', 'ORDER', 'LIMIT'].includes(cursor.token.upper);
  if (cursor.accept('AS') || (!clause && ['word', 'quoted'].includes(cursor.token.kind))) cursor.identifier();
  return table;
}

function parseOrder(cursor: Cursor): SelectStatement['orderBy'][number] {
  const expression = parseExpression(cursor);
  return { expression, descending: cursor.acceptOne('ASC', 'DESC') === 'DESC' };
}

function parseLimit(cursor: Cursor): { limit: number | null; offset: number } {
  if (!cursor.accept('LIMIT')) return { limit: null, offset: 0 };
  const first = cursor.integer();
  if (cursor.accept(',')) return { limit: cursor.integer(), offset: first };
  return { limit: first, offset: cursor.accept('OFFSET') ? cursor.integer() : 0 };
}
