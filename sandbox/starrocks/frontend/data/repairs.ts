import type { FrontendContext } from '../context.ts';
import type { Partition, Replica, Table, Tablet, Worker } from '../meta/state.ts';
import { isAlive, isGivenUp, workerOf } from './backends.ts';
import { bucketMates } from './colocation.ts';
import { availableBackends, chooseBackend, replicaCounts } from './placement.ts';
import { allPartitions } from './recycle-bin.ts';

export type TabletStatus =
  | 'HEALTHY'
  | 'VERSION_INCOMPLETE'
  | 'REPLICA_MISSING'
  | 'REPLICA_RELOCATING'
  | 'COLOCATE_MISMATCH';

/** What is wrong with a tablet, and what would mend it: copied from `from` to `to`, and after it `drop` goes, if any. */
export type Need = {
  readonly partition: Partition;
  readonly tablet: Tablet;
  readonly status: TabletStatus;
  readonly from: number;
  /** Null = no backend has room for it, or all that are left have one already. */
  readonly to: number | null;
  readonly drop: number | null;
};

/** The tablets of the recycle bin as well; none that has no whole replica left to copy from. */
export function needs(fe: FrontendContext, mayRelocate: boolean): Need[] {
  const found: Need[] = [];
  for (const partition of allPartitions(fe.group.state)) {
    for (const tablet of partition.tablets) {
      const need = needOf(fe, { partition, tablet, mayRelocate });
      if (need !== null) found.push(need);
    }
  }
  return found;
}

type Looked = { readonly partition: Partition; readonly tablet: Tablet; readonly mayRelocate: boolean };

export function needOf(fe: FrontendContext, { partition, tablet, mayRelocate }: Looked): Need | null {
  const table = fe.group.state.tables.get(String(partition.tableId)) ?? null;
  if (table !== null && table.state !== 'NORMAL') return null;
  const healthy = tablet.replicas.filter((one) => isCurrent(partition, one) && isAlive(fe, one.backendId));
  const from = healthy[0]?.backendId;
  if (from === undefined) return null;
  const behind = tablet.replicas.find((one) => !isCurrent(partition, one) && isAlive(fe, one.backendId));
  if (behind) return { partition, tablet, status: 'VERSION_INCOMPLETE', from, to: behind.backendId, drop: null };
  const isColocated = table?.colocateWith !== undefined;
  const leaving = tablet.replicas.find((one) => mustLeave(fe, workerOf(fe, one.backendId), isColocated));
  if (leaving === undefined && tablet.replicas.length >= partition.replicationNum) return null;
  // The places of a group are settled by its balancer alone.
  if (isColocated && leaving !== undefined && !mayRelocate) return null;
  const isAsked = workerOf(fe, leaving?.backendId ?? -1)?.decommissioned === true;
  const status = isColocated ? 'COLOCATE_MISMATCH' : isAsked ? 'REPLICA_RELOCATING' : 'REPLICA_MISSING';
  const to = homeFor(fe, { partition, tablet, table: isColocated ? table : null, leaving });
  return { partition, tablet, status, from, to, drop: leaving?.backendId ?? null };
}

export function isCurrent(partition: Partition, replica: Replica): boolean {
  return !replica.bad && replica.version >= partition.visibleVersion;
}

/** Gone from the cluster, on its way out, or dead for longer than is tolerated. */
function mustLeave(fe: FrontendContext, worker: Worker | null, isColocated: boolean): boolean {
  return !worker || worker.decommissioned || isGivenUp(fe, worker, isColocated);
}

type Homeless = {
  readonly partition: Partition;
  readonly tablet: Tablet;
  /** Where the table belongs to a group. */
  readonly table: Table | null;
  readonly leaving: Replica | undefined;
};

function homeFor(fe: FrontendContext, { partition, tablet, table, leaving }: Homeless): number | null {
  const { state } = fe.group;
  const staying = tablet.replicas.filter((one) => one !== leaving).flatMap((one) => workerOf(fe, one.backendId) ?? []);
  const bytes = partition.dataBytes / Math.max(1, partition.tablets.length);
  const fitting = availableBackends(state).filter((one) => one.id !== leaving?.backendId && hasRoom(fe, one, bytes));
  const settled = table === null ? [] : matesHomes(fe, table, partition, tablet);
  const candidates = settled.length > 0 ? fitting.filter(({ id }) => settled.includes(id)) : fitting;
  return chooseBackend({ candidates, taken: staying, load: replicaCounts(state) })?.id ?? null;
}

/** Where other tablets of the bucket have gone already: all of them must end up together. */
function matesHomes(fe: FrontendContext, table: Table, partition: Partition, tablet: Tablet): number[] {
  const own = new Set(tablet.replicas.map(({ backendId }) => backendId));
  return bucketMates(fe.group.state, table, partition, tablet)
    .flatMap(({ replicas }) => replicas.map(({ backendId }) => backendId))
    .filter((id) => !own.has(id) && workerOf(fe, id)?.decommissioned === false);
}

/**
 * Whether some path could take that much (RootPathLoadStatistic, DiskInfo): refused where both less is free than the reserve
 * and the share of data in what data may use is above the limit.
 */
export function hasRoom(fe: FrontendContext, { disks }: Worker, bytes: number): boolean {
  const reserve = fe.config.number('storage_usage_soft_limit_reserve_bytes');
  const share = fe.config.number('storage_usage_soft_limit_percent') / 100;
  return disks.some(({ usedBytes, availableBytes }) => {
    const [total, left] = [usedBytes + availableBytes, availableBytes - bytes];
    return !(left < reserve && (total - left) / Math.max(1, total) > share);
  });
}
