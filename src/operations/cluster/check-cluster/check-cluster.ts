import { z } from 'zod';
import { healthWord } from '../../../domain/cluster.ts';
import type { NamedCheck } from '../../../domain/verdict.ts';
import { defineOperation } from '../../define.ts';
import { clusterId } from '../../input/fields.ts';
import { checkReport } from '../../report-check.ts';
import { inspectCluster } from './inspect-cluster.ts';

export const checkCluster = defineOperation({
  name: 'checkCluster',
  title: 'Check a cluster',
  version: 1,
  summary: 'Make a report of named checks: nodes, leader, tablets, disks, versions, backups and access.',
  permission: 'cluster:check',
  risk: 'read',
  target: { kind: 'cluster', from: 'clusterId' },
  input: z.object({ clusterId }),
  example: { clusterId: 'clu_01J00000000000000000000000' },
  slack: { verb: 'check', positional: ['clusterId'], examples: ['check prod-eu'] },
  steps: [inspectCluster],
  observe: async ({ clusterId: id }, { inventory }) => ({
    name: (await inventory.findCluster(id))?.name ?? 'the cluster',
  }),
  plan: (_input, { name }) => ({ summary: `Check ${name}`, steps: [inspectCluster.with({})] }),
  // The run succeeds when the cluster could be observed, whatever was found.
  postCheck: (_input, ports, { runId }) => checkReport(ports, runId, healthFacts),
  endCheck: (_input, ports, { runId }) => checkReport(ports, runId, healthFacts),
});

function healthFacts(checks: readonly NamedCheck[]) {
  return { health: healthWord(checks) };
}
