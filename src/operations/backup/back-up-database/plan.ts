import { replicaNotes } from '../../../domain/backup/replica-notes.ts';
import { refuseBackupByRunMode } from '../../../domain/backup/run-mode.ts';
import type { PlanResult, Refusal } from '../../../domain/plan.ts';
import { isSystemDatabase } from '../../../domain/system-databases.ts';
import type { TabletHealth } from '../../../domain/tablet-health.ts';
import { count } from '../../../domain/words.ts';
import { chooseRepository, refuseRepository, repositoryNotes } from '../choose-repository.ts';
import type { BackupGround } from '../observe-backup.ts';
import { lanesOf } from '../take/lane.ts';

export type BackUpFacts = BackupGround & {
  /** Tables and views of the database; empty where it is not there. */
  readonly tables: readonly string[];
  /** Status of a snapshot that has the name already; null = the name is free, or none was given. */
  readonly snapshotStatus: string | null;
  /** A job of StarRocks in the database, in words; null = none. */
  readonly runningJob: string | null;
  /** Backends that are down, and missing replicas; null = not known. */
  readonly replicas: TabletHealth | null;
  /** What the backup will not hold, as sentences. */
  readonly notHeld: readonly string[];
};

type Input = {
  readonly database: string;
  readonly repository?: string | undefined;
  readonly snapshot?: string | undefined;
  readonly tables?: readonly string[] | undefined;
  readonly partitions?: readonly string[] | undefined;
  readonly timeoutSeconds: number;
};

/** One lane: record, wait, choose, back up, read, verify. Refuses what StarRocks would refuse later, with a reason that helps. */
export function planBackUpDatabase(input: Input, facts: BackUpFacts): PlanResult {
  const repository = chooseRepository(input.repository, facts.repositories);
  const { database, snapshot, timeoutSeconds, tables, partitions } = input;
  const refusals = refusalsOf(input, facts, repository);
  if (refusals.length > 0 || repository === null) return { refusals };
  const objects =
    tables?.map((name) => ({
      type: 'TABLE' as const,
      name,
      partitions: partitions === undefined ? null : [...partitions],
    })) ?? null;
  const what = tables === undefined ? database : `${count(tables.length, 'table')} of ${database}`;
  return {
    summary: `Back ${what} up to ${repository}${snapshot === undefined ? '' : ` as ${snapshot}`}`,
    steps: lanesOf(
      [
        {
          ...{ database, repository, kind: 'FULL', objects, policyId: null, tier: null },
          ...{ snapshot: snapshot ?? null, timeoutSeconds },
        },
      ],
      { width: 1, verify: 'L0' },
    ),
    notes: [
      count(facts.tables.length, 'table or view', 'tables and views'),
      ...(facts.runningJob === null ? [] : [`Waits first for ${facts.runningJob}, which runs in ${database}`]),
      ...replicaNotes(facts.replicas),
      ...repositoryNotes(repository, facts.repositories),
      ...facts.notHeld.map((sentence) => `Not held: ${sentence}`),
    ],
  };
}

function refusalsOf(input: Input, facts: BackUpFacts, repository: string | null): Refusal[] {
  return [
    ...refuseBackupByRunMode(facts.runMode),
    ...refuseDatabase(input, facts),
    ...refuseRepository(repository, input.repository, facts.repositories),
    ...refuseName(input, facts),
  ];
}

function refuseDatabase({ database, tables, partitions }: Input, facts: BackUpFacts): Refusal[] {
  const path = ['input', 'database'];
  if (isSystemDatabase(database))
    return [
      {
        code: 'INVALID_INPUT',
        message: `${database} is a database of StarRocks' own: it holds nothing of users, and StarRocks fills it by itself`,
        hint: 'Name a database of yours.',
        path,
      },
    ];
  if (!facts.databases.includes(database))
    return [
      {
        code: 'NOT_FOUND',
        message: `There is no database ${database}, or the SQL user does not see it`,
        hint: 'Look at SHOW DATABASES.',
        path,
      },
    ];
  if (facts.tables.length === 0)
    return [
      {
        code: 'PRECONDITION_FAILED',
        message: `${database} has no tables, so there is nothing to back up`,
        hint: 'Look at SHOW TABLES.',
        path,
      },
    ];
  const unknown = (tables ?? []).filter((name) => !facts.tables.includes(name));
  return [
    ...(unknown.length === 0
      ? []
      : [
          {
            code: 'NOT_FOUND' as const,
            message: `${database} has no ${unknown.join(', ')}`,
            hint: 'Look at SHOW TABLES.',
            path: ['input', 'tables'],
          },
        ]),
    ...(partitions === undefined || tables?.length === 1
      ? []
      : [
          {
            code: 'INVALID_INPUT' as const,
            message: 'Partitions can be named where exactly one table is',
            hint: 'Name one table, or leave the partitions out.',
            path: ['input', 'partitions'],
          },
        ]),
  ];
}

function refuseName({ snapshot }: Input, { snapshotStatus }: BackUpFacts): Refusal[] {
  if (snapshotStatus === null) return [];
  return [
    {
      code: 'ALREADY_EXISTS',
      message: `The name ${snapshot} is used in the repository already (${snapshotStatus})`,
      hint: 'A broken snapshot blocks its name too. Choose another name, or leave it out.',
      path: ['input', 'snapshot'],
    },
  ];
}
