import type { Json } from './json.ts';
import { type OpaqueIdKind, opaqueIds } from './opaque-id.ts';

/** A number with the word for what is counted: `1 node`, `3 nodes`, `1 repository`, `2 repositories`. */
export function count(n: number, one: string, many = pluralOf(one)): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** A clause as the beginning of a sentence. */
export function capitalized(clause: string): string {
  return `${clause.slice(0, 1).toUpperCase()}${clause.slice(1)}`;
}

function pluralOf(one: string): string {
  if (/[^aeiou]y$/.test(one)) return `${one.slice(0, -1)}ies`;
  return /(s|x|ch|sh)$/.test(one) ? `${one}es` : `${one}s`;
}

/**
 * A value that was kept as data, for people: `a, b` for a list, `key = value` for an object. Opaque ids become names
 * where these are known, and a member that held an id loses the `Id` in its name.
 */
export function inWords(value: Json | undefined, nameOf: NameOf = nameNothing): string {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'string') return value === '' ? 'nothing' : withNames(value, nameOf);
  if (typeof value !== 'object') return String(value);
  const parts = isList(value)
    ? value.map((item) => nested(item, nameOf))
    : membersInWords(value, nameOf).map(({ name, words }) => `${name} = ${words}`);
  return parts.length === 0 ? 'none' : parts.join(', ');
}

/** The members that have a value, by the names that people use for them. */
export function membersInWords(
  value: { readonly [key: string]: Json | undefined },
  nameOf: NameOf = nameNothing,
): readonly { name: string; words: string }[] {
  return Object.entries(value).flatMap(([key, member]) =>
    member === undefined
      ? []
      : [
          {
            name: withNames(isId(member) ? key.replace(/Ids?$/, '') : key, nameOf),
            words: nested(member, nameOf),
          },
        ],
  );
}

/** The name of the thing with this opaque id; null = not known. */
export type NameOf = (id: string) => string | null;

const nameNothing: NameOf = () => null;
const kinds: Readonly<Record<OpaqueIdKind, string>> = {
  ...{ clu: 'a cluster', nod: 'a node', hst: 'a host', run: 'a run', per: 'a person' },
  ...{ apr: 'an approval', sec: 'a secret', alr: 'an alert', bak: 'a backup', bpl: 'a backup policy' },
  rmn: 'a node that has left',
};

/** A text with names in place of opaque ids; a thing whose name is not known becomes its kind. */
export function withNames(text: string, nameOf: NameOf = nameNothing): string {
  return text.replace(opaqueIds, (id, kind: OpaqueIdKind) => nameOf(id) ?? `[${kinds[kind]}]`);
}

function nested(value: Json | undefined, nameOf: NameOf): string {
  const words = inWords(value, nameOf);
  return typeof value === 'object' && value !== null && !isList(value) ? `(${words})` : words;
}

function isId(value: Json): boolean {
  if (isList(value)) return value.length > 0 && value.every(isId);
  return typeof value === 'string' && value.replace(opaqueIds, '') === '';
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** The user who would start a node and the user it belongs to, where these differ. */
export type StartedAs = { readonly user: string; readonly belongsTo: string };

/** What people have to know about a node that another user than its own would start. */
export function wordsForStart({ user, belongsTo }: StartedAs): string {
  return `belongs to ${belongsTo} and would be started as ${user}`;
}
