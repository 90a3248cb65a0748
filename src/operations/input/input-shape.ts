import { z } from 'zod';
import { isSecretField } from './secret-fields.ts';

type JsonValue = z.core.util.JSONType;

/** An operation's input as data: the small part of zod that GraphQL and Slack can both be made from. */
export type InputField = {
  readonly name: string;
  readonly description: string;
  readonly type: InputType;
  /** False when it may be left out. */
  readonly required: boolean;
  readonly defaultValue: JsonValue | undefined;
  readonly secret: boolean;
};

export type InputType =
  | { readonly kind: 'scalar'; readonly name: 'ID' | 'String' | 'Int' | 'Boolean' }
  | { readonly kind: 'enum'; readonly name: string; readonly values: Readonly<Record<string, string>> }
  | {
      readonly kind: 'object';
      readonly name: string;
      readonly description: string;
      readonly fields: readonly InputField[];
    }
  | { readonly kind: 'list'; readonly of: InputType };

/** The biggest integer that GraphQL's Int can carry. */
const maxInt = 2 ** 31 - 1;

/**
 * Reads the shape of an input. Throws an error that names the field for everything outside the subset: unions,
 * nullables, dates, numbers that are no 32-bit integers, enum values that are not UPPER_SNAKE, missing descriptions.
 *
 * Nested objects and enums get names from their place (`RegisterCluster` + `frontends` → `RegisterClusterFrontendInput`),
 * so that a name never depends on another operation.
 */
export function inputFields(
  typeName: string,
  input: { shape: Readonly<Record<string, unknown>> },
): readonly InputField[] {
  return Object.entries(input.shape).map(([name, schema]) => fieldOf(typeName, name, schema));
}

function fieldOf(owner: string, name: string, schema: unknown): InputField {
  const where = `${owner}.${name}`;
  if (!(schema instanceof z.ZodType)) throw new Error(`${where} is no zod type`);
  const { inner, optional, defaultValue } = unwrap(schema, where);
  // What is said about the wrapper counts before what is said about the type inside: `clusterId.optional().meta(…)`.
  const meta = { ...inner.meta(), ...schema.meta() };
  const { description } = meta;
  if (description === undefined) throw new Error(`${where} has no description: add .meta({ description: '…' })`);
  return {
    name,
    description,
    type: typeOf({ where, typeName: `${owner}${upperFirst(name)}`, description, meta }, inner),
    required: !optional,
    defaultValue,
    secret: isSecretField(schema),
  };
}

type Meta = Readonly<Record<string, unknown>>;
type Place = { readonly where: string; readonly typeName: string; readonly description: string; readonly meta: Meta };

function typeOf(place: Place, schema: z.ZodType): InputType {
  // A field that refers to something by its id says so with `reference`; see operations/fields.ts.
  if (schema instanceof z.ZodString)
    return { kind: 'scalar', name: place.meta.reference === undefined ? 'String' : 'ID' };
  if (schema instanceof z.ZodBoolean) return { kind: 'scalar', name: 'Boolean' };
  if (schema instanceof z.ZodNumber) return intOf(place, schema);
  if (schema instanceof z.ZodEnum) return enumOf(place, schema);
  if (schema instanceof z.ZodArray) return listOf(place, schema);
  if (schema instanceof z.ZodObject) {
    return {
      kind: 'object',
      name: `${place.typeName}Input`,
      description: place.description,
      fields: inputFields(place.typeName, schema),
    };
  }
  throw new Error(
    `${place.where} is a zod ${schema.def.type}; inputs are made of objects, arrays, strings, ints, booleans, enums, optional and default only`,
  );
}

function intOf({ where }: Place, schema: z.ZodNumber): InputType {
  const isInteger = schema.format === 'safeint' || schema.format === 'int32';
  if (!isInteger) throw new Error(`${where} is a number: use z.int()`);
  if ((schema.minValue ?? -Infinity) < -maxInt - 1 || (schema.maxValue ?? Infinity) > maxInt) {
    throw new Error(`${where} needs .min() and .max() within 32 bits, since GraphQL's Int has no more`);
  }
  return { kind: 'scalar', name: 'Int' };
}

function enumOf({ where, typeName, meta }: Place, schema: z.ZodEnum): InputType {
  const described = z.record(z.string(), z.string()).safeParse(meta.values);
  const values: Record<string, string> = {};
  for (const value of schema.options) {
    if (typeof value !== 'string' || !/^[A-Z][A-Z0-9_]*$/.test(value))
      throw new Error(`${where}: the enum value ${value} is not UPPER_SNAKE`);
    const description = described.data?.[value];
    if (description === undefined)
      throw new Error(`${where}: the enum value ${value} has no description: add .meta({ values: { ${value}: '…' } })`);
    values[value] = description;
  }
  return { kind: 'enum', name: typeName, values };
}

function listOf(place: Place, schema: z.ZodArray): InputType {
  if (!(schema.element instanceof z.ZodType)) throw new Error(`${place.where} has an element that is no zod type`);
  const { inner, optional } = unwrap(schema.element, place.where);
  if (optional) throw new Error(`${place.where} has optional elements; an element is there or not`);
  return {
    kind: 'list',
    of: typeOf({ ...place, typeName: place.typeName.replace(/([^s])s$/, '$1'), meta: inner.meta() ?? {} }, inner),
  };
}

function unwrap(
  schema: z.ZodType,
  where: string,
): { inner: z.ZodType; optional: boolean; defaultValue: JsonValue | undefined } {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    const unwrapped = schema.unwrap();
    if (!(unwrapped instanceof z.ZodType)) throw new Error(`${where} wraps something that is no zod type`);
    const within = unwrap(unwrapped, where);
    const given = schema instanceof z.ZodDefault ? z.json().parse(schema.def.defaultValue) : within.defaultValue;
    return { inner: within.inner, optional: true, defaultValue: given };
  }
  return { inner: schema, optional: false, defaultValue: undefined };
}

function upperFirst(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

/** The type as GraphQL writes it, without the `!` that says whether it may be left out. */
export function typeText(type: InputType): string {
  return type.kind === 'list' ? `[${typeText(type.of)}!]` : type.name;
}

/** `restartNode` → `RestartNode`, the beginning of the names of its input types. */
export function operationTypeName(operation: string): string {
  return upperFirst(operation);
}
