import { z } from 'zod';
import { isOwnProblem, type WatchedRepository, whyNotMounted } from '../../domain/backup/repository-health.ts';
import { defineRule } from '../define-rule.ts';

/** Longer than the pause until a store that was not well is asked again, so that one bad moment is no alert. */
const ownForMs = 6 * 60_000;

/**
 * A repository under management that StarRocks cannot use, by its own check every ten minutes, or whose store Starwarden
 * itself cannot list or read. What StarRocks says counts before what Starwarden found, since backups go that way.
 */
export const repositoryUnhealthy = defineRule({
  name: 'repository_unhealthy',
  reads: ['repositories'],
  settings: z.object({}),
  judge: ({ repositories }) => {
    if (repositories === null) return [];
    if (repositories.watched === null) return { unjudged: 'the cluster did not tell its repositories' };
    return repositories.watched.flatMap(findingsOf);
  },
  identity: ({ name }) => ({ repository: name }),
  nodeId: () => null,
  severity: () => 'HIGH',
  words: ({ name, by, why }: Unhealthy) => ({
    title: { now: `The repository ${name} is not usable`, past: `The repository ${name} was not usable` },
    what:
      by === 'StarRocks'
        ? `StarRocks cannot use the repository ${name}`
        : `Starwarden itself cannot list and read the store of ${name}`,
    why,
    more: by === 'StarRocks' ? '' : 'StarRocks reports no error of its own, and may still reach it by its own key.',
    effect:
      by === 'StarRocks'
        ? 'No backup can be taken there and none restored from there.'
        : 'Backups there cannot be verified or deleted.',
  }),
  ripens: ({ by, since }) => ({ forMs: by === 'StarRocks' ? 0 : ownForMs, minSamples: 1, startedAt: since }),
  over: 'the repository {repository} can be used again, or is not under management any more',
  inhibits: null,
  isInhibitedByRuns: false,
});

type Unhealthy = {
  readonly name: string;
  readonly by: 'StarRocks' | 'Starwarden';
  readonly why: string;
  readonly since: Date | null;
};

function findingsOf({ repository, row }: WatchedRepository): readonly Unhealthy[] {
  const { name, problem } = repository;
  const mounted = whyNotMounted(row, repository);
  if (mounted !== null) return [{ name, by: 'StarRocks', why: mounted.message, since: null }];
  if (problem === null || !isOwnProblem(problem.code)) return [];
  return [{ name, by: 'Starwarden', why: problem.message, since: problem.since }];
}
