import { externalCatalogs, notHeldOfCatalogs } from '../../../domain/backup/external-catalogs.ts';
import { takesCatalogs } from '../../../domain/backup/not-held.ts';
import type { PlanResult, Refusal } from '../../../domain/plan.ts';
import { count } from '../../../domain/words.ts';
import { chooseRepository, refuseRepository, repositoryNotes } from '../choose-repository.ts';
import type { BackupGround } from '../observe-backup.ts';
import { lanesOf } from '../take/lane.ts';

export type CatalogFacts = BackupGround & {
  /** The one job about external catalogs that the cluster runs, in words; null = none. */
  readonly runningJob: string | null;
};

type Input = {
  readonly catalogs?: readonly string[] | undefined;
  readonly repository?: string | undefined;
  readonly timeoutSeconds: number;
};

/** One lane. That secrets are written in clear stands in the summary, which no card and no list leaves out. */
export function planBackUpCatalogs(input: Input, facts: CatalogFacts): PlanResult {
  const repository = chooseRepository(input.repository, facts.repositories);
  const refusals = [
    ...refuseCatalogs(input, facts),
    ...refuseRepository(repository, input.repository, facts.repositories),
  ];
  if (refusals.length > 0 || repository === null) return { refusals };
  const { catalogs, timeoutSeconds } = input;
  const names = catalogs === undefined ? null : [...new Set(catalogs)].toSorted();
  const objects = names?.map((name) => ({ type: 'EXTERNAL_CATALOG' as const, name, partitions: null })) ?? null;
  const which = names === null ? 'all external catalogs' : count(names.length, 'external catalog');
  const location = facts.repositories.find(({ name }) => name === repository)?.location ?? repository;
  return {
    summary: `Back ${which} up to ${repository}; THEIR SECRETS ARE WRITTEN THERE IN CLEAR`,
    steps: lanesOf(
      [
        {
          ...{ database: externalCatalogs, repository, kind: 'FULL', objects, policyId: null, tier: null },
          ...{ snapshot: null, timeoutSeconds },
        },
      ],
      { width: 1, verify: 'L0' },
    ),
    notes: [
      `SECRETS IN CLEAR: keys and passwords of the catalogs can be read by everybody who can read ${location}. Deleting the backup removes them there, but not from versions or copies of the bucket`,
      `External catalogs now: ${facts.catalogs?.join(', ') || 'none'}`,
      ...(facts.runningJob === null
        ? []
        : [`Waits first for ${facts.runningJob}: the whole cluster runs one such job at a time`]),
      ...repositoryNotes(repository, facts.repositories),
      ...notHeldOfCatalogs.map((sentence) => `Not held: ${sentence}`),
    ],
  };
}

function refuseCatalogs({ catalogs }: Input, facts: CatalogFacts): readonly Refusal[] {
  if (!takesCatalogs(facts.version))
    return [
      {
        code: 'PRECONDITION_FAILED',
        message: `BACKUP takes external catalogs from 3.4 on; the cluster runs ${facts.version ?? 'an unknown version'}`,
        hint: 'Keep the statements that made them: SHOW CREATE CATALOG prints them without their secrets.',
      },
    ];
  const known = facts.catalogs;
  if (known === null)
    return [
      {
        code: 'PRECONDITION_FAILED',
        message: 'Which external catalogs there are could not be read',
        hint: 'The SQL user needs USAGE on them.',
      },
    ];
  if (known.length === 0)
    return [{ code: 'PRECONDITION_FAILED', message: 'There is no external catalog', hint: 'Look at SHOW CATALOGS.' }];
  const unknown = (catalogs ?? []).filter((name) => !known.includes(name));
  if (unknown.length === 0) return [];
  return [
    {
      code: 'NOT_FOUND',
      message: `There is no external catalog ${unknown.join(', ')}; there are: ${known.join(', ')}`,
      hint: 'The internal catalog is backed up by its databases.',
      path: ['input', 'catalogs'],
    },
  ];
}
