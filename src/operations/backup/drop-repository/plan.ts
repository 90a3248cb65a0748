import type { Backup } from '../../../domain/backup/backup.ts';
import type { BackupPolicy } from '../../../domain/backup/policy.ts';
import type { Repository } from '../../../domain/backup/repository.ts';
import type { PlanResult, Refusal } from '../../../domain/plan.ts';
import type { RepositoryRow } from '../../../domain/topology.ts';
import { count } from '../../../domain/words.ts';
import { forgetRepository } from '../repositories/make-repository.ts';

export type DropRepositoryFacts = {
  readonly mounted: RepositoryRow | null;
  readonly known: Repository | null;
  /** The policies that put backups there. */
  readonly policies: readonly Pick<BackupPolicy, 'name'>[];
  /** The backups of our history that lie there. */
  readonly backups: readonly Pick<Backup, 'state' | 'snapshot' | 'database'>[];
  /** The jobs that run in the cluster, as `database.snapshot (backup)`. */
  readonly jobs: readonly string[];
};

/** Refuses while somebody depends on the repository, and says who. */
export function planDropRepository({ name }: { readonly name: string }, facts: DropRepositoryFacts): PlanResult {
  const { mounted, known, backups } = facts;
  const place = mounted ?? known;
  if (place === null)
    return {
      refusals: [
        {
          code: 'NOT_FOUND',
          message: `The cluster has no repository ${name}`,
          hint: 'Look at its repositories.',
          path: ['input', 'name'],
        },
      ],
    };
  const refusals = dependents(name, facts);
  if (refusals.length > 0) return { refusals };
  const readOnly = mounted?.isReadOnly ?? known?.readOnly ?? false;
  return {
    summary: `Forget the repository ${name} at ${place.location}; no object there is touched`,
    steps: [forgetRepository.with({ name, location: place.location, readOnly })],
    notes: [
      `Every object in ${place.location} stays where it is`,
      ...(backups.length === 0
        ? []
        : [
            `${count(backups.length, 'backup')} cannot be restored until it is created again with the same name and location`,
          ]),
      ...(known?.access == null
        ? []
        : ['The key that Starwarden has to it is destroyed, so this cannot be undone by itself']),
      ...(mounted === null ? ['StarRocks does not have it any more: only Starwarden forgets it'] : []),
    ],
  };
}

function dependents(name: string, { policies, backups, jobs }: DropRepositoryFacts): readonly Refusal[] {
  const ours = backups.filter(({ state }) => state === 'RUNNING' || state === 'SCHEDULED' || state === 'DELETING');
  const by = [
    ...policies.map((policy) => `the policy ${policy.name}`),
    ...ours.map(({ database, snapshot, state }) => `the backup ${snapshot ?? '(not begun)'} of ${database} (${state})`),
    ...jobs.map((job) => `the job ${job}, which may be of this repository`),
  ];
  if (by.length === 0) return [];
  return [
    {
      code: 'PRECONDITION_FAILED',
      message: `${name} is needed by ${by.join(', ')}`,
      hint: 'Change or remove the policies, and wait for what runs.',
    },
  ];
}
