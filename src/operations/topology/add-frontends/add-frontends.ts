import { z } from 'zod';
import { defineOperation } from '../../define.ts';
import { absolutePath } from '../../input/fields.ts';
import { newNodeFields } from '../fields.ts';
import { observeNewNodes } from '../new-nodes/facts.ts';
import { addingKinds } from '../new-nodes/kinds.ts';
import { planAddNodes } from '../new-nodes/plan.ts';
import { planWayBackOfNewNodes } from '../new-nodes/undo.ts';
import { checkAdded, checkLeft } from '../post-check.ts';

const input = z.object({
  ...newNodeFields,
  role: z
    .enum(['FOLLOWER', 'OBSERVER'])
    .default('FOLLOWER')
    .meta({
      description: 'What the frontends are, all of them.',
      values: { FOLLOWER: 'They vote and may lead.', OBSERVER: 'They never vote.' },
    }),
  metaDir: absolutePath.meta({
    description:
      'Where the frontends keep their metadata: an empty directory, or one that is not there yet, outside of deployDir.',
  }),
});

export const addFrontends = defineOperation({
  name: 'addFrontends',
  title: 'Add frontends',
  version: 1,
  summary: 'Install a frontend on each of these hosts and add it to the cluster, one at a time, until each has joined.',
  permission: 'cluster:scale',
  risk: 'high',
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: {
    clusterId: 'clu_01J00000000000000000000000',
    hosts: ['10.0.0.2', '10.0.0.3'],
    role: 'FOLLOWER',
    deployDir: '/opt/starrocks/fe',
    metaDir: '/data/meta',
    conf: [],
    acceptChecks: [],
    systemd: false,
  },
  slack: {
    verb: 'add-frontends',
    positional: ['clusterId', 'hosts'],
    examples: [
      'add-frontends prod-eu 10.0.0.2 10.0.0.3 --deploy-dir /opt/starrocks/fe --meta-dir /data/meta',
      'add-frontends prod-eu 10.0.0.4 --role observer --deploy-dir /opt/starrocks/fe --meta-dir /data/meta --dry-run',
    ],
  },
  steps: addingKinds,
  observe: (given, reading) => observeNewNodes(given, [given.deployDir, given.metaDir], reading),
  plan: ({ role, deployDir, metaDir, conf, systemd, acceptChecks }, facts) =>
    planAddNodes(
      { kind: 'FRONTEND', role, deployDir, metaDir, storage: [], conf, systemd, acceptChecks, location: null },
      facts,
    ),
  planUndo: (_input, _reading, run) => planWayBackOfNewNodes(run),
  postCheck: (_input, reading, run) => checkAdded(reading, run),
  endCheck: (_input, reading, run) => checkLeft(reading, run),
});
