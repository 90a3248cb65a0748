import { isObject, type Json, type JsonObject, parseJson } from '../json.ts';
import { SlackError } from '../slack-error.ts';
import type { ParsedBody } from './request-body.ts';

export type ArgumentKind = 'text' | 'flag' | 'whole' | 'object' | 'objects' | 'texts';

export type ArgumentTable = Readonly<Record<string, ArgumentKind>>;

/** A method's arguments, read by kind: wrong values were refused before the method runs. */
export type Arguments = {
  text(name: string): string | null;
  flag(name: string): boolean;
  whole(name: string): number | null;
  object(name: string): JsonObject | null;
  objects(name: string): readonly JsonObject[] | null;
  texts(name: string): readonly string[];
  /** Everything decoded, for the call log. */
  readonly all: JsonObject;
};

/** What Slack says when JSON in a text field cannot be read, or has the wrong form. */
const unreadable: Readonly<Record<string, string>> = {
  blocks: 'invalid_blocks_format',
  metadata: 'invalid_metadata_format',
  users: 'invalid_array_arg',
};

/** Arguments that every method takes. */
const everywhere = ['token', 'pretty', 'team_id'];

export type ArgumentCheck = {
  readonly table: ArgumentTable;
  readonly required: readonly string[];
  readonly strict: boolean;
};

export function readArguments(body: ParsedBody, { table, required, strict }: ArgumentCheck): Arguments {
  const kinds = new Map(Object.entries(table));
  const all: Record<string, Json> = {};
  for (const [name, raw] of Object.entries(body.fields)) {
    const kind = kinds.get(name);
    if (kind === undefined) {
      if (strict && !everywhere.includes(name)) throw new SlackError('invalid_arg_name', [`unknown argument: ${name}`]);
      continue;
    }
    if (raw !== null) all[name] = decode(name, kind, raw);
  }
  const missing = required.filter((name) => all[name] === undefined || all[name] === '');
  if (missing.length > 0) {
    throw new SlackError(
      'invalid_arguments',
      missing.map((name) => `missing required field: ${name}`),
    );
  }
  const list = (name: string): readonly Json[] | null => {
    const value = all[name];
    return Array.isArray(value) ? value : null;
  };
  return {
    all,
    text: (name) => pick(all[name], (value) => typeof value === 'string'),
    flag: (name) => all[name] === true,
    whole: (name) => pick(all[name], (value) => typeof value === 'number'),
    object: (name) => pick(all[name], isObject),
    objects: (name) => list(name)?.filter(isObject) ?? null,
    texts: (name) => list(name)?.filter((item) => typeof item === 'string') ?? [],
  };
}

function pick<T extends Json>(value: Json | undefined, is: (value: Json) => value is T): T | null {
  return value !== undefined && is(value) ? value : null;
}

function decode(name: string, kind: ArgumentKind, raw: Json): Json {
  const refuse = (message: string) =>
    new SlackError(unreadable[name] ?? 'invalid_arguments', [`${message} [json-pointer:/${name}]`]);
  switch (kind) {
    case 'text': {
      if (typeof raw !== 'string' && typeof raw !== 'number') throw refuse('must be a string');
      return String(raw);
    }
    case 'flag': {
      if (['true', '1', true, 1].includes(scalar(raw))) return true;
      if (['false', '0', '', false, 0].includes(scalar(raw))) return false;
      throw refuse('must be a boolean');
    }
    case 'whole': {
      const value = Number(raw);
      if (!Number.isInteger(value)) throw refuse('must be an integer');
      return value;
    }
    case 'object': {
      const value = typeof raw === 'string' ? parseJson(raw) : raw;
      if (!isObject(value)) throw refuse('must be an object');
      return value;
    }
    case 'objects': {
      const value = typeof raw === 'string' ? parseJson(raw) : raw;
      if (!Array.isArray(value) || !value.every(isObject)) throw refuse('must be an array of objects');
      return value;
    }
    case 'texts': {
      const value = typeof raw === 'string' ? raw.split(',').filter((item) => item !== '') : raw;
      if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) throw refuse('must be an array');
      return value;
    }
    default:
      throw kind satisfies never;
  }
}

function scalar(raw: Json): string | number | boolean {
  return typeof raw === 'string' || typeof raw === 'number' || typeof raw === 'boolean' ? raw : 'neither';
}
