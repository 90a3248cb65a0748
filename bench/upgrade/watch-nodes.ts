import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning, type ProcessId } from '../../sandbox/hosts/processes.ts';
import { runningNode } from '../../sandbox/world/nodes.ts';
import type { PlannedNode } from '../../sandbox/world/plan.ts';
import type { Outage } from './outage.ts';
import { allPids, findStarting, stoppingTime } from './process-look.ts';
import { createNodeReader, type NodeReader, type ShownNode } from './show-nodes.ts';
import type { UpgradeWorld } from './world.ts';

const processEveryMs = 10;
const showEveryMs = 50;

type Watched = {
  readonly node: PlannedNode;
  /** The version and the process it had when it was last seen alive, and since when it has them. */
  version: string;
  process: ProcessId;
  since: number;
  away: { readonly stoppingAt: number; readonly exitedAt: number; startingAt: number | null } | null;
};

export type NodeWatch = {
  /** Ends watching; answers the outage of each restart. Throws when a node is still away. */
  stop(): Promise<readonly Outage[]>;
};

/**
 * Looks at the nodes from outside, in the same way whoever restarts them: at their processes every 10 ms, and while one
 * of them starts at SHOW every 50 ms, asked of a frontend that is not away.
 */
export async function watchNodes(world: UpgradeWorld): Promise<NodeWatch> {
  const reader = createNodeReader(world);
  const shown = (await reader.read(new Set())) ?? [];
  const watched = world.plan.nodes.map((node) => startOf(node, shown));
  const older = new Set(allPids());
  const outages: Outage[] = [];
  const ending = new AbortController();
  const all = Promise.all([
    repeat(processEveryMs, ending.signal, () => lookAtProcesses(watched, older)),
    repeat(showEveryMs, ending.signal, async () => {
      outages.push(...(await lookAtShow(watched, reader)));
    }),
  ]);
  all.catch(() => {}); // thrown by stop()
  return {
    stop: async () => {
      ending.abort();
      await all.finally(() => reader.close());
      const away = watched.filter((one) => one.away !== null).map(({ node }) => node.name);
      if (away.length > 0) throw new Error(`not seen alive on another version: ${away.join(', ')}`);
      return outages;
    },
  };
}

function startOf(node: PlannedNode, shown: readonly ShownNode[]): Watched {
  const row = shown.find(({ address }) => address === node.address);
  const running = runningNode(node);
  if (row?.alive !== true || running === null) throw new Error(`${node.name} is not alive at the beginning`);
  return { node, version: row.version, process: running, since: Date.now(), away: null };
}

/** Who has ended, and whose start script has begun. */
function lookAtProcesses(watched: readonly Watched[], older: ReadonlySet<string>): void {
  for (const one of watched) {
    if (one.away !== null || isRunning(one.process)) continue;
    const exitedAt = Date.now();
    one.away = { exitedAt, stoppingAt: stoppingTime(one.node, one.since) ?? exitedAt, startingAt: null };
  }
  const ended = watched.filter(({ away }) => away !== null && away.startingAt === null);
  if (ended.length === 0) return;
  const starting = findStarting(
    ended.map(({ node }) => node),
    older,
  );
  for (const { node, away } of ended) {
    // A script that ended between two looks has left the process that it started.
    if (away !== null && (starting.includes(node) || runningNode(node) !== null)) away.startingAt = Date.now();
  }
}

/** Answers the outages that are over. */
async function lookAtShow(watched: readonly Watched[], reader: NodeReader): Promise<readonly Outage[]> {
  const starting = watched.filter(({ away }) => away !== null && away.startingAt !== null);
  if (starting.length === 0) return [];
  const away = new Set(watched.filter((one) => one.away !== null).map(({ node }) => node.address));
  const shown = await reader.read(away);
  const aliveAt = Date.now();
  return starting.flatMap((one) => {
    const row = shown?.find(({ address }) => address === one.node.address);
    const process = runningNode(one.node);
    if (one.away === null || one.away.startingAt === null || process === null) return [];
    if (row?.alive !== true || row.version === one.version) return [];
    const { stoppingAt, exitedAt, startingAt } = one.away;
    Object.assign(one, { version: row.version, process, since: aliveAt, away: null });
    return [{ name: one.node.name, stoppingAt, exitedAt, startingAt, aliveAt }];
  });
}

/** Until the signal; the last round is finished. */
async function repeat(everyMs: number, signal: AbortSignal, look: () => void | Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await look();
    await sleep(everyMs);
  }
  await look();
}
