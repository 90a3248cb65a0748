import { refuseBackupByRunMode } from '../../../domain/backup/run-mode.ts';
import type { PlanResult, Refusal } from '../../../domain/plan.ts';
import { isSystemDatabase } from '../../../domain/system-databases.ts';
import type { RepositoryRow } from '../../../domain/topology.ts';
import { count } from '../../../domain/words.ts';
import { recordBackup, takeBackup, verifySnapshot } from './back-up.ts';

export type BackUpFacts = {
  readonly runMode: string | null;
  readonly databaseExists: boolean;
  readonly tables: number;
  readonly repositories: readonly RepositoryRow[];
  /** Status of a snapshot that has the name already; null = the name is free. */
  readonly snapshotStatus: string | null;
  readonly runningJobs: readonly string[];
};

type Input = {
  readonly database: string;
  readonly repository?: string | undefined;
  readonly snapshot?: string | undefined;
  readonly timeoutSeconds: number;
};

/**
 * The repository to use: the one named, or the only writable one. Null = the one named does not exist, or there is not
 * exactly one to choose.
 */
export function chooseRepository(named: string | undefined, repositories: readonly RepositoryRow[]): string | null {
  if (named !== undefined) return repositories.some((repository) => repository.name === named) ? named : null;
  const writable = repositories.filter((repository) => !repository.isReadOnly);
  return writable.length === 1 ? (writable[0]?.name ?? null) : null;
}

/** Record, back up, verify. Refuses what StarRocks would refuse later, with a reason that helps. */
export function planBackUpDatabase(input: Input, facts: BackUpFacts): PlanResult {
  const repository = chooseRepository(input.repository, facts.repositories);
  const { database, snapshot, timeoutSeconds } = input;
  const refusals = refusalsOf(input, facts, repository);
  if (refusals.length > 0 || repository === null || snapshot === undefined) return { refusals };
  return {
    summary: `Back ${database} up to ${repository} as ${snapshot}`,
    steps: [
      recordBackup.with({ database, repository, snapshot }),
      takeBackup.with({ database, repository, snapshot, timeoutSeconds }),
      verifySnapshot.with({ database, repository, snapshot }),
    ],
    notes: [count(facts.tables, 'table')],
  };
}

function refusalsOf(input: Input, facts: BackUpFacts, repository: string | null): Refusal[] {
  const refusals: Refusal[] = [...refuseBackupByRunMode(facts.runMode)];
  if (isSystemDatabase(input.database)) {
    refusals.push({
      code: 'INVALID_INPUT',
      message: `${input.database} is a database of StarRocks' own: it holds nothing of users, and StarRocks fills it by itself`,
      hint: 'Name a database of yours.',
      path: ['input', 'database'],
    });
  } else if (!facts.databaseExists) {
    refusals.push({
      code: 'NOT_FOUND',
      message: `There is no database ${input.database}, or the SQL user does not see it`,
      hint: 'Look at SHOW DATABASES.',
      path: ['input', 'database'],
    });
  } else if (facts.tables === 0) {
    refusals.push({
      code: 'PRECONDITION_FAILED',
      message: `${input.database} has no tables, so there is nothing to back up`,
      hint: 'Look at SHOW TABLES.',
      path: ['input', 'database'],
    });
  }
  if (repository === null) refusals.push(repositoryRefusal(input.repository, facts.repositories));
  else if (facts.repositories.find(({ name }) => name === repository)?.isReadOnly) {
    refusals.push({
      code: 'PRECONDITION_FAILED',
      message: `The repository ${repository} is read only`,
      hint: 'Choose another one.',
      path: ['input', 'repository'],
    });
  }
  if (facts.snapshotStatus !== null) {
    refusals.push({
      code: 'ALREADY_EXISTS',
      message: `The name ${input.snapshot} is used in the repository already (${facts.snapshotStatus})`,
      hint: 'A broken snapshot blocks its name too. Choose another name, or leave it out.',
      path: ['input', 'snapshot'],
    });
  }
  if (facts.runningJobs.length > 0) {
    refusals.push({
      code: 'PRECONDITION_FAILED',
      message: `StarRocks runs one job per database, and one is running: ${facts.runningJobs.join(', ')}`,
      hint: 'Wait for it to end.',
    });
  }
  return refusals;
}

function repositoryRefusal(named: string | undefined, repositories: readonly RepositoryRow[]): Refusal {
  const names = repositories.map((repository) => repository.name).join(', ') || 'none';
  return {
    code: named === undefined ? 'INVALID_INPUT' : 'NOT_FOUND',
    message:
      named === undefined
        ? `It is not clear which repository is meant; there are: ${names}`
        : `There is no repository ${named}; there are: ${names}`,
    hint:
      repositories.length === 0
        ? 'Create one first: CREATE REPOSITORY … WITH BROKER ON LOCATION ….'
        : 'Name one of them.',
    path: ['input', 'repository'],
  };
}
