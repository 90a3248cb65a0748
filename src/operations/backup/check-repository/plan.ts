import type { Repository } from '../../../domain/backup/repository.ts';
import type { PlanResult } from '../../../domain/plan.ts';
import { lookAtRepository } from '../repositories/look-at-repository.ts';

export function planCheckRepository(name: string, { known }: { readonly known: Repository | null }): PlanResult {
  if (known === null)
    return {
      refusals: [
        {
          code: 'NOT_FOUND',
          message: `No repository ${name} of this cluster is under management`,
          hint: 'Take it over with takeOverRepository, or create it with createRepository.',
          path: ['input', 'name'],
        },
      ],
    };
  return {
    summary: `Ask how the repository ${name} at ${known.location} is`,
    steps: [lookAtRepository.with({ name })],
    notes: known.access === null ? ['Only StarRocks is asked: Starwarden has no way of its own to its objects'] : [],
  };
}
