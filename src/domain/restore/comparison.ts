import { isSame, partsByName } from '../backup/changes.ts';
import type { TableState } from '../backup/content.ts';

/** What StarRocks counted of one table. A sum is null where no column of the table has one. */
export type TableSums = { readonly rows: string; readonly sums: string | null };

/**
 * `SAME`: row by row what stands in the original, by count and checksum. `COUNTED`: the partitions stand there with the
 * versions of the backup and the rows were counted; there was nothing left to compare with. `DIFFERENT`: something is not as
 * it has to be.
 */
export const comparisons = ['SAME', 'COUNTED', 'DIFFERENT'] as const;
export type Comparison = (typeof comparisons)[number];

/** Which partitions did not come back at all, or came back as another kind of thing; null = they are there. */
export function whyMissing(wanted: TableState, copy: TableState | undefined): string | null {
  if (copy === undefined) return 'it is not there';
  if (copy.type !== wanted.type) return `it is ${copy.type}, and was ${wanted.type}`;
  const now = partsByName(copy.partitions);
  const missing = [...partsByName(wanted.partitions).keys()].filter((name) => !now.has(name));
  return missing.length === 0 ? null : `without ${few(missing)}`;
}

/** Why a table that was restored is not as the backups have it; null = its partitions and versions are. Ids are new ones. */
export function whyNotRestored(wanted: TableState, copy: TableState | undefined): string | null {
  const missing = whyMissing(wanted, copy);
  if (missing !== null || copy === undefined) return missing;
  const [before, now] = [partsByName(wanted.partitions), partsByName(copy.partitions)];
  const added = [...now.keys()].filter((name) => !before.has(name));
  if (added.length > 0) return `with ${few(added)}, which the backups do not have`;
  const other = [...before].filter(([name, parts]) => {
    const versions = (of: typeof parts) => of.map(({ version }) => version).toSorted((a, b) => (a ?? 0) - (b ?? 0));
    if (parts.some(({ version }) => version === null)) return false;
    return JSON.stringify(versions(parts)) !== JSON.stringify(versions(now.get(name) ?? []));
  });
  return other.length === 0 ? null : `another version of ${few(other.map(([name]) => name))}`;
}

/**
 * Whether somebody has written to a table since it was brought back under its own name: a version that is newer than that of
 * the backup, or a partition that the backup does not have. What is not known counts as written. Null = nobody has; a
 * partition may still be missing.
 */
export function whyTouched(wanted: TableState, now: TableState): string | null {
  if (wanted.type === 'VIEW') return null;
  const before = partsByName(wanted.partitions);
  for (const [name, parts] of partsByName(now.partitions)) {
    const own = before.get(name);
    if (own === undefined) return `the partition ${name} was made since`;
    if (newest(parts) === null || newest(own) === null) return `whether ${name} was written since is not known`;
    if ((newest(parts) ?? 0) > (newest(own) ?? 0)) return `the partition ${name} was written since`;
  }
  return null;
}

/** The highest version of what belongs to a partition; null = one of them is not known. */
function newest(parts: readonly { readonly version: number | null }[]): number | null {
  const versions = parts.map(({ version }) => version);
  return versions.includes(null) ? null : Math.max(...versions.map((version) => version ?? 0));
}

/** Whether the table in the database is still exactly the one that was backed up, so that the copy has to be the same. */
export function isUnchanged(wanted: TableState, original: TableState | undefined): boolean {
  if (original === undefined || wanted.id === null || original.id !== wanted.id) return false;
  if (wanted.schema === null || original.schema !== wanted.schema) return false;
  const [before, now] = [partsByName(wanted.partitions), partsByName(original.partitions)];
  return before.size === now.size && [...now].every(([name, parts]) => isSame(before.get(name), parts));
}

const most = 5;

function few(names: readonly string[]): string {
  const shown = names.slice(0, most).map((name) => `partition ${name}`);
  return `${shown.join(', ')}${names.length > most ? ` and ${names.length - most} more` : ''}`;
}
