import type { FrontendContext } from '../context.ts';
import type { Partition, Replica, Tablet } from '../meta/state.ts';
import { callBackend, workerOf } from './backends.ts';
import { groupOf, mayRelocateGroups } from './colocation.ts';
import { availableBackends, replicaCounts, sharesLocation } from './placement.ts';
import { changePartition, findPartition } from './recycle-bin.ts';
import { hasRoom, isCurrent, type Need, needOf, needs } from './repairs.ts';
import { forget, type Scheduled, settle } from './schedule-log.ts';
import { withTableLock } from './table-lock.ts';

type Move = Omit<Need, 'to'> & { readonly to: number };

/** How many moves one round may start, as the slots of the real scheduler limit it. */
const movesPerRound = 4;
const noDestination = 'unable to find dest path for new replica';

/**
 * The tablet checker of the leader, every 20 s: puts what is not well into the queue, as long as the queue holds no more than
 * `tablet_sched_max_scheduling_tablets`. At 0 that still lets one in whenever the queue is empty, which is how the real
 * one behaves: repair crawls, it does not stand still. What ADMIN REPAIR TABLE named is let in in any case.
 */
export function checkTablets(fe: FrontendContext): void {
  if (!fe.group.isLeader) return;
  const { schedule } = fe;
  const limit = fe.config.number('tablet_sched_max_scheduling_tablets');
  const found = needs(fe, mayRelocateGroups(fe));
  schedule.counts['num of tablet check round'] += 1;
  schedule.counts['num of unhealthy tablet checked in tablet checker'] += found.length;
  for (const need of found) if (schedule.pending.size <= limit) enqueue(fe, need);
}

function enqueue(fe: FrontendContext, need: Need): void {
  const { schedule } = fe;
  if (schedule.pending.has(need.tablet.id) || schedule.running.has(need.tablet.id)) return;
  const isUrgent = schedule.urgent.has(need.partition.id);
  schedule.counts['num of tablet being added to tablet scheduler'] += 1;
  const priority = isUrgent ? 'VERY_HIGH' : need.status === 'REPLICA_MISSING' ? 'HIGH' : 'NORMAL';
  schedule.pending.set(need.tablet.id, newEntry(fe, need, { type: 'REPAIR', priority }));
}

/**
 * The tablet scheduler of the leader, one round a second: repairs replicas that fell behind or sit on dead backends, empties
 * backends that are leaving, and, when nothing else is to be done, evens out the numbers unless that is switched off.
 */
export async function scheduleTablets(fe: FrontendContext): Promise<void> {
  const { schedule } = fe;
  if (!fe.group.isLeader) return forget(schedule);
  schedule.counts['num of tablet schedule round'] += 1;
  const mayRelocate = mayRelocateGroups(fe);
  const needed = new Map(needs(fe, mayRelocate).map((need) => [need.tablet.id, need]));
  followUrgent(fe, [...needed.values()]);
  for (const one of schedule.pending.values()) {
    if (!needed.has(one.tabletId)) settle(schedule, one, 'CANCELLED', 'tablet is healthy');
  }
  const due = [...schedule.pending.values()].sort((a, b) => Number(isFirst(b)) - Number(isFirst(a)));
  for (const one of due.slice(0, movesPerRound)) await repairNow(fe, one, mayRelocate);
  if (schedule.pending.size > 0 || !mayBalance(fe)) return;
  const [overdue] = balancing(fe);
  if (overdue === undefined) return;
  await withTableLock(overdue.partition.tableId, async () => {
    for (const move of balancing(fe)) {
      const one = newEntry(fe, move, { type: 'BALANCE', priority: 'LOW' });
      schedule.counts['num of balance scheduled'] += 1;
      await carryOut(fe, move, one);
    }
  });
}

function isFirst({ priority }: Scheduled): boolean {
  return priority === 'VERY_HIGH';
}

/** Partitions of ADMIN REPAIR TABLE are looked at every round, until they are well or their time is over. */
function followUrgent(fe: FrontendContext, needed: readonly Need[]): void {
  const { urgent } = fe.schedule;
  for (const [partitionId, { until }] of urgent) {
    const unwell = needed.filter(({ partition }) => partition.id === partitionId);
    if (Date.now() > until || findPartition(fe.group.state, partitionId) === null) urgent.delete(partitionId);
    for (const need of unwell) enqueue(fe, need);
  }
}

/** Looked at anew under the lock: a load that was before us may have changed what is to be copied. */
async function repairNow(fe: FrontendContext, one: Scheduled, mayRelocate: boolean): Promise<void> {
  await withTableLock(one.tableId, async () => {
    const partition = findPartition(fe.group.state, one.partitionId);
    const tablet = partition?.tablets.find(({ id }) => id === one.tabletId);
    const need = partition && tablet ? needOf(fe, { partition, tablet, mayRelocate }) : null;
    one.scheduledAt = Date.now();
    if (need === null) return settle(fe.schedule, one, 'CANCELLED', 'tablet is healthy');
    const { to } = need;
    if (to === null) {
      one.failedScheduling += 1;
      return settle(fe.schedule, one, 'CANCELLED', noDestination);
    }
    await carryOut(fe, { ...need, to }, one);
  });
}

function mayBalance({ config }: FrontendContext): boolean {
  return !config.flag('tablet_sched_disable_balance') && config.number('tablet_sched_max_balancing_tablets') > 0;
}

