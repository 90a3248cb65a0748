import { z } from 'zod';
import { defineOperation } from '../../define.ts';
import { clusterId, nodeId } from '../../input/fields.ts';
import { restartKinds } from '../kinds.ts';
import { observeRestart } from './observe.ts';
import { planRestartNode } from './plan.ts';
import { checkRestarted } from './post-check.ts';

const input = z.object({
  clusterId,
  nodeId,
  graceful: z
    .boolean()
    .default(true)
    .meta({ description: 'Let running work end first; false kills a backend at once.' }),
  timeoutSeconds: z
    .int()
    .min(10)
    .max(7200)
    .default(600)
    .meta({ description: 'How long the node may take to stop, in seconds. What still runs then is killed.' }),
  acceptDowntime: z
    .boolean()
    .default(false)
    .meta({ description: 'Go on although tables with one replica, or the only frontend, are away meanwhile.' }),
});

export const restartNode = defineOperation({
  name: 'restartNode',
  title: 'Restart a node',
  version: 1,
  summary: 'Stop one frontend, backend or compute node gracefully, start it, and wait until the cluster sees it alive.',
  permission: 'node:restart',
  risk: 'high',
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: {
    clusterId: 'clu_01J00000000000000000000000',
    nodeId: 'nod_01J00000000000000000000000',
    graceful: true,
    timeoutSeconds: 600,
    acceptDowntime: false,
  },
  slack: {
    verb: 'restart',
    positional: ['clusterId', 'nodeId'],
    examples: ['restart prod-eu be 10.0.0.11:9050', 'restart prod-eu fe 10.0.0.2:9010 --reason "new heap size"'],
  },
  steps: restartKinds,
  noUndoAfterSuccess: 'The node runs again; there is nothing to take back',
  observe: observeRestart,
  plan: planRestartNode,
  postCheck: checkRestarted,
  endCheck: checkRestarted,
});
