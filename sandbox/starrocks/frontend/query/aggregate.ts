import type { Expression, Value } from '../../sql/ast.ts';
import { compare, evaluate, type Scope, toNumber } from './evaluate.ts';
import { cellOf } from './types.ts';

const aggregates = new Set(['count', 'sum', 'min', 'max', 'avg']);

export function hasAggregate(expression: Expression): boolean {
  switch (expression.kind) {
    case 'call':
      return aggregates.has(expression.name) || expression.args.some(hasAggregate);
    case 'binary':
      return hasAggregate(expression.left) || hasAggregate(expression.right);
    case 'not':
    case 'isNull':
      return hasAggregate(expression.operand);
    case 'in':
      return hasAggregate(expression.operand) || expression.items.some(hasAggregate);
    default:
      return false;
  }
}

/** The value of an expression over a group of rows: aggregates see all of them, everything else the first. */
export function aggregate(expression: Expression, group: Scope[], empty: Scope): Value {
  if (!hasAggregate(expression)) return evaluate(expression, group[0] ?? empty);
  if (expression.kind === 'call' && aggregates.has(expression.name)) return fold(expression, group);
  return evaluate(withValues(expression, group, empty), group[0] ?? empty);
}

/** Puts the values of the aggregates in their places, so that `sum(a) / count(*)` can be evaluated as usual. */
function withValues(expression: Expression, group: Scope[], empty: Scope): Expression {
  const inner = (one: Expression): Expression => ({ kind: 'literal', value: aggregate(one, group, empty) });
  switch (expression.kind) {
    case 'call':
      return { ...expression, args: expression.args.map(inner) };
    case 'binary':
      return { ...expression, left: inner(expression.left), right: inner(expression.right) };
    case 'not':
    case 'isNull':
      return { ...expression, operand: inner(expression.operand) };
    case 'in':
      return { ...expression, operand: inner(expression.operand), items: expression.items.map(inner) };
    default:
      return expression;
  }
}

function fold({ name, args, distinct }: Extract<Expression, { kind: 'call' }>, group: Scope[]): Value {
  const [argument] = args;
  if (name === 'count' && (!argument || argument.kind === 'star')) return group.length;
  if (!argument) return null;
  let values = group.map((scope) => evaluate(argument, scope)).filter((value) => value !== null);
  if (distinct) values = [...new Map(values.map((value) => [cellOf(value), value])).values()];
  if (name === 'count') return values.length;
  if (values.length === 0) return null;
  if (name === 'min') return values.reduce((a, b) => ((compare(b, a) ?? 0) < 0 ? b : a));
  if (name === 'max') return values.reduce((a, b) => ((compare(b, a) ?? 0) > 0 ? b : a));
  const sum = addUp(values);
  return name === 'sum' ? sum : Number(sum) / values.length;
}

function addUp(values: Value[]): Value {
  const numbers = values.map((value) => toNumber(value) ?? 0);
  if (!numbers.every((number) => typeof number === 'bigint' || Number.isInteger(number))) {
    return numbers.reduce<number>((total, number) => total + Number(number), 0);
  }
  const total = numbers.reduce<bigint>((all, number) => all + BigInt(number), 0n);
  return Number.isSafeInteger(Number(total)) ? Number(total) : total;
}
