import { isObject, type Json, type JsonObject } from '../json.ts';
import type { Settings } from '../settings.ts';

export type Problem = { readonly pointer: string; readonly message: string };

export type Surface = 'message' | 'modal' | 'home';

/** Where a value stands and what holds there. */
export type Where = { readonly pointer: string; readonly surface: Surface; readonly settings: Settings };

/** Looks at one value and says what Slack would complain about. Pure. */
export type Rule = (value: Json, where: Where) => readonly Problem[];

export type Shape = {
  readonly required?: Readonly<Record<string, Rule>>;
  readonly optional?: Readonly<Record<string, Rule>>;
  /** Looked at only when every property is fine by itself. */
  readonly also?: readonly ObjectRule[];
};

export type ObjectRule = (value: JsonObject, where: Where) => readonly Problem[];

export const fine: readonly Problem[] = [];

export function problem(where: Where, message: string): readonly Problem[] {
  return [{ pointer: where.pointer, message }];
}

export function below(where: Where, key: string | number): Where {
  return { ...where, pointer: `${where.pointer}/${key}` };
}

export function string(limit: { readonly min?: number; readonly max?: number } = {}): Rule {
  const { min = 0, max = Number.POSITIVE_INFINITY } = limit;
  return (value, where) => {
    if (typeof value !== 'string') return problem(where, 'must be a string');
    if (value.length < min) return problem(where, `must be more than ${min - 1} characters`);
    if (value.length > max) return problem(where, `must be less than ${max + 1} characters`);
    return fine;
  };
}

export function pattern(expression: RegExp, message: string): Rule {
  return (value, where) => (typeof value === 'string' && expression.test(value) ? fine : problem(where, message));
}

export function oneOf(...allowed: readonly Json[]): Rule {
  return (value, where) => (allowed.includes(value) ? fine : problem(where, 'must be a valid enum value'));
}

export const boolean: Rule = (value, where) =>
  typeof value === 'boolean' ? fine : problem(where, 'must be a boolean');

export function integer(limit: { readonly min: number; readonly max: number }): Rule {
  return (value, where) => {
    if (typeof value !== 'number' || !Number.isInteger(value)) return problem(where, 'must be an integer');
    if (value < limit.min) return problem(where, `must be greater than or equal to ${limit.min}`);
    return value > limit.max ? problem(where, `must be less than or equal to ${limit.max}`) : fine;
  };
}

export const number: Rule = (value, where) => (typeof value === 'number' ? fine : problem(where, 'must be a number'));

export function list(of: Rule, limit: { readonly min?: number; readonly max?: number } = {}): Rule {
  const { min = 0, max = Number.POSITIVE_INFINITY } = limit;
  return (value, where) => {
    if (!Array.isArray(value)) return problem(where, 'must be an array');
    if (value.length < min) return problem(where, `no fewer than ${min} items allowed`);
    if (value.length > max) return problem(where, `no more than ${max} items allowed`);
    return value.flatMap((item, index) => of(item, below(where, index)));
  };
}

export function object(shape: Shape): Rule {
  const { required = {}, optional = {}, also = [] } = shape;
  const known = new Map([...Object.entries(required), ...Object.entries(optional)]);
  return (value, where) => {
    if (!isObject(value)) return problem(where, 'must be an object');
    const missing = Object.keys(required).filter((key) => value[key] === undefined);
    const entries = Object.entries(value).filter((entry): entry is [string, Json] => entry[1] !== undefined);
    const found = [
      ...missing.flatMap((key) => problem(where, `missing required field: ${key}`)),
      ...entries.flatMap(([key, item]) => {
        const rule = known.get(key);
        return rule === undefined
          ? problem(where, `invalid additional property: ${key}`)
          : rule(item, below(where, key));
      }),
    ];
    return found.length > 0 ? found : also.flatMap((rule) => rule(value, where));
  };
}

/** Picks the rule by the value's `type`, as every block, element and text object has one. */
export function byType(rules: Readonly<Record<string, Rule>>): Rule {
  const table = new Map(Object.entries(rules));
  return (value, where) => {
    if (!isObject(value)) return problem(where, 'must be an object');
    if (value.type === undefined) return problem(where, 'missing required field: type');
    const rule = typeof value.type === 'string' ? table.get(value.type) : undefined;
    return rule === undefined ? problem(where, `unsupported type: ${String(value.type)}`) : rule(value, where);
  };
}

/** A property that must hold besides the shape. */
export function ensure(holds: (value: JsonObject, where: Where) => boolean, message: string): ObjectRule {
  return (value, where) => (holds(value, where) ? fine : problem(where, message));
}

export function all(...rules: readonly Rule[]): Rule {
  return (value, where) => {
    for (const rule of rules) {
      const found = rule(value, where);
      if (found.length > 0) return found;
    }
    return fine;
  };
}

/** `must be a string [json-pointer:/blocks/0/text]` */
export function inWords(problems: readonly Problem[]): string[] {
  return problems.map(({ message, pointer }) => `${message} [json-pointer:${pointer}]`);
}
