import { z } from 'zod';
import { count } from '../../../domain/words.ts';
import { defineOperation } from '../../define.ts';
import { clusterId } from '../../input/fields.ts';
import { forgetCluster } from '../record-cluster.ts';

export const unregisterCluster = defineOperation({
  name: 'unregisterCluster',
  title: 'Unregister a cluster',
  version: 1,
  summary: 'Forget a cluster and its credentials; the cluster itself is not touched.',
  permission: 'cluster:unregister',
  risk: 'high',
  // What somebody has changed for a time could not be put back any more.
  locks: ['cluster', 'tablet-scheduling'],
  target: { kind: 'cluster', from: 'clusterId' },
  input: z.object({ clusterId }),
  example: { clusterId: 'clu_01J00000000000000000000000' },
  slack: { verb: 'unregister', positional: ['clusterId'], examples: ['unregister old-dev'] },
  steps: [forgetCluster],
  observe: async ({ clusterId: id }, { inventory }) => ({
    name: (await inventory.findCluster(id))?.name ?? null,
    hosts: (await inventory.listHosts(id)).length,
  }),
  plan: (_input, { name, hosts }) => {
    if (name === null)
      return {
        refusals: [
          {
            code: 'NOT_FOUND',
            message: 'The cluster is not registered',
            hint: 'It may have been unregistered already.',
          },
        ],
      };
    return {
      summary: `Forget ${name}`,
      steps: [forgetCluster.with({ name })],
      notes: [
        `Its SQL credentials and the SSH access of ${count(hosts, 'host')} are destroyed`,
        'Its runs, audit events and backup history stay',
        'Its alerts end',
      ],
    };
  },
  postCheck: async ({ clusterId: id }, { inventory }) => {
    const gone = (await inventory.findCluster(id)) === null;
    return {
      passed: gone,
      checks: [
        {
          name: 'cluster-forgotten',
          status: gone ? 'PASS' : 'FAIL',
          severity: 'BLOCK',
          observed: gone ? 'not in the inventory' : 'still in the inventory',
          wanted: 'not in the inventory',
          hint: 'Retry the run.',
        },
      ],
    };
  },
});
