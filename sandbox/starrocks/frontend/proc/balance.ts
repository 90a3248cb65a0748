import { type Cell, type RowSet, textRows } from '../../mysql/packets.ts';
import { formatTime } from '../../pace.ts';
import { physicalIdOf } from '../backup/manifest.ts';
import type { FrontendContext } from '../context.ts';
import { groupRows } from '../data/colocation.ts';
import { replicaCounts } from '../data/placement.ts';
import { findPartition } from '../data/recycle-bin.ts';
import { type Scheduled, scheduleCounts } from '../data/schedule-log.ts';
import { diskRows } from './nodes.ts';

const scheduledColumns =
  'TabletId Type Medium Status State OrigPrio DynmPrio SrcBe SrcPath DestBe DestPath Timeout Create LstSched LstVisit ' +
  'Finished Rate FailedSched FailedRunning LstAdjPrio VisibleVer VisibleVerHash CmtVer CmtVerHash ErrMsg';
const loadColumns =
  'BeId Cluster Available UsedCapacity Capacity UsedPercent ReplicaNum CapCoeff ReplCoeff Score Class';
const groupColumns = 'GroupId GroupName TableIds TableNames BucketsNum ReplicationNum DistCols IsStable';

/** `/cluster_balance` and what is below it, and `/colocation_group`; null for what they do not have. */
export function balanceRows(fe: FrontendContext, path: string): RowSet | null {
  const [root, item, id] = path.split('/');
  if (path === 'colocation_group') return textRows(groupColumns.split(' '), groupRows(fe.group.state));
  if (root !== 'cluster_balance') return null;
  if (item === undefined) return itemRows(fe);
  if (id !== undefined) return itemOf(fe, item, id);
  const { pending, running, history } = fe.schedule;
  switch (item) {
    case 'cluster_load_stat':
      return textRows(['StorageMedium'], [['HDD'], ['SSD']]);
    case 'working_slots':
      return slotRows(fe);
    case 'sched_stat':
      return textRows(
        ['Item', 'Value'],
        scheduleCounts.map((name) => [name, String(fe.schedule.counts[name])]),
      );
    case 'priority_repair':
      return urgentRows(fe);
    case 'pending_tablets':
      return scheduledRows([...pending.values()]);
    case 'running_tablets':
      return scheduledRows([...running.values()]);
    case 'history_tablets':
      return scheduledRows(history);
    case 'all_tablets':
      return textRows(
        ['TabletId'],
        [...pending.keys(), ...running.keys()].map((tabletId) => [String(tabletId)]),
      );
    default:
      return null;
  }
}

function itemOf(fe: FrontendContext, item: string, id: string): RowSet | null {
  if (item === 'cluster_load_stat' && (id === 'HDD' || id === 'SSD')) return loadRows(fe, id);
  const worker = item === 'working_slots' ? fe.group.state.workers.get(id) : undefined;
  return worker === undefined ? null : diskRows(fe, worker);
}

function itemRows(fe: FrontendContext): RowSet {
  const { pending, running, history, urgent } = fe.schedule;
  const backends = [...fe.group.state.workers.values()].filter(({ kind }) => kind === 'BACKEND');
  const items: [string, number][] = [
    ['cluster_load_stat', 1],
    ['working_slots', backends.length],
    ['sched_stat', 1],
    ['priority_repair', urgent.size],
    ['pending_tablets', pending.size],
    ['running_tablets', running.size],
    ['history_tablets', history.length],
    ['all_tablets', pending.size + running.size],
  ];
  return textRows(
    ['Item', 'Number'],
    items.map(([item, number]) => [item, String(number)]),
  );
}

/** Ids instead of names, and seconds under a name that says milliseconds: as recorded. */
function urgentRows(fe: FrontendContext): RowSet {
  const secondsLeft = (until: number) => Math.round(((until - Date.now()) * fe.pace.speed) / 1000);
  const rows = [...fe.schedule.urgent].map(([partitionId, { dbId, tableId, until }]) => {
    const partition = findPartition(fe.group.state, partitionId);
    const shown = partition === null ? partitionId : physicalIdOf(partition);
    return [dbId, tableId, shown, secondsLeft(until)].map(String);
  });
  return textRows(['Database', 'Table', 'Partition', 'RemainingTimeMs'], rows);
}

