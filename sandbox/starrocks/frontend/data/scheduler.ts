import type { FrontendContext } from '../context.ts';
import { type Change, change, type Partition, type Replica, type Tablet, type Worker } from '../meta/state.ts';
import { callBackend, isAlive, workerOf } from './backends.ts';
import { availableBackends, replicaCounts } from './placement.ts';

/** One replica to make: copied from `from` to `to`, and after it `drop` goes, if any. */
type Move = { partition: Partition; tablet: Tablet; from: number; to: number; drop: number | null };

/** How many moves one round may start, as the slots of the real scheduler limit it. */
const movesPerRound = 4;

/**
 * The tablet checker and scheduler of the leader, one round a second: repairs replicas that fell behind or sit on
 * dead backends, empties backends that are leaving, and evens out the numbers unless that is switched off.
 */
export async function scheduleTablets(fe: FrontendContext): Promise<void> {
  if (!fe.group.isLeader) return;
  const limit = fe.config.number('tablet_sched_max_scheduling_tablets');
  const moves = [...repairs(fe), ...(fe.config.flag('tablet_sched_disable_balance') ? [] : balancing(fe))];
  // A limit of 0 still lets one tablet through, which is how the real queue behaves.
  for (const move of moves.slice(0, Math.max(1, Math.min(limit, movesPerRound)))) await carryOut(fe, move);
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
  const to = emptiest(fe, tablet);
  return to === null ? null : { partition, tablet, from, to, drop: leaving?.backendId ?? null };
}

function isCurrent(partition: Partition, replica: Replica): boolean {
  return !replica.bad && replica.version >= partition.visibleVersion;
}

/** Gone from the cluster, on its way out, or dead for longer than is tolerated. */
function mustLeave(fe: FrontendContext, worker: Worker | null): boolean {
  if (!worker || worker.decommissioned) return true;
  const toleratedMs = fe.pace.ms(fe.config.number('tablet_sched_be_down_tolerate_time_s') * 1000);
  return !worker.alive && Date.now() - (worker.lastHeartbeatAt ?? 0) > toleratedMs;
}

function emptiest(fe: FrontendContext, tablet: Tablet): number | null {
  const counts = replicaCounts(fe.group.state);
  const held = new Set(tablet.replicas.map(({ backendId }) => backendId));
  const free = availableBackends(fe.group.state).filter(({ id }) => !held.has(id));
  return free.sort((a, b) => (counts.get(a.id) ?? 0) - (counts.get(b.id) ?? 0))[0]?.id ?? null;
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
      const holders = tablet.replicas.map(({ backendId }) => backendId);
      const source = tablet.replicas.find((one) => one.backendId === high.id);
      if (!source || !isCurrent(partition, source) || holders.includes(low.id)) continue;
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

/** The end of a decommission: a leaving backend that holds nothing any more is dropped. */
export async function dropEmptiedBackends(fe: FrontendContext): Promise<void> {
  if (!fe.group.isLeader || !fe.config.flag('drop_backend_after_decommission')) return;
  const isEmptied = (worker: Worker, counts: Map<number, number>) =>
    worker.decommissioned && (counts.get(worker.id) ?? 0) === 0;
  if (![...fe.group.state.workers.values()].some((worker) => worker.decommissioned)) return;
  await fe.group.update((state) => {
    const counts = replicaCounts(state);
    const emptied = [...state.workers.values()].filter((worker) => isEmptied(worker, counts));
    return { changes: emptied.map(({ id }) => change('workers', id, null)), value: null };
  });
}

/** Tells alive backends to drop tablets that the metadata does not know (any more): what a tablet report is for. */
export async function dropOrphans(fe: FrontendContext): Promise<void> {
  if (!fe.group.isLeader) return;
  for (const { id, alive, kind } of fe.group.state.workers.values()) {
    if (!alive || kind !== 'BACKEND') continue;
    const before = knownTablets(fe, id);
    const report = await callBackend(fe, id, 'listTablets', {}).catch(() => ({ tablets: [] }));
    const known = knownTablets(fe, id);
    const orphans = report.tablets
      .map(({ tabletId }) => tabletId)
      .filter((tabletId) => !known.has(tabletId) && !before.has(tabletId));
    const settled = orphans.filter((tabletId) => fe.orphans.has(`${id}.${tabletId}`));
    for (const tabletId of orphans) fe.orphans.add(`${id}.${tabletId}`);
    if (settled.length > 0) await callBackend(fe, id, 'dropTablets', { tabletIds: settled }).catch(() => null);
  }
}

function knownTablets(fe: FrontendContext, backendId: number): Set<number> {
  const known = new Set<number>();
  for (const { tablets } of fe.group.state.partitions.values()) {
    for (const { id, replicas } of tablets) if (replicas.some((one) => one.backendId === backendId)) known.add(id);
  }
  return known;
}
