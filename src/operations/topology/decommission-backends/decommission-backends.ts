import { saveTopology } from '../../cluster/save-topology.ts';
import { defineOperation } from '../../define.ts';
import { cancelDrain, drainBackend } from '../steps/drain-backend.ts';
import { dropDrained } from '../steps/drop-drained.ts';
import { noteLeaving } from '../steps/note-leaving.ts';
import { stopRemoved } from '../steps/stop-removed.ts';
import { decommissionInput } from './input.ts';
import { observeDecommission } from './observe.ts';
import { planDecommission } from './plan.ts';
import { checkDecommissioned, checkNotDecommissioning } from './post-check.ts';

export const decommissionBackends = defineOperation({
  name: 'decommissionBackends',
  title: 'Decommission backends',
  version: 1,
  summary:
    'Let StarRocks move all tablets off some backends, wait until they have left the cluster, and stop their processes.',
  permission: 'cluster:scale',
  risk: 'high',
  target: { kind: 'cluster', from: 'clusterId' },
  input: decommissionInput,
  example: {
    clusterId: 'clu_01J00000000000000000000000',
    nodeIds: ['nod_01J00000000000000000000000'],
    leaveProcess: false,
    acceptFewerDomains: false,
    acceptOtherMedium: false,
    marginPercent: 20,
    drainTimeoutSeconds: 604_800,
    stallAfterSeconds: 180,
    stopTimeoutSeconds: 600,
  },
  slack: {
    verb: 'decommission',
    positional: ['clusterId', 'nodeIds'],
    examples: ['decommission prod-eu be 10.0.0.14:9050', 'decommission prod-eu be 10.0.0.14:9050 --dry-run'],
  },
  steps: [noteLeaving, drainBackend, cancelDrain, dropDrained, stopRemoved, saveTopology],
  noUndoAfterSuccess: 'A backend that has left can only be added again: addBackends, or addRunningNodes',
  observe: observeDecommission,
  plan: planDecommission,
  postCheck: checkDecommissioned,
  endCheck: ({ clusterId }, reading, run) => checkNotDecommissioning({ clusterId }, reading, run),
});
