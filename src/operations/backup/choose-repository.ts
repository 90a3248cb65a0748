import type { Refusal } from '../../domain/plan.ts';
import type { RepositoryRow } from '../../domain/topology.ts';

/**
 * The repository to use: the one named, or the only writable one. Null = the one named does not exist, or there is not
 * exactly one to choose.
 */
export function chooseRepository(named: string | undefined, repositories: readonly RepositoryRow[]): string | null {
  if (named !== undefined) return repositories.some((repository) => repository.name === named) ? named : null;
  const writable = repositories.filter((repository) => !repository.isReadOnly);
  return writable.length === 1 ? (writable[0]?.name ?? null) : null;
}

/** Why no backup can be written to it. `chosen` = what `chooseRepository` answered. */
export function refuseRepository(
  chosen: string | null,
  named: string | undefined,
  repositories: readonly RepositoryRow[],
): readonly Refusal[] {
  const path = ['input', 'repository'];
  const found = repositories.find(({ name }) => name === chosen);
  if (found === undefined) return [unclear(named, repositories)];
  if (found.isReadOnly)
    return [
      {
        code: 'PRECONDITION_FAILED',
        message: `The repository ${chosen} is read only`,
        hint: 'Choose another one.',
        path,
      },
    ];
  return [];
}

/** The last check that a frontend made of it failed. It is up to ten minutes old, so it only warns. */
export function repositoryNotes(chosen: string | null, repositories: readonly RepositoryRow[]): readonly string[] {
  const message = repositories.find(({ name }) => name === chosen)?.errorMessage ?? null;
  return message === null ? [] : [`StarRocks says that the repository ${chosen} is not well: ${message}`];
}

function unclear(named: string | undefined, repositories: readonly RepositoryRow[]): Refusal {
  const names = repositories.map((repository) => repository.name).join(', ') || 'none';
  return {
    code: named === undefined ? 'INVALID_INPUT' : 'NOT_FOUND',
    message:
      named === undefined
        ? `It is not clear which repository is meant; there are: ${names}`
        : `There is no repository ${named}; there are: ${names}`,
    hint: repositories.length === 0 ? 'Create one first: createRepository.' : 'Name one of them.',
    path: ['input', 'repository'],
  };
}
