import { z } from 'zod';
import { defineOperation } from '../../define.ts';
import { drainFields, withMedia } from '../fields.ts';
import { observeReplacement } from './facts.ts';
import { metaDir, movedStorageFields, replacementFields } from './input.ts';
import { checkHalfReplaced, checkReplaced, planWayBack, replacementKinds, whyNoWayBack } from './operation.ts';
import { pathsOf, toReplacement } from './paths.ts';
import { planReplacement } from './plan.ts';

const input = z.object({
  ...replacementFields,
  ...movedStorageFields,
  ...drainFields,
  metaDir: metaDir.optional(),
  moveLeader: z.boolean().default(false).meta({
    description: 'Of a frontend that leads: stop it gracefully, so that another one leads (3.4 and later).',
  }),
  queryWaitSeconds: z.int().min(0).max(86_400).default(600).meta({
    description: 'Of a compute node: how long its running queries may take to end, in seconds.',
  }),
});

export const moveNode = defineOperation({
  name: 'moveNode',
  title: 'Move a node to another host',
  version: 1,
  summary: 'Add a new node on another host in place of a living one, and take the old one out once the new one serves.',
  permission: 'cluster:scale',
  risk: 'high',
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: {
    ...{ clusterId: 'clu_01J00000000000000000000000', nodeId: 'nod_01J00000000000000000000000', host: '10.0.0.14' },
    ...{ deployDir: '/opt/starrocks/be', storage: ['/data1,medium:SSD'], conf: [], acceptChecks: [], systemd: false },
    ...{ leaveProcess: false, stopTimeoutSeconds: 600, acceptFewerDomains: false, acceptOtherMedium: false },
    ...{ marginPercent: 20, drainTimeoutSeconds: 604_800, stallAfterSeconds: 180 },
    ...{ moveLeader: false, queryWaitSeconds: 600 },
  },
  slack: {
    verb: 'move-node',
    positional: ['clusterId', 'nodeId', 'host'],
    examples: [
      'move-node prod-eu be 10.0.0.11:9050 10.0.0.14 --deploy-dir /opt/starrocks/be --storage /data1',
      'move-node prod-eu fe 10.0.0.3:9010 10.0.0.4 --deploy-dir /opt/starrocks/fe --meta-dir /data/meta --dry-run',
    ],
  },
  steps: replacementKinds,
  observe: (given, reading) =>
    observeReplacement({ ...given, storage: withMedia(given.storage), paths: pathsOf(given) }, reading),
  plan: (given, facts) =>
    planReplacement(toReplacement(given), facts, { kinds: ['BACKEND', 'FRONTEND', 'COMPUTE_NODE'], living: true }),
  planUndo: (_input, reading, run) => planWayBack(reading, run),
  whyNoUndo: (_input, steps) => whyNoWayBack(steps),
  postCheck: ({ clusterId }, reading, run) => checkReplaced({ clusterId }, reading, run),
  endCheck: ({ clusterId }, reading, run) => checkHalfReplaced({ clusterId }, reading, run),
});
