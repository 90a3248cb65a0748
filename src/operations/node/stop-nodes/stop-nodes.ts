import { defineOperation } from '../../define.ts';
import { stopKinds } from '../kinds.ts';
import { stopNodesInput } from './input.ts';
import { observeStopNodes } from './observe.ts';
import { planStopNodes } from './plan.ts';
import { checkStopEnd, checkStopped } from './post-check.ts';
import { planStart } from './way-back.ts';

export const stopNodes = defineOperation({
  name: 'stopNodes',
  title: 'Stop nodes',
  version: 1,
  summary:
    'Stop nodes and leave them down, backends first and the leader last; alerts say who wanted it until they are started. Undo starts them.',
  permission: 'node:restart',
  // Not destructive, even of a whole cluster: nothing is lost, and one command takes it back. Its name is typed all the same.
  risk: 'high',
  target: { kind: 'cluster', from: 'clusterId' },
  input: stopNodesInput,
  example: {
    clusterId: 'clu_01J00000000000000000000000',
    nodeIds: ['nod_01J00000000000000000000000'],
    kinds: [],
    graceful: true,
    stopTimeoutSeconds: 600,
    acceptDowntime: false,
  },
  slack: {
    verb: 'stop',
    positional: ['clusterId', 'nodeIds'],
    examples: ['stop prod-eu 10.0.0.11:9050 --reason "new disk"', 'stop prod-eu --shut-down prod-eu'],
  },
  steps: stopKinds,
  observe: observeStopNodes,
  plan: planStopNodes,
  planUndo: (_input, reading, run) => planStart(reading, run),
  // A node that could not be stopped runs on, and the others can be stopped without it.
  whyNotWithout: () => null,
  postCheck: checkStopped,
  endCheck: (_input, reading, run) => checkStopEnd(reading, run),
});
