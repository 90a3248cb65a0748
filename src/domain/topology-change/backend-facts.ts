import type { DiskRoom } from '../tablets/disk.ts';

/** A backend as the leader shows it; `disks` null = its paths could not be read. */
export type BackendFacts = {
  readonly id: string;
  readonly label: string;
  readonly host: string;
  readonly port: number;
  readonly alive: boolean;
  readonly decommissioning: boolean;
  readonly tabletCount: number;
  readonly location: string | null;
  readonly disks: readonly DiskRoom[] | null;
};

/** The settings of the leader that decide whether tablets move; null = it does not say. */
export type SchedulerFacts = {
  /** `tablet_sched_max_scheduling_tablets`: at 0 one tablet at a time is still let in. */
  readonly maxScheduling: number | null;
  /** `tablet_sched_slot_num_per_path` */
  readonly slotsPerPath: number | null;
  readonly disableColocateBalance: boolean | null;
  /** `storage_usage_soft_limit_percent` and `…_reserve_bytes`: beyond both, a path takes no more tablets. */
  readonly softLimitPercent: number | null;
  readonly softLimitReserveBytes: number | null;
  /** `enable_strict_storage_medium_check`: then a tablet only goes to a path of its own medium. */
  readonly strictMedium: boolean | null;
  /** `drop_backend_after_decommission`: the leader drops an emptied backend by itself. */
  readonly dropsEmptied: boolean | null;
};

/** StarRocks' own defaults, for what could not be read. */
export const schedulerDefaults = {
  softLimitPercent: 90,
  softLimitReserveBytes: 214_748_364_800,
} as const;

/**
 * Whether a path takes a tablet of this size: it is online, and is not beyond both soft limits afterwards. False also
 * where the path does not say how full it is.
 */
export function takes(disk: DiskRoom, tabletBytes: number, limits: SchedulerFacts): boolean {
  if (disk.state !== 'ONLINE' || disk.availableBytes === null || disk.totalBytes === null) return false;
  const left = disk.availableBytes - tabletBytes;
  const percent = limits.softLimitPercent ?? schedulerDefaults.softLimitPercent;
  const reserve = limits.softLimitReserveBytes ?? schedulerDefaults.softLimitReserveBytes;
  if (left < 0) return false;
  const usedPercent = ((disk.totalBytes - left) * 100) / Math.max(1, disk.totalBytes);
  return !(left < reserve && usedPercent > percent);
}

/** How much more a path takes before it is beyond both soft limits; 0 where it takes nothing or does not say. */
export function roomOf(disk: DiskRoom, limits: SchedulerFacts): number {
  if (disk.state !== 'ONLINE' || disk.availableBytes === null || disk.totalBytes === null) return 0;
  const percent = limits.softLimitPercent ?? schedulerDefaults.softLimitPercent;
  const reserve = limits.softLimitReserveBytes ?? schedulerDefaults.softLimitReserveBytes;
  // It is full when both limits are passed, so the weaker one counts.
  const mustStayFree = Math.min(reserve, disk.totalBytes * (1 - percent / 100));
  return Math.max(0, disk.availableBytes - mustStayFree);
}