function slotRows(fe: FrontendContext): RowSet {
  const slots = String(Math.max(2, fe.config.number('tablet_sched_slot_num_per_path')));
  const backends = [...fe.group.state.workers.values()].filter(({ kind }) => kind === 'BACKEND');
  const rows = backends.flatMap(({ id, disks }) =>
    disks.map(({ pathHash }) => [String(id), pathHash, slots, slots, '0.0']),
  );
  return textRows(['BeId', 'PathHash', 'AvailSlots', 'TotalSlots', 'AvgRate'], rows);
}

/** Half of the score is how full a backend is, the other half how many replicas it has, each beside the mean of all. */
function loadRows(fe: FrontendContext, medium: 'HDD' | 'SSD'): RowSet {
  const counts = replicaCounts(fe.group.state);
  const all = [...fe.group.state.workers.values()].flatMap((worker) => {
    const disks = worker.disks.filter((disk) => (disk.medium ?? 'HDD') === medium);
    if (worker.kind !== 'BACKEND' || disks.length === 0) return [];
    const used = disks.reduce((sum, disk) => sum + disk.usedBytes, 0);
    const capacity = used + disks.reduce((sum, disk) => sum + disk.availableBytes, 0);
    return [{ worker, used, capacity, share: used / Math.max(1, capacity), replicas: counts.get(worker.id) ?? 0 }];
  });
  const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / Math.max(1, values.length);
  const [meanShare, meanReplicas] = [mean(all.map(({ share }) => share)), mean(all.map(({ replicas }) => replicas))];
  const threshold = fe.config.number('tablet_sched_balance_load_score_threshold');
  const scored = all
    .map((one) => ({ ...one, score: part(one.share, meanShare) + part(one.replicas, meanReplicas) }))
    .sort((a, b) => a.score - b.score);
  const meanScore = mean(scored.map(({ score }) => score));
  const classOf = (score: number) => {
    if (Math.abs(score - meanScore) / Math.max(meanScore, 1e-9) <= threshold) return 'MID';
    return score < meanScore ? 'LOW' : 'HIGH';
  };
  return textRows(
    loadColumns.split(' '),
    scored.map(({ worker, used, capacity, share, replicas, score }) => [
      ...[String(worker.id), 'default_cluster', String(worker.alive && !worker.decommissioned)],
      ...[String(used), String(capacity), (share * 100).toFixed(3), String(replicas), '0.5', '0.5'],
      ...[Number.isInteger(score) ? score.toFixed(1) : String(score), classOf(score)],
    ]),
  );
}

function part(value: number, mean: number): number {
  return mean === 0 ? 0.5 : (0.5 * value) / mean;
}

function scheduledRows(all: readonly Scheduled[]): RowSet {
  const time = (at: number): Cell => (at === 0 ? null : formatTime(at));
  const rows = all.map((one) => {
    const copyMs = one.finishedAt - one.scheduledAt;
    const rate = one.state === 'FINISHED' && copyMs > 0 ? String(one.bytes / copyMs / 1000) : null;
    return [
      ...[String(one.tabletId), one.type, one.medium, one.status, one.state, one.priority, one.priority],
      ...[String(one.from), one.fromPath, String(one.to), one.toPath, one.to === -1 ? '0' : '180000'],
      ...[time(one.createdAt), time(one.scheduledAt), time(one.scheduledAt), time(one.finishedAt), rate],
      ...[String(one.failedScheduling), String(one.failedRunning), null],
      ...[String(one.version), '0', String(one.version), '0', one.errMsg],
    ];
  });
  return textRows(scheduledColumns.split(' '), rows);
}

/** The rows of information_schema.fe_tablet_schedules: what waits, what runs and what is over. */
export function scheduleCells(fe: FrontendContext): Cell[][] {
  const { pending, running, history } = fe.schedule;
  const time = (at: number): Cell => (at === 0 ? null : formatTime(at));
  return [...pending.values(), ...running.values(), ...history].map((one) => {
    const partition = findPartition(fe.group.state, one.partitionId);
    const copied = one.state === 'FINISHED' ? (one.finishedAt - one.scheduledAt) / 1000 : 0;
    return [
      ...[one.tableId, partition === null ? one.partitionId : physicalIdOf(partition), one.tabletId].map(String),
      ...[one.type, one.priority, one.state, one.status],
      ...[time(one.createdAt), time(one.scheduledAt), time(one.finishedAt), String(one.from), String(one.to)],
      ...[String(one.state === 'FINISHED' ? one.bytes : 0), String(copied), one.errMsg],
    ];
  });
}
