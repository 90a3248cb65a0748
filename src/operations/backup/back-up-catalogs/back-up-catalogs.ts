import { z } from 'zod';
import type { Reading } from '../../../adapters/reading.ts';
import { externalCatalogs } from '../../../domain/backup/external-catalogs.ts';
import { defineOperation } from '../../define.ts';
import { clusterId, repositoryName } from '../../input/fields.ts';
import { checkBackedUp } from '../backed-up.ts';
import { observeGround } from '../observe-backup.ts';
import { findRunningJob } from '../take/await-turn.ts';
import { takeKinds } from '../take/lane.ts';
import { planBackUpCatalogs } from './plan.ts';

const input = z.object({
  clusterId,
  catalogs: z
    .array(
      z
        .string()
        .min(1)
        .max(256)
        .regex(/^[^\p{C}\p{Zl}\p{Zp}]+$/u, 'One line, without control characters')
        .meta({ description: 'An external catalog, as SHOW CATALOGS prints it.' }),
    )
    .min(1)
    .max(1_000)
    .optional()
    .meta({ description: 'Only these external catalogs; when left out, all that stand when its turn comes.' }),
  repository: repositoryName
    .optional()
    .meta({ description: 'Where to; may be left out when the cluster has one writable repository.' }),
  timeoutSeconds: z
    .int()
    .min(600)
    .max(604_800)
    .default(3_600)
    .meta({ description: 'After this StarRocks gives the backup up, in seconds.' }),
});
type Input = z.infer<typeof input>;

export const backUpCatalogs = defineOperation({
  name: 'backUpCatalogs',
  title: 'Back external catalogs up',
  version: 1,
  summary:
    'Back the definitions of external catalogs up (3.4 and later); StarRocks writes their secrets in clear into the repository.',
  permission: 'backup:create',
  risk: 'high', // whoever can read the repository can read the keys of other systems from then on
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: { clusterId: 'clu_01J00000000000000000000000', repository: 'backups', timeoutSeconds: 3_600 },
  slack: {
    verb: 'backup-catalogs',
    positional: ['clusterId'],
    examples: [
      'backup-catalogs prod-eu',
      'backup-catalogs prod-eu --catalogs lake,crm --repository vault',
      'backup-catalogs prod-eu --dry-run',
    ],
  },
  steps: takeKinds,
  observe,
  plan: (given: Input, facts) => planBackUpCatalogs(given, facts),
  postCheck: (_given: Input, reading, run) => checkBackedUp(reading, run),
});

async function observe(_given: Input, reading: Reading) {
  const { sql, signal } = reading;
  return {
    ...(await observeGround(reading)),
    runningJob: (await findRunningJob(sql, externalCatalogs, signal))?.what ?? null,
  };
}
