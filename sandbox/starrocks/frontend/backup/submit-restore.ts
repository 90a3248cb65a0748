import { type Done, done } from '../../mysql/packets.ts';
import type { BackupSelection } from '../../sql/ast.ts';
import { analysisError, backupError, SqlError, unknownDatabase } from '../../sql/errors.ts';
import { requirePrivilege } from '../access.ts';
import type { FrontendContext } from '../context.ts';
import { findDatabase, findTable } from '../data/tables.ts';
import type { Execution, StatementOf } from '../handlers.ts';
import { createIds } from '../meta/ids.ts';
import { change, type Database, type Repository, type RestoreJob } from '../meta/state.ts';
import { findRepository } from '../statements/repositories.ts';
import { refuseUnknown, timeoutOf } from './job-properties.ts';
import { okStatus } from './jobs.ts';
import type { SnapshotInfo } from './manifest.ts';
import { readSnapshotInfo } from './repository.ts';
import { refuseSecondJob } from './submit-backup.ts';

const knownProperties = [
  'backup_timestamp',
  'replication_num',
  'timeout',
  'allow_load',
  'meta_version',
  'starrocks_meta_version',
];
const defaultReplicationNum = 3;

/** RESTORE: checks the statement against the snapshot and leaves a PENDING job behind. */
export async function submitRestore({ statement, session, fe }: Execution<StatementOf['restore']>): Promise<Done> {
  requirePrivilege(fe, session, { privileges: ['REPOSITORY'] });
  const repository = findRepository(fe.group.state, statement.repository);
  if (!repository) throw backupError(fe.release, `Repository ${statement.repository} does not exist`);
  const { properties } = statement;
  refuseUnknown(properties, knownProperties, 'restore');
  const timestamp = properties.backup_timestamp;
  if (timestamp === undefined) throw analysisError('Missing backup_timestamp property', 5064, '42000');
  const timeoutMs = timeoutOf(properties);
  const replicationNum = Number(properties.replication_num ?? defaultReplicationNum);
  // Of the number only that it is one is looked at, and refused in the words of another property (recorded).
  const wordings = [
    [/^-?\d+$/, 'meta version format', properties.replication_num],
    [/^(true|false)$/i, 'allow load value', properties.allow_load],
    [/^-?\d+$/, 'meta version format', properties.meta_version],
  ] as const;
  for (const [form, what, value] of wordings)
    if (value !== undefined && !form.test(value)) throw analysisError(`Invalid ${what}: ${value}`, 5064, '42000');
  if (statement.objects === null)
    requirePrivilege(fe, session, { privileges: ['CREATE DATABASE'], object: { kind: 'CATALOG' } });

  const info = await readInfo(fe, repository, { snapshot: statement.snapshot, timestamp });
  if (statement.sourceDb !== null && statement.sourceDb !== info.database) {
    throw backupError(fe.release, `target database: ${statement.sourceDb} is not existed in snapshot`);
  }
  const targetName = statement.db ?? session.db ?? (fe.release.atLeast(3, 4) ? info.database : null);
  if (targetName === null) throw new SqlError(1046, '3D000', 'No database selected');
  const objects = chooseObjects(fe, info, statement.objects);
  const db = await targetDatabase(fe, targetName);
  if (statement.objects !== null) {
    requirePrivilege(fe, session, { privileges: ['CREATE TABLE'], object: { kind: 'DATABASE', db: db.name } });
    for (const { alias } of objects) {
      if (!findTable(fe.group.state, db.id, alias)) continue;
      requirePrivilege(fe, session, { privileges: ['INSERT'], object: { kind: 'TABLE', db: db.name, table: alias } });
    }
  }
  const allowLoad = properties.allow_load === 'true';
  const named = { label: statement.snapshot, timestamp, dbId: db.id, dbName: db.name, repositoryId: repository.id };
  const job = newJob({ ...named, timeoutMs, replicationNum, allowLoad, objects });
  await fe.group.update(() => {
    refuseSecondJob(fe, db);
    return { changes: [change('jobs', db.id, job)], value: null };
  });
  return done();
}

type Given = Pick<
  RestoreJob,
  'label' | 'timestamp' | 'dbId' | 'dbName' | 'repositoryId' | 'timeoutMs' | 'replicationNum' | 'allowLoad' | 'objects'
>;

function newJob(given: Given): RestoreJob {
  return {
    ...given,
    kind: 'RESTORE',
    jobId: -1,
    createdAt: Date.now(),
    finishedAt: null,
    status: okStatus,
    state: 'PENDING',
    metaPreparedAt: null,
    snapshotFinishedAt: null,
    downloadFinishedAt: null,
    targets: [],
    snapshotPaths: {},
    lockedTableIds: [],
    createdTableIds: [],
    createdPartitionIds: [],
    restored: [],
  };
}

async function readInfo(
  fe: FrontendContext,
  repository: Repository,
  at: { snapshot: string; timestamp: string },
): Promise<SnapshotInfo> {
  try {
    return await readSnapshotInfo(fe.stores, repository, at);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw backupError(
      fe.release,
      `Failed to get info of snapshot '${at.snapshot}' because: ${text}. Maybe specified wrong backup timestamp`,
    );
  }
}

/** From 3.4 on a missing target database is made, and stays even when the job fails later. */
async function targetDatabase(fe: FrontendContext, name: string): Promise<Database> {
  const found = findDatabase(fe.group.state, name);
  if (found) {
    refuseSecondJob(fe, found);
    return found;
  }
  if (!fe.release.atLeast(3, 4)) throw unknownDatabase(fe.release, name);
  return fe.group.update((state) => {
    const ids = createIds(state);
    const db = findDatabase(state, name) ?? { id: ids.next(), name };
    return { changes: [change('databases', db.id, db), ids.change()], value: db };
  });
}

function chooseObjects(fe: FrontendContext, info: SnapshotInfo, asked: BackupSelection | null): RestoreJob['objects'] {
  if (asked === null || asked.all.length > 0)
    return Object.entries(info.backup_objects).map(([table, { partitions }]) => ({
      ...{ table, partitions: null, alias: table, listed: Object.keys(partitions) },
    }));
  return asked.named.map(({ table, partitions, alias }) => {
    const known = info.backup_objects[table];
    if (!known) throw backupError(fe.release, `Table ${table} does not exist in snapshot ${info.name}`);
    const missing = partitions?.find((name) => !Object.hasOwn(known.partitions, name));
    if (missing !== undefined) {
      throw backupError(fe.release, `Partition ${missing} of table ${table} does not exist in snapshot ${info.name}`);
    }
    return { table, partitions, alias: alias ?? table, listed: partitions ?? Object.keys(known.partitions) };
  });
}
