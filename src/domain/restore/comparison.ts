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

/** Why a table that was restored is not as the backups have it; null = its partitions and versions are. Ids are new ones. */
export function whyNotRestored(wanted: TableState, copy: TableState | undefined): string | null {
  if (copy === undefined) return 'it is not there';
  if (copy.type !== wanted.type) return `it is ${copy.type}, and was ${wanted.type}`;
  const [before, now] = [partsByName(wanted.partitions), partsByName(copy.partitions)];
  const missing = [...before.keys()].filter((name) => !now.has(name));
  if (missing.length > 0) return `without ${few(missing)}`;
  const added = [...now.keys()].filter((name) => !before.has(name));
  if (added.length > 0) return `with ${few(added)}, which the backups do not have`;
  const other = [...before].filter(([name, parts]) => {
    const versions = (of: typeof parts) => of.map(({ version }) => version).toSorted((a, b) => (a ?? 0) - (b ?? 0));
    if (parts.some(({ version }) => version === null)) return false;
    return JSON.stringify(versions(parts)) !== JSON.stringify(versions(now.get(name) ?? []));
  });
  return other.length === 0 ? null : `another version of ${few(other.map(([name]) => name))}`;
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
