import { type Done, done } from '../../mysql/packets.ts';
import type { BackupObject } from '../../sql/ast.ts';
import { analysisError, backupError } from '../../sql/errors.ts';
import { requirePrivilege } from '../access.ts';
import type { FrontendContext } from '../context.ts';
import { partitionsOf } from '../data/placement.ts';
import { currentDatabase, findTable, tablesOf } from '../data/tables.ts';
import type { Execution, StatementOf } from '../handlers.ts';
import { type BackupJob, change, type Database } from '../meta/state.ts';
import { findRepository } from '../statements/repositories.ts';
import { refuseUnknown, timeoutOf } from './job-properties.ts';
import { isDone, okStatus } from './jobs.ts';
import { listSnapshots } from './repository.ts';

/** BACKUP: checks everything that can be known now and leaves a PENDING job behind. */
export async function submitBackup({ statement, session, fe }: Execution<StatementOf['backup']>): Promise<Done> {
  requirePrivilege(fe, session, { privileges: ['REPOSITORY'] });
  const db = currentDatabase(fe, session, statement.db ?? session.db ?? '');
  const repository = findRepository(fe.group.state, statement.repository);
  if (!repository) throw analysisError(`Repository [${statement.repository}] does not exist`, 5064, '42000');
  const objects = chooseObjects(fe, db, statement.objects);
  refuseUnknown(statement.properties, ['type', 'timeout'], 'backup');
  const type = statement.properties.type ?? 'full';
  if (!['full', 'incremental'].includes(type.toLowerCase()))
    throw analysisError(`Invalid backup job type: ${type}`, 5064, '42000');
  const timeoutMs = timeoutOf(statement.properties);
  for (const { table } of objects) {
    requirePrivilege(fe, session, { privileges: ['EXPORT'], object: { kind: 'TABLE', db: db.name, table } });
  }
  if (repository.readOnly) throw backupError(fe.release, `Repository ${repository.name} is read only`);
  refuseSecondJob(fe, db);
  refuseUsedName(fe, statement.snapshot, () => listSnapshots(fe.objectStore, repository));
  const job: BackupJob = {
    kind: 'BACKUP',
    dbId: db.id,
    jobId: -1,
    label: statement.snapshot,
    dbName: db.name,
    repositoryId: repository.id,
    createdAt: Date.now(),
    finishedAt: null,
    timeoutMs,
    status: okStatus,
    state: 'PENDING',
    objects,
    snapshotFinishedAt: null,
    uploadFinishedAt: null,
    parts: [],
    tables: [],
  };
  await fe.group.update(() => {
    refuseSecondJob(fe, db);
    return { changes: [change('jobs', db.id, job)], value: null };
  });
  return done();
}

export function refuseSecondJob(fe: FrontendContext, db: Database): void {
  const current = fe.group.state.jobs.get(String(db.id));
  if (current && !isDone(current)) {
    throw backupError(fe.release, 'Can only run one backup or restore job of a database at same time');
  }
}

function refuseUsedName(fe: FrontendContext, snapshot: string, list: () => string[]): void {
  let names: string[];
  try {
    names = list();
  } catch (error) {
    throw backupError(fe.release, error instanceof Error ? error.message : String(error));
  }
  if (names.includes(snapshot))
    throw backupError(fe.release, `Snapshot with name '${snapshot}' already exist in repository`);
}

function chooseObjects(fe: FrontendContext, db: Database, asked: BackupObject[] | null): BackupJob['objects'] {
  if (asked === null) {
    const all = tablesOf(fe.group.state, db.id).map(({ name }) => ({ table: name, partitions: null }));
    if (all.length === 0) throw backupError(fe.release, `No table found in database ${db.name}`);
    return all;
  }
  return asked.map(({ table: name, partitions }) => {
    const table = findTable(fe.group.state, db.id, name);
    if (!table) throw analysisError(`Incorrect table name '${name}'`);
    const known = partitionsOf(fe.group.state, table.id).map((partition) => partition.name);
    const missing = partitions?.find((partition) => !known.includes(partition));
    if (missing !== undefined) throw backupError(fe.release, `Unknown partition ${missing} in table${name}`);
    return { table: name, partitions };
  });
}
