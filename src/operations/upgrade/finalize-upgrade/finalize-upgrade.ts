import { z } from 'zod';
import type { Reading } from '../../../adapters/reading.ts';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import type { ClusterNode, ObservedNode } from '../../../domain/cluster.ts';
import { nodeLabel } from '../../../domain/node-identity.ts';
import type { PlanResult, Refusal } from '../../../domain/plan.ts';
import type { PostCheck } from '../../../domain/run.ts';
import { isSameRelease } from '../../../domain/version.ts';
import { count } from '../../../domain/words.ts';
import { defineOperation } from '../../define.ts';
import { clusterId } from '../../input/fields.ts';
import { closeUpgrades, removeKept } from '../steps/history.ts';

const input = z.object({ clusterId });
type Input = z.infer<typeof input>;

type Facts = {
  readonly nodes: readonly ObservedNode[];
  /** Nodes that are attached, with the bytes that their old binaries take. */
  readonly attached: readonly (ClusterNode & { hostId: string; deployDir: string; keptBytes: number })[];
  readonly openUpgrades: number;
};

export const finalizeUpgrade = defineOperation({
  name: 'finalizeUpgrade',
  title: 'Finalize an upgrade',
  version: 1,
  summary: 'Remove the old binaries that upgrades have kept on the nodes; after this only a downgrade leads back.',
  permission: 'cluster:upgrade',
  risk: 'high',
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: { clusterId: 'clu_01J00000000000000000000000' },
  slack: { verb: 'finalize', positional: ['clusterId'], examples: ['finalize prod-eu'] },
  steps: [removeKept, closeUpgrades],
  observe,
  plan,
  postCheck,
});

async function observe({ clusterId: id }: Input, { inventory, sql, node, signal }: Reading): Promise<Facts> {
  const nodes = toObservedNodes(await readTopology(sql, { signal }));
  const attached = await readKept(await inventory.listNodes(id), node, signal);
  return { nodes, attached, openUpgrades: (await inventory.listOpenUpgrades(id)).length };
}

/** Nodes that are attached, with the bytes that their old binaries take. */
async function readKept(known: readonly ClusterNode[], nodeOf: Reading['node'], signal: AbortSignal) {
  const placed = known.flatMap((node) =>
    node.hostId === null || node.deployDir === null
      ? []
      : [{ ...node, hostId: node.hostId, deployDir: node.deployDir }],
  );
  return Promise.all(
    placed.map(async (node) => {
      const kept = await (await nodeOf({ ...node, nodeId: node.id, label: nodeLabel(node) })).kept({ signal });
      return { ...node, keptBytes: kept.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
    }),
  );
}

function plan(_input: Input, { nodes, attached, openUpgrades }: Facts): PlanResult {
  const refusals: Refusal[] = [];
  const versions = [...new Set(nodes.map((node) => node.version ?? 'unknown'))];
  const [one = ''] = versions;
  if (!versions.every((version) => isSameRelease(version, one))) {
    refusals.push({
      code: 'PRECONDITION_FAILED',
      message: `The nodes run ${versions.join(' and ')}: the upgrade is not over, and its way back would be lost`,
      hint: 'Finish the upgrade or undo it first.',
    });
  }
  const dead = nodes.filter((node) => !node.alive);
  if (dead.length > 0) {
    refusals.push({
      code: 'PRECONDITION_FAILED',
      message: `${dead.map(nodeLabel).join(', ')} is down; its old binaries may still be needed`,
      hint: 'Bring it up first.',
    });
  }
  const kept = attached.filter((node) => node.keptBytes > 0);
  if (kept.length === 0 && openUpgrades === 0) {
    refusals.push({
      code: 'PRECONDITION_FAILED',
      message: 'No node keeps old binaries, and no upgrade is open',
      hint: 'There is nothing to do.',
    });
  }
  if (refusals.length > 0) return { refusals };
  const total = kept.reduce((sum, { keptBytes }) => sum + keptBytes, 0);
  return {
    summary: `Remove the old binaries of ${count(kept.length, 'node')} (${Math.round(total / 1_048_576)} MB); the cluster stays on ${one}`,
    steps: [
      ...kept.map((node) =>
        removeKept.with(
          { hostId: node.hostId, label: nodeLabel(node), deployDir: node.deployDir },
          { stage: 'Old binaries', name: nodeLabel(node), width: 8 },
        ),
      ),
      closeUpgrades.with({}),
    ],
    notes: ['Undo of the upgrades is not possible after this; downgradeCluster leads back where the versions allow it'],
  };
}

async function postCheck(
  { clusterId: id }: Input,
  { inventory, node, signal }: Pick<Reading, 'inventory' | 'node' | 'signal'>,
): Promise<PostCheck> {
  const open = await inventory.listOpenUpgrades(id);
  const keeping = (await readKept(await inventory.listNodes(id), node, signal)).filter((each) => each.keptBytes > 0);
  return {
    passed: open.length === 0 && keeping.length === 0,
    checks: [
      {
        name: 'old-binaries',
        status: keeping.length === 0 ? 'PASS' : 'FAIL',
        severity: 'BLOCK',
        observed: keeping.length === 0 ? 'none are left' : `still kept on ${keeping.map(nodeLabel).join(', ')}`,
        wanted: 'none on any attached node',
        hint: 'Retry the run.',
      },
      {
        name: 'upgrades-final',
        status: open.length === 0 ? 'PASS' : 'FAIL',
        severity: 'BLOCK',
        observed: open.length === 1 ? '1 upgrade is open' : `${open.length} upgrades are open`,
        wanted: '0',
        hint: 'Retry the run.',
      },
    ],
  };
}
