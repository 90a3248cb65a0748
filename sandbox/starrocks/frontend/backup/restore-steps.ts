import type { FrontendContext } from '../context.ts';
import { partitionsOf } from '../data/placement.ts';
import { createReplicas, dropReplicas } from '../data/tablets.ts';
import { createIds } from '../meta/ids.ts';
import {
  type Change,
  change,
  type Partition,
  type Repository,
  type RestoreJob,
  type RestoreTarget,
} from '../meta/state.ts';
import { removal } from '../statements/tables.ts';
import { JobFailure, type TaskList } from './jobs.ts';
import { logJob } from './log-job.ts';
import { type SnapshotInfo, tabletsOf } from './manifest.ts';
import { readSnapshotInfo, readSnapshotMeta, snapshotRoot, tabletLocation } from './repository.ts';
import { type PartitionPair, planRestore } from './restore-plan.ts';
import { collectReports, sendTasks, type TaskOrder } from './task-list.ts';

/** Moves a restore on by one state, or leaves it where it is while tasks are unfinished. */
export async function stepRestore(fe: FrontendContext, job: RestoreJob, tasks: TaskList): Promise<RestoreJob> {
  const dropped = [...job.lockedTableIds, ...job.createdTableIds].find((id) => !fe.group.state.tables.has(String(id)));
  if (dropped !== undefined && job.state !== 'FINISHED' && job.state !== 'CANCELLED')
    throw new JobFailure('NOT_FOUND', `table ${dropped} has been dropped`);
  switch (job.state) {
    case 'PENDING':
      return prepare(fe, job, tasks);
    case 'SNAPSHOTING':
      return waitForSnapshots(fe, job, tasks);
    case 'DOWNLOAD':
      return sendDownloads(fe, job, tasks);
    case 'DOWNLOADING':
      return waitForDownloads(fe, job, tasks);
    case 'COMMIT':
      return sendMoves(fe, job, tasks);
    case 'COMMITTING':
      return waitForMoves(fe, job, tasks);
    case 'FINISHED':
    case 'CANCELLED':
      return job;
  }
}

async function prepare(fe: FrontendContext, job: RestoreJob, tasks: TaskList): Promise<RestoreJob> {
  if (!fe.group.state.databases.has(String(job.dbId)))
    throw new JobFailure('NOT_FOUND', `database ${job.dbId} does not exist`);
  const repository = requireRepository(fe, job);
  const source = await readSource(fe, job, repository);
  const plan = await fe.group.update((state) => {
    const value = planRestore(fe, state, job, source);
    return { changes: value.changes, value };
  });
  const { lockedTableIds, createdTableIds, createdPartitionIds } = plan;
  const undoable: RestoreJob = { ...job, lockedTableIds, createdTableIds, createdPartitionIds };
  try {
    for (const { table, partitions } of plan.created) await createReplicas(fe, table, partitions);
  } catch (error) {
    await undoRestore(fe, undoable);
    throw new JobFailure('COMMON_ERROR', `Failed to create replicas for restore. unfinished marks: ${String(error)}`);
  }
  const root = await snapshotRoot(fe.stores, repository, job.label);
  const targets = plan.pairs.flatMap((pair) => targetsOf(pair, { info: source.info, root }));
  const restored = plan.pairs.map(({ target, source: from }) => {
    return { partitionId: target.id, version: from.visibleVersion, rowCount: from.rowCount, dataBytes: from.dataBytes };
  });
  const jobId = await drawIds(fe, 1);
  const next: RestoreJob = {
    ...undoable,
    jobId: jobId[0] ?? -1,
    targets,
    restored,
    metaPreparedAt: Date.now(),
    state: 'SNAPSHOTING',
  };
  await sendSnapshots(fe, next, tasks);
  return logged(fe, next);
}

async function readSource(fe: FrontendContext, job: RestoreJob, repository: Repository) {
  try {
    const at = { snapshot: job.label, timestamp: job.timestamp };
    return {
      info: await readSnapshotInfo(fe.stores, repository, at),
      meta: await readSnapshotMeta(fe.stores, repository, job.label),
    };
  } catch {
    throw new JobFailure('COMMON_ERROR', 'Failed to read backup meta from file');
  }
}

