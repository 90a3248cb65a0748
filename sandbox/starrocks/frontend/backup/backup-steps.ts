import type { FrontendContext } from '../context.ts';
import { isAlive } from '../data/backends.ts';
import { partitionsOf } from '../data/placement.ts';
import { findTable } from '../data/tables.ts';
import { createIds } from '../meta/ids.ts';
import type { BackupJob, Partition, Repository, SnapshotPart, Table } from '../meta/state.ts';
import { JobFailure, type TaskList } from './jobs.ts';
import { logJob } from './log-job.ts';
import { describeSnapshot, physicalIdOf } from './manifest.ts';
import { snapshotRoot, tabletLocation, writeSnapshot } from './repository.ts';
import { collectReports, sendTasks, type TaskOrder } from './task-list.ts';

/** Moves a backup on by one state, or leaves it where it is while tasks are unfinished. */
export async function stepBackup(fe: FrontendContext, job: BackupJob, tasks: TaskList): Promise<BackupJob> {
  switch (job.state) {
    case 'PENDING':
      return sendSnapshots(fe, job, tasks);
    case 'SNAPSHOTING':
      return waitForSnapshots(fe, job, tasks);
    case 'UPLOAD_SNAPSHOT':
      return sendUploads(fe, job, tasks);
    case 'UPLOADING':
      return waitForUploads(fe, job, tasks);
    case 'SAVE_META':
      return logged(fe, { ...job, state: 'UPLOAD_INFO' });
    case 'UPLOAD_INFO':
      return uploadInfo(fe, job);
    case 'FINISHED':
    case 'CANCELLED':
      return job;
  }
}

/** Not logged: after a failover the new leader starts over from PENDING, with a new job id. */
async function sendSnapshots(fe: FrontendContext, job: BackupJob, tasks: TaskList): Promise<BackupJob> {
  if (job.catalogs !== null) return logged(fe, { ...job, state: 'SAVE_META' });
  const { state } = fe.group;
  if (!state.databases.has(String(job.dbId))) throw new JobFailure('NOT_FOUND', `database ${job.dbId} does not exist`);
  const tables = job.objects.map((object) => chooseTable(fe, job, object));
  const jobId = await fe.group.update((now) => {
    const ids = createIds(now);
    const value = ids.next();
    return { changes: [ids.change()], value };
  });
  const orders: TaskOrder[] = [];
  const parts: SnapshotPart[] = [];
  const timeoutSeconds = job.timeoutMs / 1000;
  for (const { partitions } of tables) {
    for (const partition of partitions) {
      const { id: partitionId, tableId, indexId, schemaHash, visibleVersion: version } = partition;
      for (const tablet of partition.tablets) {
        const backendId = chooseReplica(fe, partition, tablet.id);
        const taskId = `${jobId}.${tablet.id}`;
        orders.push({
          id: String(tablet.id),
          backendId,
          task: { kind: 'snapshot', taskId, tabletId: tablet.id, version, timeoutSeconds },
        });
        const ids = { tableId, partitionId, physicalId: physicalIdOf(partition), indexId, tabletId: tablet.id };
        parts.push({ ...ids, backendId, schemaHash, path: '', files: [] });
      }
    }
  }
  await sendTasks(fe, tasks, orders);
  return { ...job, jobId, tables, parts, state: 'SNAPSHOTING' };
}

function chooseTable(
  fe: FrontendContext,
  job: BackupJob,
  object: BackupJob['objects'][number],
): { table: Table; partitions: Partition[] } {
  const table = findTable(fe.group.state, job.dbId, object.table);
  if (!table) throw new JobFailure('NOT_FOUND', `table ${object.table} does not exist`);
  const all = partitionsOf(fe.group.state, table.id).filter(({ temporary }) => !temporary);
  const missing = object.partitions?.find((name) => !all.some((partition) => partition.name === name));
  if (missing !== undefined)
    throw new JobFailure('NOT_FOUND', `partition ${missing} does not exist  in table${table.name}`);
  return {
    table,
    partitions: all.filter(({ name }) => object.partitions === null || object.partitions.includes(name)),
  };
}

