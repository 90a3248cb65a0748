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
 * Asks the hosts of these nodes, some at a time, beginning with another one each time, so that hosts that hang do not always
 * use up the time of the same others; nodes without a host are left out. A host that does not answer gives the reason for
 * each of its nodes, and a `df` that hangs, as on a share that is gone, does not hide the clock. An error that is thrown is one of our own store.
 */
export async function readHostMetrics(nodes: readonly NodeToAsk[], asking: Asking): Promise<readonly HostMetrics[]> {
  const attached = nodes.flatMap(({ hostId, ...node }) => (hostId === null ? [] : [{ ...node, hostId }]));
  const hosts = [...Map.groupBy(attached, ({ hostId }) => hostId)];
  const first = Math.floor(Math.random() * hosts.length);
  const inTurn = [...hosts.slice(first), ...hosts.slice(0, first)];
  const told = (await inParallel(inTurn, hostsAtOnce, ([hostId, own]) => askHost(hostId, own, asking))).flat();
  const byNode = new Map(told.map((one) => [one.nodeId, one]));
  return attached.flatMap(({ id }) => byNode.get(id) ?? []);
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
    const clockDifference = await askClock(shell, signal);
    const shares: Known<number>[] = [];
    for (const node of nodes) shares.push(await logShare(shell, node, signal).catch(whyNot(signal)));
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

/** A round trip that is short enough for the time to be told well. */
const shortMs = 50;

/** Twice where the first answer took long: then the connection was only being made. */
async function askClock(shell: ShellReader, signal: AbortSignal): Promise<Known<number>> {
  const ask = () => readClock((command) => shell.run(command, { signal }));
  const first = await ask();
  const second = first !== null && first.withinMs > shortMs ? await ask() : null;
  const clock = second ?? first;
  return clock === null ? { unknown: 'its `date` tells no milliseconds' } : { value: clockDifferenceSeconds(clock) };
}

function whyNot(signal: AbortSignal): (error: unknown) => Known<number> {
  return (error) => {
    if (!(error instanceof AppError) || error.code === 'STORE_UNAVAILABLE') throw error;
    return { unknown: signal.aborted ? 'its host did not tell in time' : error.message };
  };
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
