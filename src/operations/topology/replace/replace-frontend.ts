import { z } from 'zod';
import { defineOperation } from '../../define.ts';
import { observeReplacement } from './facts.ts';
import { metaDir, replacementFields } from './input.ts';
import { checkHalfReplaced, checkReplaced, planWayBack, replacementKinds, whyNoWayBack } from './operation.ts';
import { pathsOf, toReplacement } from './paths.ts';
import { planReplacement } from './plan.ts';

const input = z.object({ ...replacementFields, metaDir });

export const replaceFrontend = defineOperation({
  name: 'replaceFrontend',
  title: 'Replace a dead frontend',
  version: 1,
  summary: 'Add a new frontend in place of one that is down, and drop the old one once the new one has joined.',
  permission: 'cluster:scale',
  risk: 'high',
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: {
    ...{ clusterId: 'clu_01J00000000000000000000000', nodeId: 'nod_01J00000000000000000000000', host: '10.0.0.4' },
    ...{ deployDir: '/opt/starrocks/fe', metaDir: '/data/meta', conf: [], acceptChecks: [], systemd: false },
    ...{ leaveProcess: true, stopTimeoutSeconds: 600 },
  },
  slack: {
    verb: 'replace-frontend',
    positional: ['clusterId', 'nodeId', 'host'],
    examples: [
      'replace-frontend prod-eu fe 10.0.0.3:9010 10.0.0.4 --deploy-dir /opt/starrocks/fe --meta-dir /data/meta --leave-process',
    ],
  },
  steps: replacementKinds,
  observe: (given, reading) => observeReplacement({ ...given, storage: [], paths: pathsOf(given) }, reading),
  plan: (given, facts) => planReplacement(toReplacement(given), facts, { kinds: ['FRONTEND'], living: false }),
  planUndo: (_input, reading, run) => planWayBack(reading, run),
  whyNoUndo: (_input, steps) => whyNoWayBack(steps),
  postCheck: ({ clusterId }, reading, run) => checkReplaced({ clusterId }, reading, run),
  endCheck: ({ clusterId }, reading, run) => checkHalfReplaced({ clusterId }, reading, run),
});
