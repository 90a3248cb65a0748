import type { FrontendContext } from '../context.ts';
import { availableBackends, partitionsOf } from '../data/placement.ts';
import { findTable } from '../data/tables.ts';
import { createIds } from '../meta/ids.ts';
import { type Change, type ClusterState, change, type Partition, type RestoreJob, type Table } from '../meta/state.ts';
import { newPartition } from '../statements/tables.ts';
import { JobFailure } from './jobs.ts';
import type { SnapshotInfo } from './manifest.ts';
import type { SnapshotMeta } from './repository.ts';

/** One partition to fill: which one, with which files of the snapshot, and what it counts afterwards. */
export type PartitionPair = { target: Partition; source: Partition; sourceTable: Table };
export type RestorePlan = {
  changes: Change[];
  pairs: PartitionPair[];
  created: { table: Table; partitions: Partition[] }[];
  lockedTableIds: number[];
  createdTableIds: number[];
  createdPartitionIds: number[];
};

type Source = { meta: SnapshotMeta; info: SnapshotInfo };

/** What a restore does to the metadata before any file moves, or the JobFailure that cancels it. */
export function planRestore(fe: FrontendContext, state: ClusterState, job: RestoreJob, { meta }: Source): RestorePlan {
  const plan: RestorePlan = {
    changes: [],
    pairs: [],
    created: [],
    lockedTableIds: [],
    createdTableIds: [],
    createdPartitionIds: [],
  };
  const ids = createIds(state);
  if (job.replicationNum < 1) throw new JobFailure('COMMON_ERROR', `invalid replication num: ${job.replicationNum}`);
  for (const object of job.objects) {
    const source = meta.tables.find(({ table }) => table.name === object.table);
    if (!source) throw new JobFailure('COMMON_ERROR', `table ${object.table} is not in the snapshot meta`);
    const wanted = source.partitions.filter(
      ({ name }) => object.partitions === null || object.partitions.includes(name),
    );
    const local = findTable(state, job.dbId, object.alias);
    if (source.table.view?.kind === 'VIEW') {
      const id = local?.id ?? ids.next();
      plan.changes.push(change('tables', id, { ...source.table, id, dbId: job.dbId, name: object.alias }));
      continue;
    }
    if (local) checkSameTable(local, source.table);
    const table: Table = local ?? {
      ...source.table,
      id: ids.next(),
      dbId: job.dbId,
      name: object.alias,
      replicationNum: job.replicationNum,
      createdAt: Date.now(),
    };
    plan.changes.push(change('tables', table.id, { ...table, state: 'RESTORE' }));
    (local ? plan.lockedTableIds : plan.createdTableIds).push(table.id);
    const existing = local ? partitionsOf(state, local.id) : [];
    const made: Partition[] = [];
    for (const partition of wanted) {
      const found = existing.find(({ name }) => name === localName(partition, source.table, table));
      if (found) checkSamePartition(found, partition, { job, table });
      const target = found ?? makePartition(fe, state, { job, table, partition, ids, sourceTable: source.table });
      if (!found) {
        made.push(target);
        plan.createdPartitionIds.push(target.id);
        plan.changes.push(change('partitions', target.id, target));
      }
      plan.pairs.push({ target, source: partition, sourceTable: source.table });
    }
    if (made.length > 0) plan.created.push({ table, partitions: made });
  }
  plan.changes.push(ids.change());
  return plan;
}

/** The one partition of an unpartitioned table carries the name of the table, also under an alias. */
function localName(partition: Partition, source: Table, table: Table): string {
  return source.partitionColumn === null ? table.name : partition.name;
}

function checkSameTable(local: Table, remote: Table): void {
  if (local.state !== 'NORMAL')
    throw new JobFailure('COMMON_ERROR', `Table ${local.name}'s state is not NORMAL: ${local.state}`);
  const differ = (detail: string) =>
    new JobFailure('COMMON_ERROR', `Table ${local.name} already exist but with different schema, errMsg: ${detail}`);
  // The name is the first part of the signature (recorded), so what stands under another name is never filled again.
  if (local.name !== remote.name) throw differ('Table name is inconsistent');
  if (local.columns.length !== remote.columns.length) throw differ('');
  for (const [at, column] of local.columns.entries()) {
    const other = remote.columns[at];
    if (other?.name !== column.name || other.type !== column.type)
      throw differ(`Column[${at}] is different: ${column.name} and ${other?.name}`);
  }
  if (local.keyType !== remote.keyType)
    throw new JobFailure('COMMON_ERROR', `Table ${local.name} already exist but with different key type`);
  if (local.distribution.buckets !== remote.distribution.buckets) throw differ('bucket num is different');
}

function checkSamePartition(
  local: Partition,
  remote: Partition,
  { job, table }: { job: RestoreJob; table: Table },
): void {
  if (local.lower !== remote.lower || local.upper !== remote.upper) {
    throw new JobFailure(
      'COMMON_ERROR',
      `Partition ${remote.name} in table ${table.name} has different range with partition in repository`,
    );
  }
  if (local.replicationNum !== job.replicationNum) {
    throw new JobFailure(
      'COMMON_ERROR',
      `Partition ${remote.name} in table ${table.name} has different replication num '${local.replicationNum}' ` +
        `with partition in repository, which is ${job.replicationNum}`,
    );
  }
}

type Making = {
  job: RestoreJob;
  table: Table;
  partition: Partition;
  ids: ReturnType<typeof createIds>;
  sourceTable: Table;
};

function makePartition(
  fe: FrontendContext,
  state: ClusterState,
  { job, table, partition, ids, sourceTable }: Making,
): Partition {
  if (availableBackends(fe.group.state).length < job.replicationNum) {
    throw new JobFailure(
      'COMMON_ERROR',
      `failed to find ${job.replicationNum} different hosts to create table: ${table.name}`,
    );
  }
  const { lower, upper, schemaHash } = partition;
  const buckets = { ...table.distribution, buckets: partition.tablets.length };
  const shaped = { ...table, distribution: buckets, replicationNum: job.replicationNum };
  return {
    ...newPartition(fe, state, ids, shaped, { name: localName(partition, sourceTable, table), lower, upper }),
    schemaHash,
  };
}
