import type { TabletStatus } from './repairs.ts';

/** One tablet in the hands of the scheduler, as `/cluster_balance` and information_schema.fe_tablet_schedules show it. */
export type Scheduled = {
  readonly tabletId: number;
  readonly tableId: number;
  readonly partitionId: number;
  readonly type: 'REPAIR' | 'BALANCE';
  readonly medium: 'HDD' | 'SSD';
  status: TabletStatus;
  state: 'PENDING' | 'RUNNING' | 'FINISHED' | 'CANCELLED';
  priority: 'VERY_HIGH' | 'HIGH' | 'NORMAL' | 'LOW';
  from: number;
  fromPath: string;
  to: number;
  toPath: string;
  readonly createdAt: number;
  scheduledAt: number;
  finishedAt: number;
  failedScheduling: number;
  failedRunning: number;
  version: number;
  bytes: number;
  errMsg: string;
};

/** What the scheduler of a leader knows; a new leader begins anew. */
export type Schedule = {
  readonly pending: Map<number, Scheduled>;
  readonly running: Map<number, Scheduled>;
  /** Oldest first, and the oldest is forgotten. */
  readonly history: Scheduled[];
  /** ADMIN REPAIR TABLE: partitions that come before all others, with the table, the database and the end of that. */
  readonly urgent: Map<number, { readonly dbId: number; readonly tableId: number; readonly until: number }>;
  readonly counts: Record<ScheduleCount, number>;
};

export const scheduleCounts = [
  'num of tablet check round',
  'cost of tablet check(ms)',
  'num of tablet checked in tablet checker',
  'num of unhealthy tablet checked in tablet checker',
  'num of tablet being added to tablet scheduler',
  'num of tablet schedule round',
  'cost of tablet schedule(ms)',
  'num of tablet being scheduled',
  'num of tablet being scheduled succeeded',
  'num of tablet being scheduled failed',
  'num of tablet being scheduled discard',
  'num of tablet priority upgraded',
  'num of clone task',
  'num of clone task succeeded',
  'num of clone task failed',
  'num of clone task timeout',
  'num of replica missing error',
  'num of replica version missing error',
  'num of replica unavailable error',
  'num of replica location mismatch error',
  'num of replica redundant error',
  'num of replica missing in cluster error',
  'num of balance scheduled',
  'num of colocate replica mismatch',
  'num of colocate replica redundant',
  'num of colocate balancer running round',
] as const;
export type ScheduleCount = (typeof scheduleCounts)[number];

const longestHistory = 1000;

export function createSchedule(): Schedule {
  const counts: Partial<Record<ScheduleCount, number>> = {};
  for (const name of scheduleCounts) counts[name] = 0;
  return { pending: new Map(), running: new Map(), history: [], urgent: new Map(), counts: withAll(counts) };
}

function withAll(counts: Partial<Record<ScheduleCount, number>>): Record<ScheduleCount, number> {
  const isWhole = (some: Partial<Record<ScheduleCount, number>>): some is Record<ScheduleCount, number> =>
    scheduleCounts.every((name) => some[name] !== undefined);
  if (!isWhole(counts)) throw new Error('a counter of the scheduler is missing');
  return counts;
}

/** Ends the work on a tablet, well or not; an unwell one is found by the checker again. */
export function settle(schedule: Schedule, one: Scheduled, state: 'FINISHED' | 'CANCELLED', errMsg = ''): void {
  one.state = state;
  one.errMsg = errMsg;
  one.finishedAt = Date.now();
  schedule.pending.delete(one.tabletId);
  schedule.running.delete(one.tabletId);
  schedule.history.push(one);
  if (schedule.history.length > longestHistory) schedule.history.shift();
  const { counts } = schedule;
  counts['num of tablet being scheduled'] += 1;
  counts[state === 'FINISHED' ? 'num of tablet being scheduled succeeded' : 'num of tablet being scheduled discard'] +=
    1;
}

/** A leader that is none any more, and ALTER SYSTEM CLEAN TABLET SCHEDULER QUEUE. */
export function forget({ pending, history, urgent }: Schedule): void {
  pending.clear();
  history.length = 0;
  urgent.clear();
}
