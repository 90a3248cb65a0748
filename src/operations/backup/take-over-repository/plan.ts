import type { Repository } from '../../../domain/backup/repository.ts';
import type { PlanResult } from '../../../domain/plan.ts';
import type { RepositoryRow } from '../../../domain/topology.ts';
import { accessOf, refusalsOfS3 } from '../repositories/input.ts';
import { recordRepository } from '../repositories/record-repository.ts';
import { tryStore } from '../repositories/try-store-step.ts';
import type { TakeOverRepositoryInput } from './input.ts';

export type TakeOverRepositoryFacts = {
  readonly mounted: RepositoryRow | null;
  /** What Starwarden knows of it; null = it is not under management. */
  readonly known: Repository | null;
};

/** Where it is, is read from StarRocks and never typed. */
export function planTakeOverRepository(
  { name, s3 }: TakeOverRepositoryInput,
  { mounted, known }: TakeOverRepositoryFacts,
): PlanResult {
  if (mounted === null)
    return {
      refusals: [
        {
          code: 'NOT_FOUND',
          message: `The cluster has no repository ${name}`,
          hint: 'Look at its repositories, or create it with createRepository.',
          path: ['input', 'name'],
        },
      ],
    };
  const { location, isReadOnly: readOnly } = mounted;
  const refusals = s3 === undefined ? [] : refusalsOfS3(location, s3);
  if (refusals.length > 0) return { refusals };
  const access = accessOf(s3);
  const place = { name, location, readOnly };
  return {
    summary: `Put the repository ${name} at ${location} under management`,
    steps: [
      ...(access === null ? [] : [tryStore.with({ ...place, access, isMounted: true })]),
      recordRepository.with({ ...place, access }),
    ],
    notes: [
      ...(access === null
        ? ['Starwarden gets no way of its own to its objects, so sizes, completeness and deletion are not known there']
        : []),
      ...(access === null && known?.access != null ? ['The key that Starwarden has to it is destroyed'] : []),
      'Snapshots in it that are not of Starwarden are shown and never touched',
    ],
  };
}
