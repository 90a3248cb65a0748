import type { Cell, ColumnType } from '../../mysql/packets.ts';
import type { Value } from '../../sql/ast.ts';
import { SqlError } from '../../sql/errors.ts';
import { toNumber } from './evaluate.ts';

/** The wire type of a column of a table. */
export function wireType(type: string): ColumnType {
  if (type === 'boolean') return 'TINYINT';
  if (/^(tinyint|smallint|int)\b/.test(type)) return 'INT';
  if (/^bigint/.test(type)) return 'BIGINT';
  if (/^(float|double)/.test(type)) return 'DOUBLE';
  if (/^decimal/.test(type)) return 'DECIMAL';
  if (type === 'date') return 'DATE';
  return type === 'datetime' ? 'DATETIME' : 'VARCHAR';
}

/** What a stored cell is in an expression: numbers of numeric columns, texts of all others. */
export function cellValue(cell: Cell, type: string): Value {
  if (cell === null) return null;
  return /int|float|double|decimal|boolean/.test(type) ? toNumber(cell) : cell;
}

export function cellOf(value: Value): Cell {
  if (value === null) return null;
  if (typeof value === 'boolean') return value ? '1' : '0';
  return String(value);
}

const integerBits: Record<string, bigint> = { tinyint: 7n, smallint: 15n, int: 31n, bigint: 63n, largeint: 127n };

/** Turns a value into what a column of this type stores, or refuses it as a load would. */
export function storeAs(value: Value, column: { name: string; type: string; nullable: boolean }): Cell {
  if (value === null) {
    if (!column.nullable) throw loadError(`NULL value in non-nullable column '${column.name}'`);
    return null;
  }
  const base = column.type.replace(/\(.*/, '');
  const bits = integerBits[base];
  if (bits !== undefined) return storeInteger(value, bits, column.name);
  if (base === 'boolean') return value === 'true' || toNumber(value) ? '1' : '0';
  if (/^(float|double|decimal)/.test(base)) {
    const number = toNumber(value);
    if (number === null) throw invalid(value, column.name);
    return String(number);
  }
  if (base === 'date' || base === 'datetime') return storeTime(String(cellOf(value)), base, column.name);
  const text = String(cellOf(value));
  const length = Number(/\((\d+)\)/.exec(column.type)?.[1] ?? 65533);
  if (/char/.test(base) && Buffer.byteLength(text) > length) {
    throw loadError(`String length(${Buffer.byteLength(text)}) > max length(${length}), column '${column.name}'`);
  }
  return text;
}

function storeInteger(value: Value, bits: bigint, name: string): Cell {
  const number = toNumber(value);
  if (number === null) throw invalid(value, name);
  const whole = BigInt(typeof number === 'number' ? Math.trunc(number) : number);
  if (whole >= 1n << bits || whole < -(1n << bits)) throw invalid(value, name);
  return String(whole);
}

function storeTime(text: string, base: string, name: string): Cell {
  const match = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T](\d{1,2}):(\d{1,2}):(\d{1,2}))?/.exec(text);
  if (!match) throw invalid(text, name);
  const two = (part: string | undefined) => (part ?? '0').padStart(2, '0');
  const day = `${match[1]}-${two(match[2])}-${two(match[3])}`;
  return base === 'date' ? day : `${day} ${two(match[4])}:${two(match[5])}:${two(match[6])}`;
}

function invalid(value: Value, name: string): SqlError {
  return loadError(`Invalid value '${String(value)}' for column '${name}'`);
}

function loadError(detail: string): SqlError {
  return new SqlError(5604, 'HY000', `Insert has filtered data: ${detail}`);
}
