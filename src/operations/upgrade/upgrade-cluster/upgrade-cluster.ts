import { defineOperation } from '../../define.ts';
import { checkNodesAtEnd } from '../change-version/end-check.ts';
import { changeVersionExample, changeVersionInput } from '../change-version/input.ts';
import { changeVersionKinds, whyNotWithout } from '../change-version/kinds.ts';
import { observeChangeVersion } from '../change-version/observe.ts';
import { planChangeVersion } from '../change-version/plan.ts';
import { checkVersions } from '../change-version/post-check.ts';
import { planWayBack, whyNoWayBack } from '../change-version/undo.ts';

export const upgradeCluster = defineOperation({
  name: 'upgradeCluster',
  title: 'Upgrade a cluster',
  version: 1,
  summary:
    'Take every node to a newer version, one after the other, with queries running; a node that fails is put back.',
  permission: 'cluster:upgrade',
  risk: 'high',
  locks: ['cluster', 'tablet-scheduling'],
  target: { kind: 'cluster', from: 'clusterId' },
  input: changeVersionInput,
  example: changeVersionExample,
  slack: {
    verb: 'upgrade',
    positional: ['clusterId'],
    examples: ['upgrade prod-eu --to 3.5.0', 'upgrade prod-eu --to 3.5.0 --pause-after-canary --reason "CHG-1234"'],
  },
  steps: changeVersionKinds,
  observe: observeChangeVersion,
  plan: (input, facts) => planChangeVersion('UPGRADE', input, facts),
  planUndo: (_input, reading, run) => planWayBack('UPGRADE', reading, run),
  whyNoUndo: (_input, steps) => whyNoWayBack(steps),
  whyNotWithout,
  postCheck: (input, reading, run) => checkVersions(input, reading, run),
  endCheck: (_input, reading, run) => checkNodesAtEnd(reading, run),
});
