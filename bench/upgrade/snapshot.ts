import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { killNode, runningNode, startNode } from '../../sandbox/world/nodes.ts';
import type { PlannedNode } from '../../sandbox/world/plan.ts';
import { settleAll } from '../../sandbox/world/settle.ts';
import { createNodeReader } from './show-nodes.ts';
import type { UpgradeWorld } from './world.ts';

const run = promisify(execFile);
const limitMs = 60_000;

/** Ends all nodes, and keeps a copy of every file they have. They are down afterwards. */
export async function takeSnapshot({ plan }: UpgradeWorld): Promise<void> {
  await settleAll(plan.nodes.map(killNode));
  await settleAll(
    plan.nodes.map(async (node) => {
      await rm(join(node.deployDir, 'bin', `${node.kind}.pid`), { force: true }); // somebody may have that number later
      await copy(node.diskDir, copyOf(node));
    }),
  );
}

/** Puts the files of the snapshot back, starts all nodes from them, and returns when the cluster is whole. */
export async function restoreSnapshot(world: UpgradeWorld): Promise<void> {
  const { plan } = world;
  const running = plan.nodes.filter((node) => runningNode(node) !== null);
  await settleAll(running.map(killNode));
  await settleAll(
    plan.nodes.map(async (node) => {
      await rm(node.diskDir, { recursive: true });
      await copy(copyOf(node), node.diskDir);
    }),
  );
  await settleAll(plan.nodes.map((node) => startNode({ node, plan })));
  await untilWhole(world);
}

async function untilWhole(world: UpgradeWorld): Promise<void> {
  const { nodes, version } = world.plan;
  const reader = createNodeReader(world);
  try {
    for (const deadline = Date.now() + limitMs; ; await sleep(100)) {
      const shown = await reader.read(new Set());
      const well = shown?.filter((row) => row.alive && row.version.startsWith(`${version}-`)) ?? [];
      if (well.length === nodes.length) return;
      if (Date.now() > deadline) throw new Error(`of ${nodes.length} nodes ${well.length} are alive on ${version}`);
    }
  } finally {
    reader.close();
  }
}

function copyOf({ hostDir }: PlannedNode): string {
  return join(hostDir, 'opt-of-the-snapshot');
}

async function copy(from: string, to: string): Promise<void> {
  await run('cp', ['-a', from, to], { timeout: limitMs });
}
