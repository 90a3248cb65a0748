import { z } from 'zod';
import { clusterId } from '../../input/fields.ts';
import { acceptWarnings, maxBackupAgeHours, maxRunningQueries, toVersion } from '../fields.ts';

/** The input of `upgradeCluster` and `downgradeCluster`. */
export const changeVersionInput = z.object({
  clusterId,
  to: toVersion,
  acceptWarnings,
  parallel: z
    .int()
    .min(1)
    .max(50)
    .default(1)
    .meta({ description: 'How many backends of one failure domain (labels.location) may be away at a time.' }),
  soakSeconds: z
    .int()
    .min(0)
    .max(86_400)
    .default(60)
    .meta({ description: 'How long the cluster is watched after the first node, in seconds.' }),
  pauseAfterCanary: z
    .boolean()
    .default(false)
    .meta({ description: 'Pause after the first node, until a person has looked and resumes the run.' }),
  stopTimeoutSeconds: z
    .int()
    .min(10)
    .max(7200)
    .default(600)
    .meta({ description: 'How long a node may take to let its work end, in seconds. Then it is killed.' }),
  gateTimeoutSeconds: z
    .int()
    .min(10)
    .max(7200)
    .default(900)
    .meta({ description: 'How long a node may take to be alive and whole again, in seconds. Then it is put back.' }),
  gateFactor: z.int().min(1).max(100).default(3).meta({
    description: 'How many times worse than before errors and latency of queries may be after a node is back.',
  }),
  maxRunningQueries,
  maxBackupAgeHours,
});
export type ChangeVersionInput = z.infer<typeof changeVersionInput>;

export const changeVersionExample: ChangeVersionInput = {
  clusterId: 'clu_01J00000000000000000000000',
  to: '3.5.0',
  acceptWarnings: ['backup-fresh'],
  parallel: 1,
  soakSeconds: 60,
  pauseAfterCanary: false,
  stopTimeoutSeconds: 600,
  gateTimeoutSeconds: 900,
  gateFactor: 3,
  maxRunningQueries: 50,
  maxBackupAgeHours: 24,
};
