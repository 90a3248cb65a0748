/** Names of families that somebody wants, so arranged that a line of another family costs no text of its own. */
export type Families = {
  /** The name that stands at a place, if it is wanted; `hash` is what `hashStep` made of its characters. */
  find(text: string, at: { from: number; to: number; hash: number }): string | null;
  wants(name: string): boolean;
  /** Whether this very name was asked for, and not just all there are. */
  names(name: string): boolean;
};

export const hashBegin = 0x811c9dc5 | 0;

/** FNV-1a. */
export function hashStep(hash: number, character: number): number {
  return Math.imul(hash ^ character, 0x01000193);
}

/**
 * Exact names, `_sum`, `_count` and `_total` included. Throws `RangeError` for what can be no name: it would be wanted and
 * never found.
 */
export function wantFamilies(wanted: Iterable<string>): Families {
  const names = new Set(wanted);
  let size = 64;
  while (size < names.size * 4) size *= 2;
  const table: string[][] = Array.from({ length: size }, () => []);
  for (const name of names) {
    if (!/^[a-zA-Z_:][\w:]*$/.test(name)) throw new RangeError(`"${name}" is no name of a metric`);
    table[hashOf(name) & (size - 1)]?.push(name);
  }
  return {
    wants: (name) => names.has(name),
    names: (name) => names.has(name),
    find(text, { from, to, hash }) {
      for (const name of table[hash & (size - 1)] ?? [])
        if (name.length === to - from && text.startsWith(name, from)) return name;
      return null;
    },
  };
}

const mostKept = 20_000;

/** Every family. */
export function allFamilies(): Families {
  const known = new Map<string, string>();
  return {
    wants: () => true,
    names: () => false,
    find(text, { from, to }) {
      const name = text.slice(from, to);
      const same = known.get(name);
      if (same !== undefined) return same;
      if (known.size >= mostKept) known.clear();
      const copy = Buffer.from(name, 'latin1').toString('latin1'); // a slice would hold the whole page
      known.set(copy, copy);
      return copy;
    },
  };
}

function hashOf(name: string): number {
  let hash = hashBegin;
  for (let at = 0; at < name.length; at += 1) hash = hashStep(hash, name.charCodeAt(at));
  return hash;
}
