import { z } from 'zod';
import { count } from '../../../domain/words.ts';
import { defineOperation } from '../../define.ts';
import { clusterId } from '../../input/fields.ts';
import { saveTopology } from '../save-topology.ts';

export const refreshCluster = defineOperation({
  name: 'refreshCluster',
  title: 'Refresh a cluster',
  version: 1,
  summary: 'Ask the cluster for its nodes now, instead of waiting for the next probe.',
  permission: 'cluster:check',
  risk: 'read',
  target: { kind: 'cluster', from: 'clusterId' },
  input: z.object({ clusterId }),
  example: { clusterId: 'clu_01J00000000000000000000000' },
  slack: { verb: 'refresh', positional: ['clusterId'], examples: ['refresh prod-eu'] },
  steps: [saveTopology],
  observe: async ({ clusterId: id }, { inventory }) => ({
    name: (await inventory.findCluster(id))?.name ?? 'the cluster',
  }),
  plan: (_input, { name }) => ({ summary: `Read the nodes of ${name}`, steps: [saveTopology.with({})] }),
  postCheck: async ({ clusterId: id }, { inventory }) => {
    const nodes = await inventory.listNodes(id);
    return {
      passed: nodes.length > 0,
      checks: [
        {
          name: 'nodes-known',
          status: nodes.length > 0 ? 'PASS' : 'FAIL',
          severity: 'BLOCK',
          observed: count(nodes.length, 'node'),
          wanted: 'at least one',
          hint: 'Look at the cluster.',
        },
      ],
    };
  },
});
