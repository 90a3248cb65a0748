import type { World } from '../../../sandbox/world/start-world.ts';
import type { Alert } from '../../../src/domain/alert.ts';

/** What people made: it is HIGH from 85 % on, until somebody makes it CRITICAL. */
export const crowdedRule = 'own_crowded';

/** What is wrong with a cluster just now, and so which alerts have to be open. */
export type Broken = {
  /** Lets one thing begin, end or become worse: the same row of things for the same seed. */
  change(): Promise<void>;
  /** Lets the disk of a backend be so full; 0 = as it is. */
  fill(node: string, share: number): Promise<void>;
  mendAll(): Promise<void>;
  /** Each as `<rule> <address>`, as `keysOf` makes them of alerts. */
  expected(): readonly string[];
};

type Disk = { readonly node: string; share: number; fault: string | null };

type Breaking = {
  readonly random: () => number;
  /** The backend that is killed and started. */
  readonly mortal: string;
  /** One of which nothing breaks by chance: what is told of it is new. */
  readonly spared: string;
};

/** Fills and empties the disks of the backends of a world, and kills and starts one. */
export function breakAtRandom(world: World, { random, mortal, spared }: Breaking): Broken {
  const names = world.describe().cluster.backends.map(({ name }) => name);
  const disks: readonly Disk[] = names
    .filter((name) => name !== mortal)
    .map((node) => ({ node, share: 0, fault: null }));
  let isDown = false;
  const addressOf = (name: string) => {
    const { address, ports } = world.node(name);
    return `${address}:${ports.heartbeat_service_port}`;
  };
  const setShare = async (disk: Disk, share: number) => {
    if (disk.fault !== null) await world.faults.remove(disk.fault);
    const place = world.node(disk.node).faultPlace;
    disk.fault = share === 0 ? null : await world.faults.add({ kind: 'disk-crowded', share, ...place });
    disk.share = share;
  };
  const turnMortal = async () => {
    await (isDown ? world.start(mortal) : world.kill(mortal));
    isDown = !isDown;
  };
  const keysOfDisk = ({ node, share }: Disk) => [
    ...(share > 0.85 ? [`${crowdedRule} ${addressOf(node)}`] : []),
    ...(share > 0.95 ? [`disk_nearly_full ${addressOf(node)}`] : []),
  ];
  return {
    change: async () => {
      if (random() < 0.2) return turnMortal();
      const mine = disks.filter(({ node }) => node !== spared);
      const disk = mine[Math.floor(random() * mine.length)];
      if (disk === undefined) throw new Error('there is no disk');
      await setShare(disk, disk.share === 0 ? 0.9 : disk.share < 0.95 ? 0.97 : 0);
    },
    fill: async (node, share) => {
      const disk = disks.find((each) => each.node === node);
      if (disk === undefined) throw new Error(`the disk of ${node} is not ours to fill`);
      await setShare(disk, share);
    },
    mendAll: async () => {
      for (const disk of disks) await setShare(disk, 0);
      if (isDown) await turnMortal();
    },
    expected: () => [...disks.flatMap(keysOfDisk), ...(isDown ? [`node_down ${addressOf(mortal)}`] : [])].toSorted(),
  };
}

/** What is open by the rules of which this cluster breaks things, each once, however many disks a backend has. */
export function keysOf(alerts: readonly Alert[]): readonly string[] {
  const keys = alerts
    .filter(({ rule }) => [crowdedRule, 'disk_nearly_full', 'node_down'].includes(rule))
    .map(({ rule, title }) => `${rule} ${/\d+\.\d+\.\d+\.\d+:\d+/.exec(title)?.[0]}`);
  return [...new Set(keys)].toSorted();
}

/** Numbers from 0 to 1, the same for the same seed (xorshift). */
export function randomOf(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
