import type { Reading } from '../../../adapters/reading.ts';
import { readRunMode, readTopology } from '../../../adapters/starrocks/read-topology.ts';
import { nothingBlocks } from '../../../domain/end-checks.ts';
import { isSameNode } from '../../../domain/node-identity.ts';
import type { PostCheck } from '../../../domain/run.ts';
import { found, type NamedCheck } from '../../../domain/verdict.ts';
import { AppError } from '../../../errors.ts';
import { saveTopology } from '../../cluster/save-topology.ts';
import { defineOperation, type EndedRun } from '../../define.ts';
import { guardNode } from '../../node/steps/guard-node.ts';
import { startNode } from '../../node/steps/power.ts';
import { leavingIn, leftChecks, lookAtLeft } from '../steps/check-left.ts';
import { awaitIdle, dropComputeNode, stopComputeNode } from '../steps/compute-node.ts';
import { noteLeaving } from '../steps/note-leaving.ts';
import { stopRemoved } from '../steps/stop-removed.ts';
import { type RemoveComputeNodesInput, removeComputeNodesInput } from './input.ts';
import { planRemoveComputeNodes } from './plan.ts';

export const removeComputeNodes = defineOperation({
  name: 'removeComputeNodes',
  title: 'Remove compute nodes',
  version: 1,
  summary: 'Let the queries of compute nodes end, stop them gracefully one by one, and drop them from the cluster.',
  permission: 'cluster:scale',
  risk: 'high',
  target: { kind: 'cluster', from: 'clusterId' },
  input: removeComputeNodesInput,
  example: {
    clusterId: 'clu_01J00000000000000000000000',
    nodeIds: ['nod_01J00000000000000000000000'],
    queryWaitSeconds: 120,
    leaveProcess: false,
    stopTimeoutSeconds: 600,
  },
  slack: {
    verb: 'remove-cn',
    positional: ['clusterId', 'nodeIds'],
    examples: ['remove-cn prod-eu cn 10.0.0.31:9050'],
  },
  steps: [noteLeaving, awaitIdle, stopComputeNode, guardNode, startNode, dropComputeNode, stopRemoved, saveTopology],
  noUndoAfterSuccess: 'A compute node that was dropped can only be added again: addRunningNodes, or addComputeNodes',
  observe: async ({ clusterId: id }, { sql, inventory, signal }) => ({
    known: await inventory.listNodes(id),
    topology: await readTopology(sql, { signal }),
    runMode: await runModeOrNull(sql, signal),
  }),
  plan: planRemoveComputeNodes,
  postCheck: checkRemoved,
  endCheck: checkRuns,
});

async function runModeOrNull(sql: Reading['sql'], signal: AbortSignal): Promise<string | null> {
  try {
    return await readRunMode(sql, { signal });
  } catch (error) {
    if (error instanceof AppError && error.code === 'SQL_PRIVILEGE_MISSING') return null;
    throw error;
  }
}

async function checkRemoved(given: RemoveComputeNodesInput, reading: Reading, run: EndedRun): Promise<PostCheck> {
  const seen = await lookAtLeft(reading, { clusterId: given.clusterId, runId: run.runId });
  const checks = [...leftChecks(leavingIn(run.steps, 'dropComputeNode'), seen), workersCheck(seen.nodes)];
  return { passed: nothingBlocks(checks), checks, isSettling: true };
}

/** After another end: a node that stays in the cluster runs again. */
async function checkRuns(given: RemoveComputeNodesInput, reading: Reading, run: EndedRun): Promise<PostCheck> {
  const seen = await lookAtLeft(reading, { clusterId: given.clusterId, runId: run.runId });
  const checks = leavingIn(run.steps, 'dropComputeNode').flatMap((node): NamedCheck[] => {
    const row = seen.nodes.find((one) => isSameNode(one, node));
    if (row === undefined) return leftChecks([node], seen);
    return [
      found(`alive-${node.label.replaceAll(/[^a-z0-9]+/gi, '-')}`, 'WARN', row.alive, {
        observed: `${node.label} is in the cluster and ${row.alive ? 'alive' : 'down'}`,
        wanted: 'alive',
        hint: 'Look at its log on its host, or start it with startNodes.',
      }),
    ];
  });
  const all = [...checks, workersCheck(seen.nodes)];
  return { passed: nothingBlocks(all), checks: all, isSettling: true };
}

function workersCheck(nodes: Awaited<ReturnType<typeof lookAtLeft>>['nodes']): NamedCheck {
  const living = nodes.filter(({ kind, alive }) => kind !== 'FRONTEND' && alive).length;
  return found('workers', 'BLOCK', living > 0, {
    observed: `backends and compute nodes that are alive: ${living}`,
    wanted: 'at least one',
    hint: 'Bring one up, or add one.',
  });
}