/** Every replica fetches its own copy: tablets of both sides belong together by their place in the partition. */
function targetsOf(
  { target, source, sourceTable }: PartitionPair,
  { info, root }: { info: SnapshotInfo; root: string },
): RestoreTarget[] {
  const known = tabletsOf(info, sourceTable.name, source.name);
  return target.tablets.flatMap((tablet, at) => {
    const tabletId = known?.tabletIds[at];
    if (!known || tabletId === undefined)
      throw new JobFailure('COMMON_ERROR', `tablet num of partition ${source.name} is different from the snapshot`);
    const { physicalId, indexId } = known;
    const remotePath = tabletLocation(root, { dbId: info.id, tableId: sourceTable.id, physicalId, indexId, tabletId });
    return tablet.replicas.map(({ backendId }) => ({
      backendId,
      tabletId: tablet.id,
      schemaHash: target.schemaHash,
      remotePath,
    }));
  });
}

/** The snapshot of a replica is the directory that the download fills and the move puts in place. */
async function sendSnapshots(fe: FrontendContext, job: RestoreJob, tasks: TaskList): Promise<void> {
  const orders = await orderTasks(fe, job, (target, taskId) => {
    const partition = partitionOf(fe, target.tabletId);
    const timeoutSeconds = job.timeoutMs / 1000;
    return { kind: 'snapshot', taskId, tabletId: target.tabletId, version: partition.visibleVersion, timeoutSeconds };
  });
  await sendTasks(fe, tasks, orders);
}

async function waitForSnapshots(fe: FrontendContext, job: RestoreJob, tasks: TaskList): Promise<RestoreJob> {
  const paths = new Map(Object.entries(job.snapshotPaths));
  const backends = new Map(tasks.unfinished);
  await collectReports(fe, tasks, {
    prefix: `${job.jobId}.`,
    onDone: (id, report) => {
      const tabletId = Object.keys(report.files)[0] ?? '';
      paths.set(replicaKey({ tabletId: Number(tabletId), backendId: backends.get(id) ?? -1 }), report.snapshotPath);
    },
  });
  const next = { ...job, snapshotPaths: Object.fromEntries(paths) };
  if (tasks.unfinished.size > 0) return next;
  if (paths.size < job.targets.length) {
    await sendSnapshots(fe, next, tasks);
    return next;
  }
  return logged(fe, { ...next, snapshotFinishedAt: Date.now(), state: 'DOWNLOAD' });
}

async function sendDownloads(fe: FrontendContext, job: RestoreJob, tasks: TaskList): Promise<RestoreJob> {
  const { properties } = requireRepository(fe, job);
  const orders = await orderTasks(fe, job, ({ backendId, tabletId, remotePath }, taskId) => {
    const snapshotPath = job.snapshotPaths[replicaKey({ tabletId, backendId })] ?? '';
    return { kind: 'download', taskId, properties, parts: [{ tabletId, remotePath, snapshotPath }] };
  });
  await sendTasks(fe, tasks, orders);
  return { ...job, state: 'DOWNLOADING' };
}

async function waitForDownloads(fe: FrontendContext, job: RestoreJob, tasks: TaskList): Promise<RestoreJob> {
  await collectReports(fe, tasks, { prefix: `${job.jobId}.`, onDone: () => undefined });
  if (tasks.unfinished.size > 0) return job;
  return logged(fe, { ...job, downloadFinishedAt: Date.now(), state: 'COMMIT' });
}

async function sendMoves(fe: FrontendContext, job: RestoreJob, tasks: TaskList): Promise<RestoreJob> {
  const versions = new Map(job.restored.map(({ partitionId, version }) => [partitionId, version]));
  const orders = await orderTasks(fe, job, ({ backendId, tabletId }, taskId) => {
    const version = versions.get(partitionOf(fe, tabletId).id) ?? 1;
    return {
      kind: 'move',
      taskId,
      tabletId,
      version,
      snapshotPath: job.snapshotPaths[replicaKey({ tabletId, backendId })] ?? '',
    };
  });
  await sendTasks(fe, tasks, orders);
  return { ...job, state: 'COMMITTING' };
}

