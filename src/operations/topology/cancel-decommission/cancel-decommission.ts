import { z } from 'zod';
import type { Reading } from '../../../adapters/reading.ts';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import type { ClusterNode, ObservedNode } from '../../../domain/cluster.ts';
import { nothingBlocks } from '../../../domain/end-checks.ts';
import { findSameNode, nodeLabel } from '../../../domain/node-identity.ts';
import type { PlanResult, Refusal } from '../../../domain/plan.ts';
import type { PostCheck } from '../../../domain/run.ts';
import { found } from '../../../domain/verdict.ts';
import { saveTopology } from '../../cluster/save-topology.ts';
import { defineOperation, type EndedRun } from '../../define.ts';
import { clusterId } from '../../input/fields.ts';
import { nodeIds } from '../fields.ts';
import { leavingIn } from '../steps/check-left.ts';
import { chooseNodes } from '../steps/choose-nodes.ts';
import { cancelDrain } from '../steps/drain-backend.ts';
import { toLeavingNode } from '../steps/leaving-node.ts';

const input = z.object({
  clusterId,
  nodeIds: nodeIds.meta({ description: 'The backends that are to stay, by their opaque ids.' }),
});
type Input = z.infer<typeof input>;
type Facts = { readonly known: readonly ClusterNode[]; readonly now: readonly ObservedNode[] };

export const cancelDecommission = defineOperation({
  name: 'cancelDecommission',
  title: 'Cancel a decommission',
  version: 1,
  summary: 'Let backends stay that are being decommissioned; tablets that have moved already stay where they are now.',
  permission: 'cluster:scale',
  risk: 'low',
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: { clusterId: 'clu_01J00000000000000000000000', nodeIds: ['nod_01J00000000000000000000000'] },
  slack: {
    verb: 'cancel-decommission',
    positional: ['clusterId', 'nodeIds'],
    examples: ['cancel-decommission prod-eu be 10.0.0.14:9050'],
  },
  steps: [cancelDrain, saveTopology],
  noUndoAfterSuccess: 'Ask for decommissionBackends again',
  observe: async ({ clusterId: id }, { sql, inventory, signal }): Promise<Facts> => ({
    known: await inventory.listNodes(id),
    now: toObservedNodes(await readTopology(sql, { signal })),
  }),
  plan: planCancel,
  postCheck: checkStaying,
  endCheck: checkStaying,
});

export function planCancel({ nodeIds: ids }: Input, { known, now }: Facts): PlanResult {
  const { chosen, refusals } = chooseNodes(known, { nodeIds: ids, kind: 'BACKEND' });
  if (refusals.length > 0) return { refusals };
  const wrong = chosen.flatMap((node): Refusal[] => {
    const row = findSameNode(now, node);
    if (row?.decommissioning === true) return [];
    return [
      {
        code: row === undefined ? 'NOT_FOUND' : 'PRECONDITION_FAILED',
        message: `${nodeLabel(node)} is ${row === undefined ? 'not in the cluster any more' : 'not being decommissioned'}`,
        hint:
          row === undefined
            ? 'It can only be added again: addRunningNodes while its process runs, else addBackends.'
            : 'There is nothing to cancel. Refresh the cluster.',
      },
    ];
  });
  if (wrong.length > 0) return { refusals: wrong };
  return {
    summary: `Cancel the decommission of ${chosen.map(nodeLabel).join(', ')}`,
    steps: [...chosen.map((node) => cancelDrain.with(toLeavingNode(node))), saveTopology.with({})],
    notes: [
      'A decommission that a run of Starwarden does is cancelled by cancelling that run: this one would wait for it',
    ],
  };
}

async function checkStaying(
  _input: Input,
  { sql, signal }: Pick<Reading, 'sql' | 'signal'>,
  run: EndedRun,
): Promise<PostCheck> {
  const nodes = toObservedNodes(await readTopology(sql, { signal }));
  const checks = leavingIn(run.steps, 'cancelDrain').map((node) => {
    const row = findSameNode(nodes, node);
    const state =
      row === undefined ? 'out of the cluster' : row.decommissioning ? 'being decommissioned' : 'in the cluster';
    return found(`stays-${node.label.replaceAll(/[^a-z0-9]+/gi, '-')}`, 'BLOCK', row?.decommissioning === false, {
      observed: `${node.label} is ${state}`,
      wanted: 'in the cluster, not being decommissioned',
      hint: 'Look at SHOW BACKENDS.',
    });
  });
  return { passed: nothingBlocks(checks), checks, isSettling: true };
}