function chooseReplica(fe: FrontendContext, partition: Partition, tabletId: number): number {
  const tablet = partition.tablets.find(({ id }) => id === tabletId);
  const replica = tablet?.replicas.find(
    ({ bad, version, backendId }) => !bad && version >= partition.visibleVersion && isAlive(fe, backendId),
  );
  if (replica) return replica.backendId;
  throw new JobFailure(
    'COMMON_ERROR',
    `failed to choose replica to make snapshot for tablet ${tabletId}. visible version: ${partition.visibleVersion}`,
  );
}

async function waitForSnapshots(fe: FrontendContext, job: BackupJob, tasks: TaskList): Promise<BackupJob> {
  const parts = [...job.parts];
  await collectReports(fe, tasks, {
    prefix: `${job.jobId}.`,
    onDone: (id, report) => {
      const at = parts.findIndex(({ tabletId }) => String(tabletId) === id);
      const part = parts[at];
      if (part) parts[at] = { ...part, path: report.snapshotPath, files: report.files[id] ?? [] };
    },
  });
  if (tasks.unfinished.size > 0) return { ...job, parts };
  return logged(fe, { ...job, parts, snapshotFinishedAt: Date.now(), state: 'UPLOAD_SNAPSHOT' });
}

/** Not logged either: a new leader sends the uploads again under the same job id. */
async function sendUploads(fe: FrontendContext, job: BackupJob, tasks: TaskList): Promise<BackupJob> {
  const repository = requireRepository(fe, job);
  const root = await snapshotRoot(fe.stores, repository, job.label);
  const ids = await fe.group.update((state) => {
    const fresh = createIds(state);
    const value = job.parts.map(() => fresh.next());
    return { changes: [fresh.change()], value };
  });
  const orders = job.parts.map((part, at): TaskOrder => {
    const id = String(ids[at]);
    const remotePath = tabletLocation(root, { dbId: job.dbId, ...part });
    const parts = [{ tabletId: part.tabletId, snapshotPath: part.path, remotePath }];
    return {
      id,
      backendId: part.backendId,
      task: { kind: 'upload', taskId: `${job.jobId}.${id}`, properties: repository.properties, parts },
    };
  });
  await sendTasks(fe, tasks, orders);
  return { ...job, state: 'UPLOADING' };
}

async function waitForUploads(fe: FrontendContext, job: BackupJob, tasks: TaskList): Promise<BackupJob> {
  const parts = [...job.parts];
  await collectReports(fe, tasks, {
    prefix: `${job.jobId}.`,
    onDone: (_id, report) => {
      for (const [tabletId, files] of Object.entries(report.files)) {
        const at = parts.findIndex((part) => String(part.tabletId) === tabletId);
        const part = parts[at];
        if (part) parts[at] = { ...part, files };
      }
    },
  });
  if (tasks.unfinished.size > 0) return { ...job, parts };
  return logged(fe, { ...job, parts, uploadFinishedAt: Date.now(), state: 'SAVE_META' });
}

/** The one state whose errors are tried again until the job times out. */
async function uploadInfo(fe: FrontendContext, job: BackupJob): Promise<BackupJob> {
  try {
    const catalogs = (job.catalogs ?? []).flatMap((name) => fe.group.state.catalogs.get(name) ?? []);
    const clusterId = fe.group.state.settings.get('clusterId') ?? '';
    const info = describeSnapshot(job, { release: fe.release, clusterId });
    await writeSnapshot(fe.stores, requireRepository(fe, job), { info, meta: { tables: job.tables, catalogs } });
  } catch (error) {
    fe.log('WARN', `backup job ${job.jobId} cannot upload its info: ${String(error)}`);
    return job;
  }
  return logged(fe, { ...job, state: 'FINISHED', finishedAt: Date.now(), parts: [], tables: [] });
}

function requireRepository(fe: FrontendContext, job: BackupJob): Repository {
  const found = fe.group.state.repositories.get(String(job.repositoryId));
  if (!found) throw new JobFailure('COMMON_ERROR', `failed to get repository: ${job.repositoryId}`);
  return found;
}

async function logged(fe: FrontendContext, job: BackupJob): Promise<BackupJob> {
  await logJob(fe, job);
  return job;
}
