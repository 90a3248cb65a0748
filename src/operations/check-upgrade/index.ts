import { z } from 'zod';
import { defineOperation } from '../define.ts';
import { clusterId } from '../fields.ts';
import { maxBackupAgeHours, maxRunningQueries, toVersion } from '../upgrade-fields.ts';
import { inspectUpgrade, readinessOf } from './inspect-upgrade.ts';
import { verifyArchive } from './verify-archive.ts';

export const checkUpgrade = defineOperation({
  name: 'checkUpgrade',
  title: 'Check an upgrade',
  version: 1,
  summary: 'Say by named checks whether the cluster can be taken to another version now, and change nothing.',
  permission: 'cluster:check',
  risk: 'read',
  effect: 'reads',
  input: z.object({ clusterId, to: toVersion, maxRunningQueries, maxBackupAgeHours }),
  example: { clusterId: 'clu_01J00000000000000000000000', to: '3.5.0', maxRunningQueries: 20, maxBackupAgeHours: 24 },
  slack: {
    verb: 'check-upgrade',
    positional: ['clusterId'],
    examples: ['check-upgrade prod-eu --to 3.5.0', 'check-upgrade prod-eu --to 3.5.0 --max-backup-age-hours 48'],
  },
  steps: [verifyArchive, inspectUpgrade],
  observe: async ({ clusterId: id }, { inventory }) => ({ name: (await inventory.findCluster(id))?.name ?? id }),
  plan: ({ to, maxRunningQueries: queries, maxBackupAgeHours: hours }, { name }) => ({
    summary: `Check the way of ${name} to ${to}`,
    steps: [
      verifyArchive.with({ version: to }),
      inspectUpgrade.with({ to, maxRunningQueries: queries, maxBackupAgeHours: hours }),
    ],
  }),
  // The run succeeds when there is a report, whatever the report says.
  postCheck: async (_input, { inventory }, { runId }) => {
    const report = await inventory.findReport(runId);
    return {
      passed: report !== null,
      facts: { readiness: report === null ? null : readinessOf(report.checks) },
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
