import { z } from 'zod';
import type { NamedCheck } from '../../../domain/verdict.ts';
import { defineOperation } from '../../define.ts';
import { clusterId } from '../../input/fields.ts';
import { checkReport } from '../../report-check.ts';
import { maxBackupAgeHours, maxRunningQueries, toVersion } from '../fields.ts';
import { inspectUpgrade, readinessOf } from './inspect-upgrade.ts';
import { verifyArchive } from './verify-archive.ts';

export const checkUpgrade = defineOperation({
  name: 'checkUpgrade',
  title: 'Check an upgrade',
  version: 1,
  summary: 'Say by named checks whether the cluster can be taken to another version now, and change nothing.',
  permission: 'cluster:check',
  risk: 'read',
  target: { kind: 'cluster', from: 'clusterId' },
  input: z.object({ clusterId, to: toVersion, maxRunningQueries, maxBackupAgeHours }),
  example: { clusterId: 'clu_01J00000000000000000000000', to: '3.5.0', maxRunningQueries: 20, maxBackupAgeHours: 24 },
  slack: {
    verb: 'check-upgrade',
    positional: ['clusterId'],
    examples: ['check-upgrade prod-eu --to 3.5.0', 'check-upgrade prod-eu --to 3.5.0 --max-backup-age-hours 48'],
  },
  steps: [verifyArchive, inspectUpgrade],
  observe: async ({ clusterId: id }, { inventory }) => ({
    name: (await inventory.findCluster(id))?.name ?? 'the cluster',
  }),
  plan: ({ to, maxRunningQueries: queries, maxBackupAgeHours: hours }, { name }) => ({
    summary: `Check whether ${name} can go to ${to}`,
    steps: [
      verifyArchive.with({ version: to }),
      inspectUpgrade.with({ to, maxRunningQueries: queries, maxBackupAgeHours: hours }),
    ],
  }),
  // The run succeeds when the cluster could be observed, whatever was found.
  postCheck: (_input, ports, { runId }) => checkReport(ports, runId, readinessFacts),
  endCheck: (_input, ports, { runId }) => checkReport(ports, runId, readinessFacts),
});

function readinessFacts(checks: readonly NamedCheck[]) {
  return { readiness: readinessOf(checks) };
}
