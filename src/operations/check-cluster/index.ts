import { z } from 'zod';
import { healthWord } from '../../domain/cluster.ts';
import { inspectCluster } from '../../steps/inspect-cluster.ts';
import { defineOperation } from '../define.ts';
import { clusterId } from '../fields.ts';

export const checkCluster = defineOperation({
  name: 'checkCluster',
  title: 'Check a cluster',
  version: 1,
  summary: 'Make a report of named checks: nodes, leader, tablets, disks, versions, backups and access.',
  permission: 'cluster:check',
  risk: 'read',
  effect: 'reads',
  input: z.object({ clusterId }),
  example: { clusterId: 'clu_01J00000000000000000000000' },
  slack: { verb: 'check', positional: ['clusterId'], examples: ['check prod-eu'] },
  steps: [inspectCluster],
  observe: async ({ clusterId: id }, { inventory }) => ({ name: (await inventory.findCluster(id))?.name ?? id }),
  plan: (_input, { name }) => ({ summary: `Check ${name}`, steps: [inspectCluster.with({})] }),
  // The run succeeds when there is a report, whatever the report says.
  postCheck: async (_input, { inventory }, { runId }) => {
    const report = await inventory.findReport(runId);
    return {
      passed: report !== null,
      facts: { health: report === null ? null : healthWord(report.checks) },
      checks: report?.checks ?? [
        {
          name: 'report',
          status: 'FAIL',
          severity: 'BLOCK',
          observed: 'no report',
          wanted: 'a report',
          hint: 'Retry the run.',
        },
      ],
    };
  },
});
