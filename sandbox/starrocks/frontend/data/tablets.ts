import type { TabletSchema } from '../../contracts.ts';
import type { FrontendContext } from '../context.ts';
import type { Partition, Table } from '../meta/state.ts';
import { callBackend } from './backends.ts';

function tabletSchema(table: Table, tabletId: number, schemaHash: number): TabletSchema {
  const merges = table.keyType !== 'DUPLICATE';
  const mergeKeys = merges ? table.keys.map((key) => table.columns.findIndex(({ name }) => name === key)) : [];
  return { tabletId, schemaHash, mergeKeys };
}

/** Makes the replicas of new partitions on their backends; fails when any backend does not answer. */
export async function createReplicas(fe: FrontendContext, table: Table, partitions: Partition[]): Promise<void> {
  const byBackend = new Map<number, TabletSchema[]>();
  for (const partition of partitions) {
    for (const { id, replicas } of partition.tablets) {
      for (const { backendId } of replicas) {
        byBackend.set(backendId, [...(byBackend.get(backendId) ?? []), tabletSchema(table, id, partition.schemaHash)]);
      }
    }
  }
  await Promise.all(
    [...byBackend].map(([backendId, tablets]) => callBackend(fe, backendId, 'createTablets', { tablets })),
  );
}

/** Frees the disks. A backend that is away keeps the files until it reports them and is told to drop them. */
export async function dropReplicas(fe: FrontendContext, partitions: Partition[]): Promise<void> {
  const byBackend = new Map<number, number[]>();
  for (const { tablets } of partitions) {
    for (const { id, replicas } of tablets) {
      for (const { backendId } of replicas) byBackend.set(backendId, [...(byBackend.get(backendId) ?? []), id]);
    }
  }
  const calls = [...byBackend].map(([backendId, tabletIds]) =>
    callBackend(fe, backendId, 'dropTablets', { tabletIds }),
  );
  await Promise.allSettled(calls);
}
