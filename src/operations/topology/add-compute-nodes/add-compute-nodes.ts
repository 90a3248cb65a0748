import { z } from 'zod';
import { defineOperation } from '../../define.ts';
import { newNodeFields, storageDirsOf, storagePath, withMedia } from '../fields.ts';
import { observeNewNodes } from '../new-nodes/facts.ts';
import { addingKinds } from '../new-nodes/kinds.ts';
import { planAddNodes } from '../new-nodes/plan.ts';
import { planWayBackOfNewNodes } from '../new-nodes/undo.ts';
import { checkAdded, checkLeft } from '../post-check.ts';

const input = z.object({
  ...newNodeFields,
  storage: z.array(storagePath).max(50).default([]).meta({
    description:
      'Where the compute nodes keep their cache: empty directories, or such as are not there yet; none = in the deploy directory.',
  }),
});

export const addComputeNodes = defineOperation({
  name: 'addComputeNodes',
  title: 'Add compute nodes',
  version: 1,
  summary:
    'Install a compute node on each of these hosts, start it, add it to the cluster, and wait until it is alive.',
  permission: 'cluster:scale',
  risk: 'high',
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: {
    clusterId: 'clu_01J00000000000000000000000',
    hosts: ['10.0.0.31'],
    deployDir: '/opt/starrocks/cn',
    storage: ['/cache1'],
    conf: [],
    acceptChecks: [],
    systemd: false,
  },
  slack: {
    verb: 'add-compute-nodes',
    positional: ['clusterId', 'hosts'],
    examples: [
      'add-compute-nodes prod-eu 10.0.0.31 10.0.0.32 --deploy-dir /opt/starrocks/cn --storage /cache1',
      'add-compute-nodes prod-eu 10.0.0.31 --deploy-dir /opt/starrocks/cn --dry-run',
    ],
  },
  steps: addingKinds,
  observe: (given, reading) => observeNewNodes(given, [given.deployDir, ...storageDirsOf(given)], reading),
  plan: ({ deployDir, storage, conf, systemd, acceptChecks }, facts) =>
    planAddNodes(
      {
        kind: 'COMPUTE_NODE',
        role: null,
        deployDir,
        metaDir: null,
        storage: withMedia(storage),
        conf,
        systemd,
        acceptChecks,
        location: null,
      },
      facts,
    ),
  planUndo: (_input, _reading, run) => planWayBackOfNewNodes(run),
  postCheck: (_input, reading, run) => checkAdded(reading, run),
  endCheck: (_input, reading, run) => checkLeft(reading, run),
});
