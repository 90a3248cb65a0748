import { z } from 'zod';
import type { Reading } from '../../../adapters/reading.ts';
import { parseRepositories } from '../../../adapters/starrocks/parse.ts';
import { readRunningJobs } from '../../../adapters/starrocks/read-jobs.ts';
import { showDatabases, showRepositories, showTables } from '../../../adapters/starrocks/statements.ts';
import { isSystemDatabase } from '../../../domain/system-databases.ts';
import { AppError } from '../../../errors.ts';
import { defineOperation } from '../../define.ts';
import { clusterId, databaseName, repositoryName, snapshotName } from '../../input/fields.ts';
import { findSnapshot, recordBackup, takeBackup, verifySnapshot } from './back-up.ts';
import { chooseRepository, planBackUpDatabase } from './plan.ts';
import { checkBackedUp } from './post-check.ts';

const input = z.object({
  clusterId,
  database: databaseName,
  repository: repositoryName
    .optional()
    .meta({ description: 'Where to; may be left out when the cluster has one writable repository.' }),
  snapshot: snapshotName
    .optional()
    .meta({ description: 'The name of the snapshot; made of database and time when left out.' }),
  timeoutSeconds: z
    .int()
    .min(600)
    .max(604_800)
    .default(86_400)
    .meta({ description: 'After this StarRocks gives the backup up, in seconds.' }),
});

export type BackUpDatabaseInput = z.infer<typeof input>;

export const backUpDatabase = defineOperation({
  name: 'backUpDatabase',
  title: 'Back a database up',
  version: 1,
  summary: 'Take a full backup of a database into a repository, and see that it is whole.',
  permission: 'backup:create',
  risk: 'low',
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: {
    clusterId: 'clu_01J00000000000000000000000',
    database: 'sales',
    repository: 'backups',
    timeoutSeconds: 86_400,
  },
  slack: {
    verb: 'backup',
    positional: ['clusterId', 'database'],
    examples: ['backup prod-eu sales', 'backup prod-eu sales --repository nightly', 'backup prod-eu sales --dry-run'],
  },
  steps: [recordBackup, takeBackup, verifySnapshot],
  complete: (given: BackUpDatabaseInput, { now }) => ({
    ...given,
    snapshot: given.snapshot ?? nameSnapshot(given.database, now),
  }),
  observe: observeBackup,
  plan: (given: BackUpDatabaseInput, facts) => planBackUpDatabase(given, facts),
  postCheck: (given: BackUpDatabaseInput, reading, run) => checkBackedUp(given, reading, run),
});

/** `sales_20261120_134501_123`: letters, digits and underscores only, 64 characters at most. */
function nameSnapshot(database: string, now: Date): string {
  const time = now.toISOString().replace(/[-:Z]/g, '').replace(/[T.]/g, '_');
  const start = database.replace(/\W/g, '_').replace(/^[^a-zA-Z]/, 'd');
  return `${start.slice(0, 40)}_${time}`;
}

async function observeBackup(given: BackUpDatabaseInput, { sql, inventory, signal }: Reading) {
  const databases = (await sql.query(showDatabases(), { signal })).map((row) => Object.values(row)[0] ?? '');
  const databaseExists = databases.includes(given.database);
  const canHaveTables = databaseExists && !isSystemDatabase(given.database);
  const repositories = parseRepositories(await sql.query(showRepositories(), { signal }));
  const repository = chooseRepository(given.repository, repositories);
  const snapshot =
    repository === null || given.snapshot === undefined
      ? null
      : await findSnapshot(sql, { repository, snapshot: given.snapshot }, signal);
  return {
    runMode: (await inventory.findCluster(given.clusterId))?.runMode ?? null,
    databaseExists,
    tables: canHaveTables ? (await sql.query(showTables(given.database), { signal })).length : 0,
    repositories,
    // A free name answers a row without timestamp and with this status; any other status means that the name cannot be
    // used.
    snapshotStatus: snapshot === null || isUnused(snapshot) ? null : snapshot.status,
    runningJobs: (await jobsOrNone(sql, signal)).filter((job) => job.startsWith(`${given.database}.`)),
  };
}

function isUnused(snapshot: { timestamps: readonly string[]; status: string }): boolean {
  return snapshot.timestamps.length === 0 && /no snapshot/i.test(snapshot.status);
}

async function jobsOrNone(sql: Reading['sql'], signal: AbortSignal): Promise<readonly string[]> {
  try {
    return await readRunningJobs(sql, { signal });
  } catch (error) {
    if (error instanceof AppError && error.code === 'SQL_PRIVILEGE_MISSING') return []; // StarRocks itself refuses a second job
    throw error;
  }
}
