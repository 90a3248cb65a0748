import type { Reading } from '../../../adapters/reading.ts';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import { leaderCheck, nothingBlocks } from '../../../domain/end-checks.ts';
import { quorumOf } from '../../../domain/quorum.ts';
import type { PostCheck } from '../../../domain/run.ts';
import { found } from '../../../domain/verdict.ts';
import { saveTopology } from '../../cluster/save-topology.ts';
import { defineOperation, type EndedRun } from '../../define.ts';
import { guardNode } from '../../node/steps/guard-node.ts';
import { startNode } from '../../node/steps/power.ts';
import { leavingIn, leftChecks, lookAtLeft } from '../steps/check-left.ts';
import { dropFrontend, handOverLeadership } from '../steps/drop-frontend.ts';
import { noteLeaving } from '../steps/note-leaving.ts';
import { stopRemoved } from '../steps/stop-removed.ts';
import { type DropFrontendsInput, dropFrontendsInput } from './input.ts';
import { planDropFrontends } from './plan.ts';

export const dropFrontends = defineOperation({
  name: 'dropFrontends',
  title: 'Drop frontends',
  version: 1,
  summary:
    'Take frontends out of the cluster one by one, never the leader and never below a majority, and stop their processes.',
  permission: 'cluster:scale',
  risk: 'high',
  target: { kind: 'cluster', from: 'clusterId' },
  input: dropFrontendsInput,
  example: {
    clusterId: 'clu_01J00000000000000000000000',
    nodeIds: ['nod_01J00000000000000000000000'],
    moveLeader: false,
    leaveProcess: false,
    stopTimeoutSeconds: 600,
  },
  slack: {
    verb: 'drop-frontend',
    positional: ['clusterId', 'nodeIds'],
    examples: ['drop-frontend prod-eu fe 10.0.0.4:9010', 'drop-frontend prod-eu fe 10.0.0.1:9010 --move-leader'],
  },
  steps: [noteLeaving, handOverLeadership, guardNode, startNode, dropFrontend, stopRemoved, saveTopology],
  noUndoAfterSuccess: 'A frontend that was dropped is a stranger to the others: add a new one with addFrontends',
  observe: async ({ clusterId: id }, { sql, inventory, signal }) => {
    const topology = await readTopology(sql, { signal });
    return { known: await inventory.listNodes(id), now: toObservedNodes(topology), remnants: topology.remnants };
  },
  plan: planDropFrontends,
  postCheck: checkDropped,
  endCheck: checkQuorum,
});

/** Passes when all are out and stopped, one leads, and a majority of the voters lives. */
async function checkDropped(
  { clusterId: id }: DropFrontendsInput,
  reading: Reading,
  run: EndedRun,
): Promise<PostCheck> {
  const seen = await lookAtLeft(reading, { clusterId: id, runId: run.runId });
  const checks = [
    ...leftChecks(leavingIn(run.steps, 'dropFrontend'), seen),
    leaderCheck(seen.nodes),
    quorumCheck(seen.nodes),
  ];
  return { passed: nothingBlocks(checks), checks, isSettling: true };
}

async function checkQuorum(_input: DropFrontendsInput, { sql, signal }: Reading): Promise<PostCheck> {
  const nodes = toObservedNodes(await readTopology(sql, { signal }));
  const checks = [leaderCheck(nodes), quorumCheck(nodes)];
  return { passed: nothingBlocks(checks), checks, isSettling: true };
}

function quorumCheck(nodes: Parameters<typeof leaderCheck>[0]) {
  const { electable, alive, majority, spare } = quorumOf(nodes);
  return found('quorum', 'BLOCK', spare >= 0, {
    observed: `${alive} of ${electable} voting frontends are alive`,
    wanted: `${majority} at least`,
    hint: 'Bring the frontends up that are down.',
  });
}
