import { readClusterState, requireUpgraded } from './cluster-state.ts';
import { cpuTimeMs } from './cpu-time.ts';
import { nodeTimeMs } from './outage.ts';
import { restoreSnapshot } from './snapshot.ts';
import { watchNodes } from './watch-nodes.ts';
import type { UpgradeWorld } from './world.ts';

/** One upgrade of all nodes; milliseconds. */
export type Timed = {
  readonly wallMs: number;
  /** See `nodeTimeMs`. */
  readonly nodeMs: number;
  /** What is left of the one without the other. */
  readonly overheadMs: number;
  /** CPU time of the side itself and of what it ran on the hosts, without the nodes. */
  readonly cpuMs: number;
};

type Upgrading = {
  readonly target: string;
  /** Before the clock starts: what is there on any working day. Answers what is timed. */
  readonly prepare: () => Promise<() => Promise<void>>;
};

/** Upgrades the world from its snapshot. Throws when the cluster is not as it should be in the end, however fast it was. */
export async function timeUpgrade(world: UpgradeWorld, { target, prepare }: Upgrading): Promise<Timed> {
  await restoreSnapshot(world);
  const before = await readClusterState(world);
  const upgrade = await prepare();
  const watch = await watchNodes(world);
  const [startedAt, cpuBefore] = [performance.now(), cpuTimeMs()];
  await upgrade();
  const wallMs = performance.now() - startedAt;
  const cpuMs = cpuTimeMs() - cpuBefore;
  const outages = await watch.stop();
  requireUpgraded(before, await readClusterState(world), target);
  if (outages.length !== world.plan.nodes.length) {
    throw new Error(`${outages.length} restarts were seen of ${world.plan.nodes.length} nodes`);
  }
  const nodeMs = nodeTimeMs(outages);
  return { wallMs, nodeMs, overheadMs: wallMs - nodeMs, cpuMs };
}
