/** Kinds of things that people know by a name or a number, and never by their id. */
export type OpaqueIdKind = 'clu' | 'nod' | 'hst' | 'run' | 'apr' | 'per' | 'sec' | 'alr' | 'bak' | 'bpl' | 'rmn';

/** Every opaque id in a text. */
export const opaqueIds = /\b(clu|nod|hst|run|apr|per|sec|alr|bak|bpl|rmn)_[0-9A-Z]{26}\b/g;

/** The opaque ids anywhere in a value. */
export function idsIn(value: unknown): readonly string[] {
  return [...new Set(JSON.stringify(value ?? null).match(opaqueIds) ?? [])];
}
