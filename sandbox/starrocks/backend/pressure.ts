import { cpuUsage, memoryUsage } from 'node:process';
import type { Faults } from '../faults.ts';
import type { Storage } from './storage.ts';

/** How hard a backend or compute node works: what it tells a leader and shows on /metrics, faults taken into account. */
export type Pressure = {
  memUsedBytes: number;
  queryMemBytes: number;
  loadMemBytes: number;
  metadataMemBytes: number;
  memUsedShare: number;
  cpuUsedShare: number;
  /** The worst score of a tablet, and the rowsets of the one with most. */
  compactionScore: number;
  rowsets: number;
};

type Options = { storage: Storage; faults: Faults; memLimitBytes: number };

const mostRowsets = 1000;
/** What compaction leaves of a tablet that is written all the time; nothing is merged here, whose versions only grow. */
const compactedScore = 10;
const compactedRowsets = 15;

export function readPressure({ storage, faults, memLimitBytes }: Options): Pressure {
  const memory = faults.strike('memory-crowded', '');
  const memUsedBytes = memory === null ? memoryUsage.rss() : Math.round(memLimitBytes * (memory.share ?? 0.95));
  const behind = faults.strike('compaction-behind', '')?.count ?? 0;
  const versions = Math.max(0, ...storage.tablets().map(({ version }) => version));
  return {
    memUsedBytes,
    queryMemBytes: memory === null ? 0 : Math.round(memUsedBytes * 0.7),
    loadMemBytes: memory === null ? 0 : Math.round(memUsedBytes * 0.1),
    metadataMemBytes: storage.tablets().length * 4096,
    memUsedShare: memUsedBytes / memLimitBytes,
    cpuUsedShare: faults.strike('cpu-busy', '')?.share ?? 0,
    compactionScore: Math.max(Math.min(versions, compactedScore), behind),
    rowsets: Math.max(Math.min(versions, compactedRowsets), behind),
  };
}

/** A tablet with as many versions as `tablet_max_versions` takes no more: the load fails. */
export function requireFewVersions(faults: Faults, tabletId: number): void {
  const behind = faults.strike('compaction-behind', '')?.count ?? 0;
  if (behind < mostRowsets) return;
  throw new Error(
    `Failed to load data into tablet ${tabletId}, because of too many versions, current/limit: ${behind}/${mostRowsets}.`,
  );
}

/** Clock ticks of a machine since it started, of all its cores, by what they were spent on: /proc/stat. */
export function cpuTicks({ cores, busyShare, busyTicks }: { cores: number; busyShare: number; busyTicks: number }) {
  const own = Math.round((cpuUsage().user + cpuUsage().system) / 10_000);
  const all = Math.round((performance.now() / 10) * cores);
  const user = own + Math.round(busyTicks);
  return { user, system: Math.round(own / 4), idle: Math.max(0, all - user), iowait: busyShare > 0 ? 12 : 0 };
}
