import type { FrontendContext } from '../context.ts';
import { type Change, change, type Partition, type Replica, type Tablet, type Worker } from '../meta/state.ts';
import { callBackend, isAlive, isGivenUp, workerOf } from './backends.ts';
import { availableBackends, chooseBackend, replicaCounts, sharesLocation } from './placement.ts';
import { withTableLock } from './table-lock.ts';

/** One replica to make: copied from `from` to `to`, and after it `drop` goes, if any. */
type Move = { partition: Partition; tablet: Tablet; from: number; to: number; drop: number | null };

/** How many moves one round may start, as the slots of the real scheduler limit it. */
const movesPerRound = 4;

/**
 * The tablet checker of the leader, every 20 s: puts what is not well into the queue, as long as the queue holds no more than
 * `tablet_sched_max_scheduling_tablets`. At 0 that still lets one in whenever the queue is empty, which is how the real
 * one behaves: repair crawls, it does not stand still.
 */
export function checkTablets(fe: FrontendContext): void {
  if (!fe.group.isLeader) return;
  const limit = fe.config.number('tablet_sched_max_scheduling_tablets');
  for (const { tablet } of repairs(fe)) {
    if (fe.pendingTablets.size > limit) return;
    fe.pendingTablets.add(tablet.id);
  }
}

/**
 * The tablet scheduler of the leader, one round a second: repairs replicas that fell behind or sit on dead backends, empties
 * backends that are leaving, and, when nothing else is to be done, evens out the numbers unless that is switched off.
 */
export async function scheduleTablets(fe: FrontendContext): Promise<void> {
  if (!fe.group.isLeader) return fe.pendingTablets.clear();
  const due = repairs(fe).filter(({ tablet }) => fe.pendingTablets.has(tablet.id));
  for (const { tablet } of due.slice(0, movesPerRound)) await repairNow(fe, tablet.id);
  const needy = new Set(repairs(fe).map(({ tablet }) => tablet.id));
  for (const id of fe.pendingTablets) if (!needy.has(id)) fe.pendingTablets.delete(id);
  if (fe.pendingTablets.size > 0 || !mayBalance(fe)) return;
  const [overdue] = balancing(fe);
  if (overdue === undefined) return;
  await withTableLock(overdue.partition.tableId, async () => {
    for (const move of balancing(fe)) await carryOut(fe, move);
  });
}

/** Looked at anew under the lock: a load that was before us may have changed what is to be copied. */
async function repairNow(fe: FrontendContext, tabletId: number): Promise<void> {
  const found = repairs(fe).find(({ tablet }) => tablet.id === tabletId);
  if (found === undefined) return;
  await withTableLock(found.partition.tableId, async () => {
    const move = repairs(fe).find(({ tablet }) => tablet.id === tabletId);
    if (move) await carryOut(fe, move);
  });
}

function mayBalance({ config }: FrontendContext): boolean {
  return !config.flag('tablet_sched_disable_balance') && config.number('tablet_sched_max_balancing_tablets') > 0;
}

function repairs(fe: FrontendContext): Move[] {
  const moves: Move[] = [];
  for (const partition of fe.group.state.partitions.values()) {
    const table = fe.group.state.tables.get(String(partition.tableId));
    if (table?.state !== 'NORMAL') continue;
    for (const tablet of partition.tablets) {
      const move = repair(fe, partition, tablet);
      if (move) moves.push(move);
    }
  }
  return moves;
}

function repair(fe: FrontendContext, partition: Partition, tablet: Tablet): Move | null {
  const healthy = tablet.replicas.filter((one) => isCurrent(partition, one) && isAlive(fe, one.backendId));
  const from = healthy[0]?.backendId;
  if (from === undefined) return null;
  const behind = tablet.replicas.find((one) => !isCurrent(partition, one) && isAlive(fe, one.backendId));
  if (behind) return { partition, tablet, from, to: behind.backendId, drop: null };
  const leaving = tablet.replicas.find((one) => mustLeave(fe, workerOf(fe, one.backendId)));
  const missing = tablet.replicas.length < partition.replicationNum;
  if (!leaving && !missing) return null;
  const to = homeFor(fe, tablet, leaving);
  return to === null ? null : { partition, tablet, from, to, drop: leaving?.backendId ?? null };
}

