import { createHash } from 'node:crypto';
import { formatTime } from '../../pace.ts';
import type { Expression, Value } from '../../sql/ast.ts';
import { analysisError, SqlError } from '../../sql/errors.ts';
import { userKey } from '../access.ts';
import type { FrontendContext } from '../context.ts';
import { isLike } from '../format.ts';
import type { Session } from '../session.ts';
import { globalVariables, sessionVariables } from '../variables.ts';
import { cellOf } from './types.ts';

export type Scope = {
  fe: FrontendContext;
  session: Session;
  /** Gives the value of a column of the current row; null where no row exists (SELECT 1). */
  row: ((name: string) => Value) | null;
};

/** The value of an expression without aggregates. */
export function evaluate(expression: Expression, scope: Scope): Value {
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'column':
      if (!scope.row) throw unresolvedColumn(expression.name);
      return scope.row(expression.name);
    case 'variable':
      return variable(expression.name, scope);
    case 'call':
      return call(expression.name, expression.args, scope);
    case 'not': {
      const value = evaluate(expression.operand, scope);
      return value === null ? null : !isTrue(value);
    }
    case 'isNull':
      return (evaluate(expression.operand, scope) === null) !== expression.negated;
    case 'in': {
      const value = evaluate(expression.operand, scope);
      if (value === null) return null;
      return expression.items.some((item) => compare(value, evaluate(item, scope)) === 0);
    }
    case 'binary':
      return binary(expression.operator, evaluate(expression.left, scope), () => evaluate(expression.right, scope));
    case 'star':
      throw analysisError('Unexpected *');
  }
}

export function isTrue(value: Value): boolean {
  return value !== null && value !== false && value !== 0 && value !== 0n && value !== '' && value !== '0';
}

export function unresolvedColumn(name: string): SqlError {
  return analysisError(`Column '${name}' cannot be resolved`);
}

/** Orders two values: as numbers when both are or look like numbers, else as texts; null when either is NULL. */
export function compare(left: Value, right: Value): number | null {
  if (left === null || right === null) return null;
  const a = toNumber(left);
  const b = toNumber(right);
  if (a !== null && b !== null) return a < b ? -1 : a > b ? 1 : 0;
  const [leftText, rightText] = [String(left), String(right)];
  return leftText < rightText ? -1 : leftText > rightText ? 1 : 0;
}

function binary(operator: string, left: Value, readRight: () => Value): Value {
  if (operator === 'AND') return left !== null && !isTrue(left) ? false : logical(left, readRight(), 'AND');
  if (operator === 'OR') return isTrue(left) ? true : logical(left, readRight(), 'OR');
  const right = readRight();
  if (operator === '<=>') return left === null || right === null ? left === right : compare(left, right) === 0;
  if (left === null || right === null) return null;
  if (operator === 'LIKE') return isLike(String(left), String(right));
  if (operator === 'REGEXP') return new RegExp(String(right)).test(String(left));
  const order = compare(left, right) ?? 0;
  switch (operator) {
    case '=':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    default:
      return arithmetic(operator, left, right);
  }
}

function logical(left: Value, right: Value, operator: 'AND' | 'OR'): Value {
  if (operator === 'AND')
    return right !== null && !isTrue(right) ? false : left === null || right === null ? null : true;
  return isTrue(right) ? true : left === null || right === null ? null : false;
}

function arithmetic(operator: string, left: Value, right: Value): Value {
  const a = toNumber(left);
  const b = toNumber(right);
  if (a === null || b === null) return null;
  if (typeof a === 'bigint' || typeof b === 'bigint') return bigArithmetic(operator, BigInt(a), BigInt(b));
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return b === 0 ? null : a / b;
    default:
      return b === 0 ? null : a % b;
  }
}

function bigArithmetic(operator: string, a: bigint, b: bigint): Value {
  if (operator === '+') return a + b;
  if (operator === '-') return a - b;
  if (operator === '*') return a * b;
  if (b === 0n) return null;
  return operator === '/' ? Number(a) / Number(b) : a % b;
}

/** Numbers keep their exactness: whole numbers above 2^53 are bigint. */
export function toNumber(value: Value): number | bigint | null {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value === null || !/^\s*-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/.test(value)) return null;
  const number = Number(value);
  return /^\s*-?\d+\s*$/.test(value) && !Number.isSafeInteger(number) ? BigInt(value.trim()) : number;
}

function variable(name: string, { fe, session }: Scope): Value {
  if (!name.startsWith('@@')) return null;
  const [, scope, bare] = /^@@(?:(global|session|local)\.)?(.+)$/i.exec(name) ?? [];
  const variables = scope?.toLowerCase() === 'global' ? globalVariables(fe) : sessionVariables(fe, session);
  const value = variables.get((bare ?? '').toLowerCase());
  if (value === undefined) throw new SqlError(1193, 'HY000', `Unknown system variable '${bare}'`);
  return value;
}

/** A number of 32 bits of all the texts, in order. Not the numbers of the real function, which nobody compares with these. */
function hash32(texts: readonly string[]): number {
  return createHash('md5').update(JSON.stringify(texts)).digest().readInt32BE(0);
}

function call(name: string, args: Expression[], scope: Scope): Value {
  const { fe, session } = scope;
  const values = () => args.map((arg) => evaluate(arg, scope));
  const text = (index: number) => String(values()[index] ?? '');
  switch (name) {
    case 'version':
      return fe.config.get('mysql_server_version');
    case 'current_version':
      return `${fe.release.version} ${fe.release.commit}`;
    case 'database':
    case 'schema':
      return session.db;
    case 'user':
    case 'session_user':
      return `'${session.user}'@'${session.remote}'`;
    case 'current_user':
      return userKey({ name: session.user, host: session.userHost });
    case 'current_role':
      return session.roles.length === 0 ? 'NONE' : session.roles.join(', ');
    case 'connection_id':
      return session.connectionId;
    case 'now':
    case 'current_timestamp':
      return formatTime(Date.now());
    case 'unix_timestamp':
      return Math.floor(Date.now() / 1000);
    case 'concat':
      return values().includes(null) ? null : values().join('');
    case 'cast': {
      const [value = null] = values();
      return value === null ? null : cellOf(value);
    }
    case 'murmur_hash3_32':
      return values().includes(null) ? null : hash32(values().map(String));
    case 'upper':
      return text(0).toUpperCase();
    case 'lower':
      return text(0).toLowerCase();
    case 'length':
      return Buffer.byteLength(text(0));
    case 'coalesce':
    case 'ifnull':
      return values().find((value) => value !== null) ?? null;
    case 'sleep':
      return true;
    default:
      throw analysisError(`No matching function with signature: ${name}(${args.map(() => 'varchar').join(', ')})`);
  }
}