function balancing(fe: FrontendContext): Move[] {
  const { state } = fe.group;
  const counts = replicaCounts(state);
  const sorted = availableBackends(state).sort((a, b) => (counts.get(a.id) ?? 0) - (counts.get(b.id) ?? 0));
  const [low, high] = [sorted[0], sorted.at(-1)];
  if (!low || !high || (counts.get(high.id) ?? 0) - (counts.get(low.id) ?? 0) < 2) return [];
  for (const partition of state.partitions.values()) {
    const table = state.tables.get(String(partition.tableId));
    if (table?.state !== 'NORMAL' || groupOf(state, table).length > 0) continue;
    for (const tablet of partition.tablets) {
      const others = tablet.replicas.filter(({ backendId }) => backendId !== high.id);
      const crowds = others.some(({ backendId }) => sharesLocation(workerOf(fe, backendId) ?? high, low));
      const holders = tablet.replicas.map(({ backendId }) => backendId);
      const source = tablet.replicas.find((one) => one.backendId === high.id);
      if (!source || !isCurrent(partition, source) || holders.includes(low.id) || crowds) continue;
      if (!hasRoom(fe, low, partition.dataBytes / partition.tablets.length)) continue;
      return [{ partition, tablet, status: 'HEALTHY', from: high.id, to: low.id, drop: high.id }];
    }
  }
  return [];
}

type Kind = Pick<Scheduled, 'type' | 'priority'>;

function newEntry(fe: FrontendContext, { partition, tablet, status }: Need, kind: Kind): Scheduled {
  const worker = workerOf(fe, tablet.replicas[0]?.backendId ?? -1);
  return {
    ...kind,
    tabletId: tablet.id,
    tableId: partition.tableId,
    partitionId: partition.id,
    medium: worker?.disks[0]?.medium ?? 'HDD',
    status,
    state: 'PENDING',
    from: -1,
    fromPath: '-1',
    to: -1,
    toPath: '-1',
    createdAt: Date.now(),
    scheduledAt: 0,
    finishedAt: 0,
    failedScheduling: 0,
    failedRunning: 0,
    version: partition.visibleVersion,
    bytes: Math.round(partition.dataBytes / Math.max(1, partition.tablets.length)),
    errMsg: '',
  };
}

/** Copies first and changes the metadata after; a partition that moved on meanwhile is left for the next round. */
async function carryOut(fe: FrontendContext, { partition, tablet, from, to, drop, status }: Move, one: Scheduled) {
  const { schedule } = fe;
  const source = workerOf(fe, from);
  if (!source) return settle(schedule, one, 'CANCELLED', `src backend ${from} does not exist`);
  const version = partition.visibleVersion;
  Object.assign(one, { from, to, status, version, state: 'RUNNING', scheduledAt: Date.now() });
  one.fromPath = source.disks[0]?.pathHash ?? '-1';
  one.toPath = workerOf(fe, to)?.disks[0]?.pathHash ?? '-1';
  schedule.pending.delete(one.tabletId);
  schedule.running.set(one.tabletId, one);
  schedule.counts['num of clone task'] += 1;
  const request = { tabletId: tablet.id, version, source: { host: source.host, port: source.bePort } };
  try {
    await callBackend(fe, to, 'clone', request);
  } catch (error) {
    one.failedRunning += 1;
    schedule.counts['num of clone task failed'] += 1;
    fe.log('WARN', `clone of tablet ${tablet.id} from ${from} to ${to} failed: ${String(error)}`);
    const text = error instanceof Error ? error.message : String(error);
    return settle(schedule, one, 'CANCELLED', `clone failed ${text}`);
  }
  const isDone = await fe.group.update((state) => {
    const now = findPartition(state, partition.id);
    const fresh = now?.tablets.find(({ id }) => id === tablet.id);
    const busy = state.jobs.get(String(state.tables.get(String(partition.tableId))?.dbId));
    if (!now || !fresh || now.visibleVersion !== version || isReading(busy?.state))
      return { changes: [], value: false };
    const next = withReplica(now, fresh, { to, drop, version });
    return { changes: changePartition(state, next), value: true };
  });
  if (!isDone) return settle(schedule, one, 'CANCELLED', `tablet ${tablet.id} is not healthy`);
  schedule.counts['num of clone task succeeded'] += 1;
  settle(schedule, one, 'FINISHED', 'replica is cloned');
  if (drop !== null) await callBackend(fe, drop, 'dropTablets', { tabletIds: [tablet.id] }).catch(() => null);
}

type Made = { readonly to: number; readonly drop: number | null; readonly version: number };

function withReplica(partition: Partition, tablet: Tablet, { to, drop, version }: Made): Partition {
  const replicas = tablet.replicas.filter(({ backendId }) => backendId !== to && backendId !== drop);
  const known = tablet.replicas.find(({ backendId }) => backendId === to);
  const id = known?.id ?? Number(`${tablet.id}${to % 1000}`);
  const made: Replica = { id, backendId: to, version, lastFailedVersion: -1, bad: false };
  const tablets = partition.tablets.map((one) =>
    one.id === tablet.id ? { ...one, replicas: [...replicas, made] } : one,
  );
  return { ...partition, tablets };
}

/** While a backup makes or uploads snapshots its tablets stay where they are. */
function isReading(state: string | undefined): boolean {
  return state === 'SNAPSHOTING' || state === 'DOWNLOADING' || state === 'COMMITTING';
}