async function waitForMoves(fe: FrontendContext, job: RestoreJob, tasks: TaskList): Promise<RestoreJob> {
  await collectReports(fe, tasks, { prefix: `${job.jobId}.`, onDone: () => undefined });
  if (tasks.unfinished.size > 0) return job;
  const finished: RestoreJob = { ...job, state: 'FINISHED', finishedAt: Date.now(), targets: [], snapshotPaths: {} };
  await fe.group.update((state) => {
    const changes: Change[] = [change('jobs', job.dbId, finished)];
    for (const tableId of [...job.lockedTableIds, ...job.createdTableIds]) {
      const table = state.tables.get(String(tableId));
      if (table) changes.push(change('tables', tableId, { ...table, state: 'NORMAL' }));
    }
    for (const { partitionId, version, rowCount, dataBytes } of job.restored) {
      const partition = state.partitions.get(String(partitionId));
      if (partition)
        changes.push(change('partitions', partitionId, filled(partition, { version, rowCount, dataBytes })));
    }
    return { changes, value: null };
  });
  return finished;
}

function filled(
  partition: Partition,
  { version, rowCount, dataBytes }: { version: number; rowCount: number; dataBytes: number },
): Partition {
  const tablets = partition.tablets.map((tablet) => ({
    ...tablet,
    replicas: tablet.replicas.map((replica) => ({ ...replica, version, lastFailedVersion: -1 })),
  }));
  return { ...partition, tablets, rowCount, dataBytes, visibleVersion: version, visibleAt: Date.now() };
}

/** Takes back what a restore made, and frees the tables it held. Data that was moved in already stays. */
export async function undoRestore(fe: FrontendContext, job: RestoreJob): Promise<void> {
  const dropped = await fe.group.update((state) => {
    const made = job.createdPartitionIds.flatMap((id) => state.partitions.get(String(id)) ?? []);
    const changes: Change[] = made.map(({ id }) => change('partitions', id, null));
    for (const tableId of job.createdTableIds) {
      const table = state.tables.get(String(tableId));
      if (table) changes.push(...removal(state, table));
    }
    for (const tableId of job.lockedTableIds) {
      const table = state.tables.get(String(tableId));
      if (table) changes.push(change('tables', tableId, { ...table, state: 'NORMAL' }));
    }
    return { changes, value: [...made, ...job.createdTableIds.flatMap((id) => partitionsOf(state, id))] };
  });
  await dropReplicas(fe, dropped);
}

async function orderTasks(
  fe: FrontendContext,
  job: RestoreJob,
  build: (target: RestoreTarget, taskId: string) => TaskOrder['task'],
): Promise<TaskOrder[]> {
  const ids = await drawIds(fe, job.targets.length);
  return job.targets.map((target, at) => {
    const id = String(ids[at]);
    return { id, backendId: target.backendId, task: build(target, `${job.jobId}.${id}`) };
  });
}

function drawIds(fe: FrontendContext, count: number): Promise<number[]> {
  return fe.group.update((state) => {
    const ids = createIds(state);
    const value = Array.from({ length: count }, () => ids.next());
    return { changes: [ids.change()], value };
  });
}

function partitionOf(fe: FrontendContext, tabletId: number): Partition {
  const found = [...fe.group.state.partitions.values()].find(({ tablets }) =>
    tablets.some(({ id }) => id === tabletId),
  );
  if (!found) throw new JobFailure('NOT_FOUND', `tablet ${tabletId} has been dropped`);
  return found;
}

function replicaKey({ tabletId, backendId }: { tabletId: number; backendId: number }): string {
  return `${tabletId}@${backendId}`;
}

function requireRepository(fe: FrontendContext, job: RestoreJob): Repository {
  const found = fe.group.state.repositories.get(String(job.repositoryId));
  if (!found) throw new JobFailure('COMMON_ERROR', `failed to get repository: ${job.repositoryId}`);
  return found;
}

async function logged(fe: FrontendContext, job: RestoreJob): Promise<RestoreJob> {
  await logJob(fe, job);
  return job;
}
