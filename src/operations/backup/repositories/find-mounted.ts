import { parseRepositories } from '../../../adapters/starrocks/parse.ts';
import type { SqlReader } from '../../../adapters/starrocks/port.ts';
import { showRepositories } from '../../../adapters/starrocks/statements.ts';
import { isSameLocation } from '../../../domain/backup/store-location.ts';
import type { RepositoryRow } from '../../../domain/topology.ts';

/** The repository as the leader knows it now; null = it knows none of this name. */
export async function findMounted(sql: SqlReader, name: string, signal: AbortSignal): Promise<RepositoryRow | null> {
  const rows = parseRepositories(await sql.query(showRepositories(), { signal, route: 'leader' }));
  return rows.find((row) => row.name === name) ?? null;
}

/**
 * What differs between a repository as it is and as it is wanted, as a sentence; null = nothing. Its time of creation says
 * nothing: a store that is mounted again shows another one.
 */
export function differenceOf(
  row: Pick<RepositoryRow, 'name' | 'location' | 'isReadOnly'>,
  wanted: { readonly location: string; readonly readOnly: boolean },
): string | null {
  if (!isSameLocation(row.location, wanted.location))
    return `${row.name} is at ${row.location}, not at ${wanted.location}`;
  if (row.isReadOnly !== wanted.readOnly) return `${row.name} is ${row.isReadOnly ? '' : 'not '}read-only`;
  return null;
}

/** Why the repository is not where it was, as a sentence; null = it is there, as StarRocks has it now. */
export async function differenceOfPlace(
  sql: SqlReader,
  { name, location }: { readonly name: string; readonly location: string | null },
  signal: AbortSignal,
): Promise<string | null> {
  const row = await findMounted(sql, name, signal);
  if (row === null) return `StarRocks has no repository ${name}`;
  if (location !== null && isSameLocation(row.location, location)) return null;
  return `${name} is at ${row.location}, and was ${location === null ? 'at an unknown place' : `at ${location}`}`;
}
