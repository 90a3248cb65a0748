import { externalCatalogs } from '../../../domain/backup/external-catalogs.ts';
import { materializedNotHeld, neverHeld } from '../../../domain/backup/not-held.ts';
import type { BackupPolicy, BackupPolicyContent } from '../../../domain/backup/policy.ts';
import { replicaNotes } from '../../../domain/backup/replica-notes.ts';
import { refuseBackupByRunMode } from '../../../domain/backup/run-mode.ts';
import type { PlanResult, Refusal } from '../../../domain/plan.ts';
import { isSystemDatabase } from '../../../domain/system-databases.ts';
import type { TabletHealth } from '../../../domain/tablet-health.ts';
import { count } from '../../../domain/words.ts';
import { refuseRepository, repositoryNotes } from '../choose-repository.ts';
import type { BackupGround } from '../observe-backup.ts';
import { lanesOf } from '../take/lane.ts';

export type PolicyFacts = BackupGround & {
  /** Null = there is none with this id on this cluster. */
  readonly policy: BackupPolicy | null;
  /** Backends that are down, and missing replicas; null = not known. */
  readonly replicas: TabletHealth | null;
  readonly looked: readonly {
    readonly database: string;
    readonly isEmpty: boolean;
    readonly runningJob: string | null;
  }[];
};

/** The databases that a policy is about: those it names, whether they are there or not, and with `*` all that are. */
export function databasesOf(
  { databases, exceptDatabases }: Pick<BackupPolicyContent, 'databases' | 'exceptDatabases'>,
  known: readonly string[],
): readonly string[] {
  const except = new Set(exceptDatabases);
  const all = databases.flatMap((name) => (name === '*' ? known : [name]));
  return [...new Set(all)]
    .filter((name) => !except.has(name) && !isSystemDatabase(name) && name !== 'mysql' && name !== externalCatalogs)
    .toSorted();
}

/**
 * A lane for each database. What changes by the minute is not part of the plan: what an incremental backup takes, and the name
 * of its snapshot, are decided when its turn comes.
 */
export function planBackupPolicy(
  { policyId, tier: name }: { readonly policyId: string; readonly tier: string },
  facts: PolicyFacts,
): PlanResult {
  const { policy, looked } = facts;
  if (policy === null)
    return refuse(
      'NOT_FOUND',
      `There is no backup policy ${policyId} on this cluster`,
      'Look at its backup policies.',
      'policyId',
    );
  const { tiers, repository, parallel, timeoutSeconds } = policy.content;
  const tier = tiers.find((each) => each.name === name);
  if (tier === undefined) {
    const names = tiers.map((each) => each.name).join(', ');
    return refuse('NOT_FOUND', `${policy.name} has no tier ${name}; there are: ${names}`, 'Name one of them.', 'tier');
  }
  const refusals = [
    ...refuseBackupByRunMode(facts.runMode),
    ...refuseRepository(known(repository, facts), repository, facts.repositories).map(
      ({ path: _path, ...rest }) => rest,
    ),
  ];
  if (refusals.length > 0) return { refusals };
  const filled = looked.filter(({ isEmpty }) => !isEmpty);
  if (filled.length === 0)
    return refuse(
      'PRECONDITION_FAILED',
      `${policy.name} is about no database that has tables`,
      'Look at SHOW DATABASES.',
      'policyId',
    );
  const reach = { ...facts, isNamed: tier.kind === 'INCREMENTAL' };
  const backups = filled.map(({ database }) => ({
    ...{ database, repository, kind: tier.kind, objects: null, policyId, tier: name },
    ...{ snapshot: null, timeoutSeconds },
  }));
  return {
    summary: `Back ${count(filled.length, 'database')} up to ${repository} by ${policy.name}, ${name}`,
    steps: lanesOf(backups, { width: parallel, verify: tier.verify }),
    notes: [
      ...(tier.kind === 'INCREMENTAL' ? ['Where there is no usable full backup to build on, a full one is taken'] : []),
      ...looked.filter(({ isEmpty }) => isEmpty).map(({ database }) => `${database} has no tables and is left out`),
      ...looked.flatMap(({ database, runningJob }) =>
        runningJob === null ? [] : [`Waits first for ${runningJob}, which runs in ${database}`],
      ),
      ...replicaNotes(facts.replicas),
      ...repositoryNotes(repository, facts.repositories),
      ...[...materializedNotHeld(reach), ...neverHeld(reach)].map((sentence) => `Not held: ${sentence}`),
    ],
  };
}

function known(repository: string, { repositories }: BackupGround): string | null {
  return repositories.some(({ name }) => name === repository) ? repository : null;
}

function refuse(code: Refusal['code'], message: string, hint: string, field: string): PlanResult {
  return { refusals: [{ code, message, hint, path: ['input', field] }] };
}
