import { defineOperation } from '../../define.ts';
import { deleteNodeData } from '../steps/delete-node-data.ts';
import { purgeNodeDataInput } from './input.ts';
import { observePurge } from './observe.ts';
import { planPurge } from './plan.ts';
import { checkPurged } from './post-check.ts';

export const purgeNodeData = defineOperation({
  name: 'purgeNodeData',
  title: 'Purge the data of removed nodes',
  version: 1,
  summary:
    'Delete for good what nodes that runs took out of the cluster have left in their recorded directories, and nothing else.',
  permission: 'node:purge',
  risk: 'destructive',
  target: { kind: 'cluster', from: 'clusterId' },
  input: purgeNodeDataInput,
  example: {
    clusterId: 'clu_01J00000000000000000000000',
    removedNodeIds: ['rmn_01J00000000000000000000000'],
    alsoBinaries: false,
    acceptEmptyDirs: false,
  },
  slack: {
    verb: 'purge-node',
    positional: ['clusterId', 'removedNodeIds'],
    examples: ['purge-node prod-eu be 10.0.0.14:9050', 'purge-node prod-eu be 10.0.0.14:9050 --dry-run'],
  },
  steps: [deleteNodeData],
  observe: observePurge,
  plan: planPurge,
  postCheck: checkPurged,
  endCheck: checkPurged,
});
