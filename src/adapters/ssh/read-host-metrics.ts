import type { ClusterNode } from '../../domain/cluster.ts';
import type { Known } from '../../domain/known.ts';
import { clockDifferenceSeconds } from '../../domain/metrics/clock-difference.ts';
import { AppError } from '../../errors.ts';
import { inParallel } from '../in-parallel.ts';
import { parseDiskFree } from './answers.ts';
import { diskFree } from './commands.ts';
import type { ShellReader } from './port.ts';
import { readClock } from './read-clock.ts';
import { readLogDirs } from './read-log-dirs.ts';

export type NodeToAsk = Pick<ClusterNode, 'id' | 'kind' | 'hostId' | 'deployDir'>;

/** What the host of a node tells of it. */
export type HostMetrics = {
  readonly nodeId: string;
  /** Seconds, whichever is ahead; 0 for what may as well come from the way of the answer. */
  readonly clockDifference: Known<number>;
  /** The part of the fullest file system with its logs that is not available. */
  readonly logDiskUsedShare: Known<number>;
};

type Asking = {
  readonly shell: (hostId: string) => Promise<ShellReader>;
  /** When it fires, the hosts that have not told by then are unknown. */
  readonly signal: AbortSignal;
};

const hostsAtOnce = 8;
const hostTimeoutMs = 8_000;

/**
 * Asks the hosts of these nodes, some at a time; nodes without a host are left out. A host that does not answer gives the
 * reason for each of its nodes. An error that is thrown is one of our own store.
 */
export async function readHostMetrics(nodes: readonly NodeToAsk[], asking: Asking): Promise<readonly HostMetrics[]> {
  const attached = nodes.flatMap(({ hostId, ...node }) => (hostId === null ? [] : [{ ...node, hostId }]));
  const hosts = [...Map.groupBy(attached, ({ hostId }) => hostId)];
  const told = await inParallel(hosts, hostsAtOnce, ([hostId, own]) => askHost(hostId, own, asking));
  return told.flat();
}

type OnHost = Omit<NodeToAsk, 'hostId'>;

async function askHost(
  hostId: string,
  nodes: readonly OnHost[],
  { shell: open, signal: all }: Asking,
): Promise<HostMetrics[]> {
  const unknown = (because: string) =>
    nodes.map(({ id }) => ({
      nodeId: id,
      clockDifference: { unknown: because },
      logDiskUsedShare: { unknown: because },
    }));
  if (all.aborted) return unknown('its host was not asked in time');
  const signal = AbortSignal.any([all, AbortSignal.timeout(hostTimeoutMs)]);
  try {
    const shell = await open(hostId);
    // One after the other: the connection is open when the clock is asked, so that the round trip is short.
    const shares: Known<number>[] = [];
    for (const node of nodes) shares.push(await logShare(shell, node, signal));
    const clock = await readClock((command) => shell.run(command, { signal }));
    const clockDifference: Known<number> =
      clock === null ? { unknown: 'its `date` tells no milliseconds' } : { value: clockDifferenceSeconds(clock) };
    return nodes.map(({ id }, index) => ({
      nodeId: id,
      clockDifference,
      logDiskUsedShare: shares[index] ?? { unknown: 'nobody looked' },
    }));
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'STORE_UNAVAILABLE') throw error;
    return unknown(signal.aborted ? 'its host did not tell in time' : error.message);
  }
}

async function logShare(shell: ShellReader, { kind, deployDir }: OnHost, signal: AbortSignal): Promise<Known<number>> {
  if (deployDir === null) return { unknown: 'its directory is not known' };
  const { outDir, logDir } = await readLogDirs(shell, { kind, deployDir }, signal);
  if ('unknown' in outDir) return outDir;
  if ('unknown' in logDir) return logDir;
  const shares: number[] = [];
  for (const path of new Set([outDir.value, logDir.value])) {
    const answer = await shell.run(diskFree({ path }), { signal });
    const disk = answer.exitCode === 0 ? parseDiskFree(answer.stdout) : null;
    if (disk === null || disk.totalBytes === 0)
      return { unknown: answer.stderr.trim() || `df does not tell of ${path}` };
    shares.push(1 - disk.freeBytes / disk.totalBytes);
  }
  return { value: Math.min(1, Math.max(0, ...shares)) };
}
