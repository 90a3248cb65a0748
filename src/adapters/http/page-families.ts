/** Names of families that somebody wants, so arranged that a line of another family costs no text. */
export type Families = {
  /** The name that stands at a place, if it is wanted; `hash` is what `hashStep` made of its characters. */
  find(bytes: Buffer, at: { from: number; to: number; hash: number }): string | null;
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
  const table: { readonly name: string; readonly bytes: Buffer }[][] = Array.from({ length: size }, () => []);
  for (const name of names) {
    if (!/^[a-zA-Z_:][\w:]*$/.test(name)) throw new RangeError(`"${name}" is no name of a metric`);
    table[hashOf(name) & (size - 1)]?.push({ name, bytes: Buffer.from(name, 'latin1') });
  }
  return {
    wants: (name) => names.has(name),
    names: (name) => names.has(name),
    find(bytes, { from, to, hash }) {
      for (const known of table[hash & (size - 1)] ?? [])
        if (standsAt(bytes, { from, to }, known.bytes)) return known.name;
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
    find(bytes, { from, to }) {
      const name = bytes.toString('latin1', from, to);
      const same = known.get(name);
      if (same !== undefined) return same;
      if (known.size >= mostKept) known.clear();
      known.set(name, name);
      return name;
    },
  };
}

/** Whether these bytes are all there is between two places. */
export function standsAt(bytes: Buffer, { from, to }: { from: number; to: number }, wanted: Buffer): boolean {
  if (wanted.length !== to - from) return false;
  for (let at = 0; at < wanted.length; at += 1) if (bytes[from + at] !== wanted[at]) return false;
  return true;
}

function hashOf(name: string): number {
  let hash = hashBegin;
  for (let at = 0; at < name.length; at += 1) hash = hashStep(hash, name.charCodeAt(at));
  return hash;
}
