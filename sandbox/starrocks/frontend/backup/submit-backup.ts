import { type Done, done } from '../../mysql/packets.ts';
import type { Properties } from '../../sql/ast.ts';
import { analysisError, backupError } from '../../sql/errors.ts';
import { requirePrivilege } from '../access.ts';
import type { FrontendContext } from '../context.ts';
import { currentDatabase } from '../data/tables.ts';
import type { Execution, StatementOf } from '../handlers.ts';
import { type BackupJob, change, type Repository } from '../meta/state.ts';
import { refuseCloudNative } from '../shared-data/run-mode.ts';
import { findRepository } from '../statements/repositories.ts';
import { chooseObjects } from './choose-objects.ts';
import { refuseUnknown, timeoutOf } from './job-properties.ts';
import { isDone, okStatus } from './jobs.ts';
import { listSnapshots } from './repository.ts';

/** The key of the one job about external catalogs, in the place of a database. */
export const catalogsJobKey = -1;

/** BACKUP: checks everything that can be known now and leaves a PENDING job behind. */
export async function submitBackup({ statement, session, fe }: Execution<StatementOf['backup']>): Promise<Done> {
  requirePrivilege(fe, session, { privileges: ['REPOSITORY'] });
  const db = currentDatabase(fe, session, statement.db ?? session.db ?? '');
  const repository = requireNamed(fe, statement.repository);
  const objects = chooseObjects(fe, db, statement.objects);
  const timeoutMs = readProperties(statement.properties);
  for (const { table } of objects) {
    refuseCloudNative(fe, table);
    requirePrivilege(fe, session, { privileges: ['EXPORT'], object: { kind: 'TABLE', db: db.name, table } });
  }
  await submit(fe, repository, {
    ...newJob({ label: statement.snapshot, repositoryId: repository.id, timeoutMs }),
    dbId: db.id,
    dbName: db.name,
    objects,
  });
  return done();
}

/** BACKUP EXTERNAL CATALOGS: a job without a database, whose id is never drawn. */
export async function submitCatalogBackup({
  statement,
  session,
  fe,
}: Execution<StatementOf['backupCatalogs']>): Promise<Done> {
  requirePrivilege(fe, session, { privileges: ['REPOSITORY'] });
  const known = [...fe.group.state.catalogs.keys()];
  for (const name of statement.catalogs ?? []) {
    if (name === 'default_catalog')
      throw analysisError('Do not support Backup/Restore the entire default catalog', 5064, '42000');
    if (!known.includes(name)) throw analysisError(`external catalog ${name} does not existed.`, 5064, '42000');
  }
  const repository = requireNamed(fe, statement.repository);
  const timeoutMs = readProperties(statement.properties);
  await submit(fe, repository, {
    ...newJob({ label: statement.snapshot, repositoryId: repository.id, timeoutMs }),
    dbId: catalogsJobKey,
    dbName: '',
    objects: [],
    catalogs: statement.catalogs ?? known,
  });
  return done();
}

function requireNamed(fe: FrontendContext, name: string): Repository {
  const repository = findRepository(fe.group.state, name);
  if (!repository) throw analysisError(`Repository [${name}] does not exist`, 5064, '42000');
  return repository;
}

/** The timeout in ms. `type` incremental is taken, and means nothing. */
function readProperties(properties: Properties): number {
  refuseUnknown(properties, ['type', 'timeout'], 'backup');
  const type = properties.type ?? 'full';
  if (!['full', 'incremental'].includes(type.toLowerCase()))
    throw analysisError(`Invalid backup job type: ${type}`, 5064, '42000');
  return timeoutOf(properties);
}

function newJob(given: Pick<BackupJob, 'label' | 'repositoryId' | 'timeoutMs'>) {
  return {
    ...given,
    kind: 'BACKUP' as const,
    jobId: -1,
    createdAt: Date.now(),
    finishedAt: null,
    status: okStatus,
    state: 'PENDING' as const,
    snapshotFinishedAt: null,
    uploadFinishedAt: null,
    parts: [],
    tables: [],
    catalogs: null,
  };
}

async function submit(fe: FrontendContext, repository: Repository, job: BackupJob): Promise<void> {
  if (repository.readOnly) throw backupError(fe.release, `Repository ${repository.name} is read only`);
  refuseSecondJob(fe, { id: job.dbId });
  await refuseUsedName(fe, repository, job.label);
  await fe.group.update(() => {
    refuseSecondJob(fe, { id: job.dbId });
    return { changes: [change('jobs', job.dbId, job)], value: null };
  });
}

export function refuseSecondJob(fe: FrontendContext, db: { id: number }): void {
  const current = fe.group.state.jobs.get(String(db.id));
  if (current && !isDone(current)) {
    throw backupError(fe.release, 'Can only run one backup or restore job of a database at same time');
  }
}

async function refuseUsedName(fe: FrontendContext, repository: Repository, snapshot: string): Promise<void> {
  const names = await listSnapshots(fe.stores, repository).catch((error: unknown) => {
    throw backupError(fe.release, error instanceof Error ? error.message : String(error));
  });
  if (names.includes(snapshot))
    throw backupError(fe.release, `Snapshot with name '${snapshot}' already exist in repository`);
}
