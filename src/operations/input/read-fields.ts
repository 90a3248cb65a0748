import { z } from 'zod';
import { type InputField, type InputType, referenceKinds, upperFirst } from './input-field.ts';

/** The biggest integer that GraphQL's Int can carry. */
const maxInt = 2 ** 31 - 1;

/**
 * Reads the shape of an input; no other file looks into zod. Throws an error that names the field for everything that
 * this subset does not allow: unions, nullables, dates, numbers that are no 32-bit integers, enum values that are not
 * UPPER_SNAKE, missing descriptions.
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

function fieldOf(typeName: string, name: string, schema: unknown): InputField {
  const where = `${typeName}.${name}`;
  if (!(schema instanceof z.ZodType)) throw new Error(`${where} is no zod type`);
  const { inner, meta, optional, defaultValue } = unwrap(schema, where);
  const { description } = meta;
  if (typeof description !== 'string') throw new Error(`${where} has no description: add .meta({ description: '…' })`);
  const type = typeOf({ where, typeName: `${typeName}${upperFirst(name)}`, description, meta }, inner);
  const secret = meta.secret === true;
  if (secret && type.kind !== 'text') throw new Error(`${where} is secret, which only a text can be`);
  return { name, description, type, required: !optional, defaultValue, secret };
}

type Meta = Readonly<Record<string, unknown>>;
type Place = { readonly where: string; readonly typeName: string; readonly description: string; readonly meta: Meta };

function typeOf(place: Place, schema: z.ZodType): InputType {
  if (schema instanceof z.ZodString) return textOrId(place, schema);
  if (schema instanceof z.ZodBoolean) return { kind: 'boolean' };
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

/** A field that names something by its id says so with `reference`; see `fields.ts`. */
function textOrId({ where, meta }: Place, schema: z.ZodString): InputType {
  if (meta.reference === undefined) return { kind: 'text', maxLength: schema.maxLength };
  const of = referenceKinds.find((kind) => kind === meta.reference);
  if (of === undefined) throw new Error(`${where} refers to none of ${referenceKinds.join(', ')}`);
  return { kind: 'id', of };
}

function intOf({ where }: Place, schema: z.ZodNumber): InputType {
  const isInteger = schema.format === 'safeint' || schema.format === 'int32';
  if (!isInteger) throw new Error(`${where} is a number: use z.int()`);
  const { minValue: min, maxValue: max } = schema;
  if (min === null || max === null || min < -maxInt - 1 || max > maxInt)
    throw new Error(`${where} needs .min() and .max() within 32 bits, since GraphQL's Int has no more`);
  return { kind: 'integer', min, max };
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
  const { inner, meta, optional } = unwrap(schema.element, place.where);
  if (optional) throw new Error(`${place.where} has optional elements; an element is there or not`);
  if (meta.secret === true) throw new Error(`${place.where} is a list of secrets; a secret has a field of its own`);
  return {
    kind: 'list',
    of: typeOf({ ...place, typeName: place.typeName.replace(/([^s])s$/, '$1'), meta }, inner),
  };
}

type Unwrapped = { inner: z.ZodType; meta: Meta; optional: boolean; defaultValue: InputField['defaultValue'] };

/** Metadata of a wrapper counts before metadata of the type inside: `clusterId.optional().meta(…)`. */
function unwrap(schema: z.ZodType, where: string): Unwrapped {
  const meta: Meta = { ...schema.meta() };
  if (!(schema instanceof z.ZodOptional || schema instanceof z.ZodDefault))
    return { inner: schema, meta, optional: false, defaultValue: undefined };
  const unwrapped = schema.unwrap();
  if (!(unwrapped instanceof z.ZodType)) throw new Error(`${where} wraps something that is no zod type`);
  const within = unwrap(unwrapped, where);
  const defaultValue = schema instanceof z.ZodDefault ? z.json().parse(schema.def.defaultValue) : within.defaultValue;
  return { inner: within.inner, meta: { ...within.meta, ...meta }, optional: true, defaultValue };
}
