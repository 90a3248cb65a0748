import { defineOperation } from '../../define.ts';
import { rollingRestartKinds } from '../kinds.ts';
import { rollingRestartExample, rollingRestartInput } from './input.ts';
import { observeRollingRestart } from './observe.ts';
import { planRollingRestart } from './plan.ts';
import { checkRollingRestart } from './post-check.ts';

export const rollingRestart = defineOperation({
  name: 'rollingRestart',
  title: 'Restart nodes one after the other',
  version: 1,
  summary:
    'Stop and start nodes one after the other, with queries running: backends, then frontends, the leader last; a node that does not come back stops the run.',
  permission: 'node:restart',
  risk: 'high',
  locks: ['cluster', 'tablet-scheduling'],
  target: { kind: 'cluster', from: 'clusterId' },
  input: rollingRestartInput,
  example: rollingRestartExample,
  slack: {
    verb: 'rolling-restart',
    positional: ['clusterId'],
    examples: [
      'rolling-restart prod-eu --all --reason "new certificates"',
      'rolling-restart prod-eu --kinds BACKEND --accept-warnings conf-changed',
    ],
  },
  steps: rollingRestartKinds,
  noUndoAfterSuccess: 'The nodes run again; there is nothing to take back',
  observe: observeRollingRestart,
  plan: planRollingRestart,
  // Its binaries are as they were, and its recovery has ended: the cluster can do with the node as it is.
  whyNotWithout: () => null,
  postCheck: (_input, reading, run) => checkRollingRestart(reading, run),
  endCheck: (_input, reading, run) => checkRollingRestart(reading, run),
});
