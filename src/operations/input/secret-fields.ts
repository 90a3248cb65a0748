import type { Json, JsonObject } from '../../domain/json.ts';
import { secretRefPattern } from '../../domain/plan.ts';
import type { InputField, InputType } from './input-field.ts';

type Replace = (value: string, path: readonly string[]) => string;

/**
 * Replaces every secret of a parsed input. `fields` say which fields are secret; `replace` gets the value and its path
 * and answers what to put there instead, usually a reference.
 */
export function replaceSecrets(fields: readonly InputField[], input: JsonObject, replace: Replace): JsonObject {
  return inFields(fields, input, { path: [], replace });
}

/** The names of fields that take a secret, at any depth; empty = none does. */
export function secretFieldNames(fields: readonly InputField[]): readonly string[] {
  return fields.flatMap((field) => (field.secret ? [field.name] : namesInType(field.type)));
}

function namesInType(type: InputType): readonly string[] {
  if (type.kind === 'object') return secretFieldNames(type.fields);
  return type.kind === 'list' ? namesInType(type.of) : [];
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

type Place = { readonly path: readonly string[]; readonly replace: Replace };

function inFields(fields: readonly InputField[], members: JsonObject, { path, replace }: Place): JsonObject {
  const byName = new Map(fields.map((field) => [field.name, field]));
  return Object.fromEntries(
    Object.entries(members).map(([key, member]) => {
      const field = byName.get(key);
      const at = [...path, key];
      if (field?.secret && typeof member === 'string') return [key, replace(member, at)];
      return [key, field === undefined ? member : inType(field.type, member, { path: at, replace })];
    }),
  );
}

function inType(type: InputType, value: Json | undefined, { path, replace }: Place): Json | undefined {
  if (type.kind === 'object' && isObject(value)) return inFields(type.fields, value, { path, replace });
  if (type.kind !== 'list' || !Array.isArray(value)) return value;
  return value.map((item, index) => inType(type.of, item, { path: [...path, String(index)], replace }) ?? null);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
