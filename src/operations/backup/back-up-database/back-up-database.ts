import { z } from 'zod';
import type { Reading } from '../../../adapters/reading.ts';
import { showTables } from '../../../adapters/starrocks/statements.ts';
import { isSystemDatabase } from '../../../domain/system-databases.ts';
import { defineOperation } from '../../define.ts';
import { clusterId, databaseName, repositoryName, snapshotName } from '../../input/fields.ts';
import { checkBackedUp } from '../backed-up.ts';
import { chooseRepository } from '../choose-repository.ts';
import { observeGround, replicasOrNull } from '../observe-backup.ts';
import { findRunningJob } from '../take/await-turn.ts';
import { takeKinds } from '../take/lane.ts';
import { findSnapshot, isUnused } from '../take/snapshots.ts';
import { noteWhatIsHeld } from './not-held-notes.ts';
import { planBackUpDatabase } from './plan.ts';

const input = z.object({
  clusterId,
  database: databaseName,
  repository: repositoryName
    .optional()
    .meta({ description: 'Where to; may be left out when the cluster has one writable repository.' }),
  snapshot: snapshotName
    .optional()
    .meta({ description: 'The name of the snapshot; made of database and time when its turn comes, when left out.' }),
  tables: z
    .array(databaseName.meta({ description: 'A table, view or materialized view, as SHOW TABLES prints it.' }))
    .min(1)
    .max(1_000)
    .optional()
    .meta({
      description:
        'Only these tables, views and materialized views; when left out, everything that BACKUP takes by itself.',
    }),
  partitions: z
    .array(databaseName.meta({ description: 'A partition, as SHOW PARTITIONS prints it.' }))
    .min(1)
    .max(1_000)
    .optional()
    .meta({ description: 'Only these partitions, where exactly one table is named.' }),
  timeoutSeconds: z
    .int()
    .min(600)
    .max(604_800)
    .default(86_400)
    .meta({ description: 'After this StarRocks gives the backup up, in seconds.' }),
});

export type BackUpDatabaseInput = z.infer<typeof input>;

/** Incremental backups belong to a policy, which says what they build on: see `runBackupPolicy`. */
export const backUpDatabase = defineOperation({
  name: 'backUpDatabase',
  title: 'Back a database up',
  version: 2,
  summary: 'Take a full backup of a database, or of some of its tables, into a repository, and see that it is whole.',
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
    examples: [
      'backup prod-eu sales',
      'backup prod-eu sales --tables orders,customers',
      'backup prod-eu sales --dry-run',
    ],
  },
  steps: takeKinds,
  observe: observeBackup,
  plan: (given: BackUpDatabaseInput, facts) => planBackUpDatabase(given, facts),
  postCheck: (_given: BackUpDatabaseInput, reading, run) => checkBackedUp(reading, run),
});

async function observeBackup(given: BackUpDatabaseInput, reading: Reading) {
  const { sql, signal } = reading;
  const ground = await observeGround(reading);
  const { database } = given;
  const isThere = ground.databases.includes(database) && !isSystemDatabase(database);
  const repository = chooseRepository(given.repository, ground.repositories);
  const used =
    repository === null || given.snapshot === undefined
      ? null
      : await findSnapshot(sql, { repository, snapshot: given.snapshot }, signal);
  const tables = isThere
    ? (await sql.query(showTables(database), { signal })).map((row) => Object.values(row)[0] ?? '')
    : [];
  return {
    ...ground,
    tables,
    replicas: await replicasOrNull(reading),
    snapshotStatus: isUnused(used) ? null : (used?.status ?? null),
    runningJob: isThere ? ((await findRunningJob(sql, database, signal))?.what ?? null) : null,
    notHeld: isThere ? await noteWhatIsHeld(given, ground, { sql, signal }) : [],
  };
}
