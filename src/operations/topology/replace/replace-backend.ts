import { z } from 'zod';
import { defineOperation } from '../../define.ts';
import { drainFields, withMedia } from '../fields.ts';
import { observeReplacement } from './facts.ts';
import { replacementFields, storageFields } from './input.ts';
import { checkHalfReplaced, checkReplaced, planWayBack, replacementKinds, whyNoWayBack } from './operation.ts';
import { pathsOf, toReplacement } from './paths.ts';
import { planReplacement } from './plan.ts';

const input = z.object({ ...replacementFields, ...storageFields, ...drainFields });

export const replaceBackend = defineOperation({
  name: 'replaceBackend',
  title: 'Replace a dead backend',
  version: 1,
  summary: 'Add a new backend in place of one that is down, wait until its tablets were made anew, and take it out.',
  permission: 'cluster:scale',
  risk: 'high',
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: {
    ...{ clusterId: 'clu_01J00000000000000000000000', nodeId: 'nod_01J00000000000000000000000', host: '10.0.0.14' },
    ...{ deployDir: '/opt/starrocks/be', storage: ['/data1,medium:SSD'], conf: [], acceptChecks: [], systemd: false },
    ...{ leaveProcess: true, stopTimeoutSeconds: 600, acceptFewerDomains: false, acceptOtherMedium: false },
    ...{ marginPercent: 20, drainTimeoutSeconds: 604_800, stallAfterSeconds: 180 },
  },
  slack: {
    verb: 'replace-backend',
    positional: ['clusterId', 'nodeId', 'host'],
    examples: [
      'replace-backend prod-eu be 10.0.0.11:9050 10.0.0.14 --deploy-dir /opt/starrocks/be --storage /data1 --leave-process',
    ],
  },
  steps: replacementKinds,
  observe: (given, reading) =>
    observeReplacement({ ...given, storage: withMedia(given.storage), paths: pathsOf(given) }, reading),
  plan: (given, facts) => planReplacement(toReplacement(given), facts, { kinds: ['BACKEND'], living: false }),
  planUndo: (_input, reading, run) => planWayBack(reading, run),
  whyNoUndo: (_input, steps) => whyNoWayBack(steps),
  postCheck: ({ clusterId }, reading, run) => checkReplaced({ clusterId }, reading, run),
  endCheck: ({ clusterId }, reading, run) => checkHalfReplaced({ clusterId }, reading, run),
});
