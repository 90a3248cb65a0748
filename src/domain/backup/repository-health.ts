import type { RepositoryRow } from '../topology.ts';
import type { Repository } from './repository.ts';
import { isSameLocation } from './store-location.ts';

/** A repository under management, and what the cluster's own list says of it; null = it is not in that list. */
export type WatchedRepository = { readonly repository: Repository; readonly row: RepositoryRow | null };

/** What SHOW REPOSITORIES says against a repository, as a sentence; null = nothing. */
export function whyNotMounted(
  row: RepositoryRow | null,
  { name, location }: Pick<Repository, 'name' | 'location'>,
): { readonly code: 'NOT_FOUND' | 'PRECONDITION_FAILED' | 'SQL_FAILED'; readonly message: string } | null {
  if (row === null) return { code: 'NOT_FOUND', message: `StarRocks has no repository ${name} any more` };
  if (!isSameLocation(row.location, location))
    return { code: 'PRECONDITION_FAILED', message: `${name} is at ${row.location} by now, and was at ${location}` };
  if (row.errorMessage === null) return null;
  return { code: 'SQL_FAILED', message: `StarRocks says of ${name}: ${row.errorMessage}` };
}

/**
 * Whether a try found this by Starwarden's own way to the store. What it heard from StarRocks is not counted when StarRocks
 * itself was asked again since.
 */
export function isOwnProblem(code: string): boolean {
  return code.startsWith('OBJECT_STORE_') || code === 'CREDENTIAL_MISSING' || code === 'NOT_FOUND';
}

const checkEveryMs = 15 * 60_000;
/** One that is not well is looked at again sooner. */
const checkAgainMs = 5 * 60_000;

/** The repository whose store is to be asked next, the one that was asked longest ago; null = none is due. */
export function dueForCheck(repositories: readonly Repository[], now: Date): Repository | null {
  const at = ({ checkedAt }: Repository) => checkedAt?.getTime() ?? 0;
  const due = repositories.filter(
    (each) => each.access !== null && now.getTime() - at(each) >= (each.problem === null ? checkEveryMs : checkAgainMs),
  );
  return due.toSorted((a, b) => at(a) - at(b))[0] ?? null;
}