function isCurrent(partition: Partition, replica: Replica): boolean {
  return !replica.bad && replica.version >= partition.visibleVersion;
}

/** Gone from the cluster, on its way out, or dead for longer than is tolerated. */
function mustLeave(fe: FrontendContext, worker: Worker | null): boolean {
  return !worker || worker.decommissioned || isGivenUp(fe, worker);
}

function homeFor(fe: FrontendContext, tablet: Tablet, leaving: Replica | undefined): number | null {
  const { state } = fe.group;
  const staying = tablet.replicas.filter((one) => one !== leaving).flatMap((one) => workerOf(fe, one.backendId) ?? []);
  const candidates = availableBackends(state).filter(({ id }) => id !== leaving?.backendId);
  return chooseBackend({ candidates, taken: staying, load: replicaCounts(state) })?.id ?? null;
}

function balancing(fe: FrontendContext): Move[] {
  const { state } = fe.group;
  const counts = replicaCounts(state);
  const sorted = availableBackends(state).sort((a, b) => (counts.get(a.id) ?? 0) - (counts.get(b.id) ?? 0));
  const [low, high] = [sorted[0], sorted.at(-1)];
  if (!low || !high || (counts.get(high.id) ?? 0) - (counts.get(low.id) ?? 0) < 2) return [];
  for (const partition of state.partitions.values()) {
    if (state.tables.get(String(partition.tableId))?.state !== 'NORMAL') continue;
    for (const tablet of partition.tablets) {
      const others = tablet.replicas.filter(({ backendId }) => backendId !== high.id);
      const crowds = others.some(({ backendId }) => sharesLocation(workerOf(fe, backendId) ?? high, low));
      const holders = tablet.replicas.map(({ backendId }) => backendId);
      const source = tablet.replicas.find((one) => one.backendId === high.id);
      if (!source || !isCurrent(partition, source) || holders.includes(low.id) || crowds) continue;
      return [{ partition, tablet, from: high.id, to: low.id, drop: high.id }];
    }
  }
  return [];
}

/** Copies first and changes the metadata after; a partition that moved on meanwhile is left for the next round. */
async function carryOut(fe: FrontendContext, { partition, tablet, from, to, drop }: Move): Promise<void> {
  const source = workerOf(fe, from);
  if (!source) return;
  const version = partition.visibleVersion;
  const request = { tabletId: tablet.id, version, source: { host: source.host, port: source.bePort } };
  try {
    await callBackend(fe, to, 'clone', request);
  } catch (error) {
    fe.log('WARN', `clone of tablet ${tablet.id} from ${from} to ${to} failed: ${String(error)}`);
    return;
  }
  const dropped = await fe.group.update((state) => {
    const now = state.partitions.get(String(partition.id));
    const fresh = now?.tablets.find(({ id }) => id === tablet.id);
    const busy = state.jobs.get(String(state.tables.get(String(partition.tableId))?.dbId));
    if (!now || !fresh || now.visibleVersion !== version || isReading(busy?.state)) return { changes: [], value: null };
    const replicas = fresh.replicas.filter(({ backendId }) => backendId !== to && backendId !== drop);
    const known = fresh.replicas.find(({ backendId }) => backendId === to);
    const made: Replica = {
      id: known?.id ?? Number(`${tablet.id}${to % 1000}`),
      backendId: to,
      version,
      lastFailedVersion: -1,
      bad: false,
    };
    const tablets = now.tablets.map((one) => (one.id === tablet.id ? { ...one, replicas: [...replicas, made] } : one));
    const changes: Change[] = [change('partitions', now.id, { ...now, tablets })];
    return { changes, value: drop };
  });
  fe.movedTablets.push(tablet.id);
  if (dropped !== null) await callBackend(fe, dropped, 'dropTablets', { tabletIds: [tablet.id] }).catch(() => null);
}

/** While a backup makes or uploads snapshots its tablets stay where they are. */
function isReading(state: string | undefined): boolean {
  return state === 'SNAPSHOTING' || state === 'DOWNLOADING' || state === 'COMMITTING';
}
