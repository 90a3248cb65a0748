import { z } from 'zod';
import type { Json, JsonObject } from '../../domain/json.ts';
import { secretRefPattern } from '../../domain/plan.ts';

/**
 * Replaces every secret of a parsed input. The schema says which fields are secret (`meta({ secret: true })`);
 * `replace` gets the value and the path and answers what stands there instead, usually a reference.
 */
export function replaceSecrets(
  schema: z.ZodType,
  input: JsonObject,
  replace: (value: string, path: readonly string[]) => string,
): JsonObject {
  const replaced = walk(schema, input, [], replace);
  return isObject(replaced) ? replaced : {};
}

/** True when the field, below its wrappers, is marked as secret. */
export function isSecretField(schema: z.ZodType): boolean {
  return inner(schema).meta()?.secret === true;
}

/** The input as it may be shown: references become a fixed word. */
export function redactInput(input: JsonObject): JsonObject {
  const redacted = redact(input);
  return isObject(redacted) ? redacted : {};
}

function redact(value: Json | undefined): Json {
  if (typeof value === 'string') return secretRefPattern.test(value) ? '[secret]' : value;
  if (Array.isArray(value)) return value.map(redact);
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, redact(member)]));
  return value ?? null;
}

function walk(
  schema: z.ZodType,
  value: Json | undefined,
  path: readonly string[],
  replace: (value: string, path: readonly string[]) => string,
): Json | undefined {
  const type = inner(schema);
  if (typeof value === 'string') return type.meta()?.secret === true ? replace(value, path) : value;
  if (type instanceof z.ZodArray && Array.isArray(value)) {
    const element = type.element;
    if (!(element instanceof z.ZodType)) return value;
    return value.map((item, index) => walk(element, item, [...path, String(index)], replace) ?? null);
  }
  if (type instanceof z.ZodObject && isObject(value)) {
    const shape: Readonly<Record<string, unknown>> = type.shape;
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => {
        const field = shape[key];
        return [key, field instanceof z.ZodType ? walk(field, member, [...path, key], replace) : member];
      }),
    );
  }
  return value;
}

function inner(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    const unwrapped = schema.unwrap();
    // meta given on the wrapper counts as well: `secretText.optional().meta(...)`
    if (schema.meta()?.secret === true) return schema;
    return unwrapped instanceof z.ZodType ? inner(unwrapped) : schema;
  }
  return schema;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
