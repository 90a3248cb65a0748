import { z } from 'zod';
import { canonicalJson, type Json, type JsonObject } from '../../domain/json.ts';
import type { InputField, InputType, ObjectType } from '../../operations/input/input-field.ts';
import { isBox, isChosen } from './form-blocks.ts';
import { action, blankItem, isObject, listOf, wayTo } from './form-path.ts';

const option = z.object({ value: z.string() });

/** The content of a form as Slack sends it: by block, then by element. */
export const formState = z.record(
  z.string(),
  z.record(
    z.string(),
    z.looseObject({
      value: z.string().nullish(),
      selected_option: option.nullish(),
      selected_options: z.array(option).nullish(),
    }),
  ),
);
export type FormState = z.infer<typeof formState>;

/** The values of a form with these fields, as raw input: the operation's own schema checks it like any other. */
export function readForm(fields: readonly InputField[], state: FormState): JsonObject {
  return readFields(fields, { path: [], state });
}

type Place = { readonly path: readonly string[]; readonly state: FormState };

function readFields(fields: readonly InputField[], { path, state }: Place): JsonObject {
  const members = fields
    .filter(({ secret }) => !secret)
    .map((field) => [field.name, readField(field, { path: [...path, field.name], state })] as const);
  return Object.fromEntries(members.filter(([, value]) => value !== undefined));
}

/** Undefined = left out. */
function readField(field: InputField, at: Place): Json | undefined {
  const { type } = field;
  if (type.kind === 'object') {
    const isGiven = field.required || picked(at).length > 0;
    return isGiven ? readFields(type.fields, at) : undefined;
  }
  if (type.kind === 'list') {
    const items = type.of.kind === 'object' ? readGroups(type.of, at) : readList(type.of, at);
    // An empty list is an answer where the list had items before.
    return items.length > 0 || field.required || field.defaultValue !== undefined ? items : undefined;
  }
  if (isBox(field)) return picked(at).length > 0;
  if (type.kind === 'boolean' || isChosen(type)) {
    const [value] = picked(at);
    return value === undefined || type.kind !== 'boolean' ? value : value === 'true';
  }
  const word = typed(at);
  return word === '' ? undefined : toValue(type, word);
}

function readList(of: InputType, at: Place): readonly Json[] {
  if (isChosen(of)) return picked(at);
  const lines = typed(at).split(/\r?\n/);
  return lines.filter((line) => line.trim() !== '').map((line) => toValue(of, line));
}

function readGroups(item: ObjectType, { path, state }: Place): readonly Json[] {
  const before = `${wayTo(path)}.`;
  const ways = Object.keys(state).filter((id) => id.startsWith(before));
  const indices = new Set(ways.map((id) => id.slice(before.length).split('.')[0] ?? ''));
  return [...indices]
    .toSorted((a, b) => Number(a) - Number(b))
    .flatMap((index) => {
      const members = readFields(item.fields, { path: [...path, index], state });
      return index === blankItem && isBlank(item.fields, members) ? [] : [members];
    });
}

/** True when nothing was changed in what the form showed at first. */
function isBlank(fields: readonly InputField[], members: JsonObject): boolean {
  return fields.every(({ name, type, required, defaultValue }) => {
    const value = members[name];
    if (type.kind === 'object' && required) return isBlank(type.fields, isObject(value) ? value : {});
    if (value === undefined || canonicalJson(value) === canonicalJson(defaultValue)) return true;
    return type.kind === 'list' && listOf(value).length === 0;
  });
}

/** A text that is not a number is left to the schema, which says what is wrong. */
function toValue(type: InputType, word: string): Json {
  return type.kind === 'integer' && /^-?\d{1,15}$/.test(word) ? Number(word) : word;
}

function typed(at: Place): string {
  return held(at)?.value ?? '';
}

function picked(at: Place): readonly string[] {
  const { selected_option: one, selected_options: several } = held(at) ?? {};
  return [...(one ? [one] : []), ...(several ?? [])].map(({ value }) => value);
}

function held({ path, state }: Place) {
  return state[wayTo(path)]?.[action];
}
