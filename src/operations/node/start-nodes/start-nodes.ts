import { defineOperation } from '../../define.ts';
import { restartKinds } from '../kinds.ts';
import { checkRollingRestart } from '../rolling-restart/post-check.ts';
import { startNodesInput } from './input.ts';
import { observeStartNodes } from './observe.ts';
import { planStartNodes } from './plan.ts';

export const startNodes = defineOperation({
  name: 'startNodes',
  title: 'Start nodes',
  version: 1,
  summary:
    'Start nodes that are down, frontends first, and wait until the cluster sees each alive; also a whole cluster.',
  permission: 'node:restart',
  risk: 'high',
  target: { kind: 'cluster', from: 'clusterId' },
  input: startNodesInput,
  example: {
    clusterId: 'clu_01J00000000000000000000000',
    nodeIds: ['nod_01J00000000000000000000000'],
    kinds: [],
    all: false,
    gateTimeoutSeconds: 900,
    acceptWarnings: [],
  },
  slack: {
    verb: 'start',
    positional: ['clusterId', 'nodeIds'],
    examples: ['start prod-eu 10.0.0.11:9050', 'start prod-eu --all'],
  },
  steps: restartKinds,
  noUndoAfterSuccess: 'The nodes run; stopNodes stops them, with the guards of a stop',
  observe: (_input, reading) => observeStartNodes(reading),
  plan: planStartNodes,
  postCheck: (_input, reading, run) => checkRollingRestart(reading, run),
  endCheck: (_input, reading, run) => checkRollingRestart(reading, run),
});
