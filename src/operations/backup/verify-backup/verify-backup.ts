import { z } from 'zod';
import type { Reading } from '../../../adapters/reading.ts';
import type { Backup } from '../../../domain/backup/backup.ts';
import { verificationLevels } from '../../../domain/backup/backup.ts';
import { AppError } from '../../../errors.ts';
import { defineOperation } from '../../define.ts';
import { backupId, clusterId } from '../../input/fields.ts';
import { verifyListed } from '../verify/verify-listed.ts';
import { verifyObjects } from '../verify/verify-objects.ts';
import { planVerifyBackup } from './plan.ts';
import { checkVerified } from './post-check.ts';

const input = z.object({
  clusterId,
  backupId,
  level: z
    .enum(verificationLevels)
    .default('L1')
    .meta({
      description: 'How far the backup is verified.',
      values: {
        L0: 'The repository lists it, with the timestamp that a restore needs.',
        L1: 'Every object of its manifest is there, with the checksum that its name says.',
      },
    }),
  readGib: z.int().min(0).max(1_048_576).default(1_024).meta({
    description: 'How much content is read at most, in GiB, of objects whose checksum the store does not know.',
  }),
});
type Input = z.infer<typeof input>;

export const verifyBackup = defineOperation({
  name: 'verifyBackup',
  title: 'Verify a backup',
  version: 1,
  summary: 'Look whether a backup is still whole in its repository, and remember what was found.',
  permission: 'cluster:check',
  risk: 'read',
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: {
    clusterId: 'clu_01J00000000000000000000000',
    backupId: 'bak_01J00000000000000000000000',
    level: 'L1',
    readGib: 1_024,
  },
  slack: {
    verb: 'verify',
    positional: ['clusterId', 'backupId'],
    examples: [
      'verify prod-eu sales_20261127_060000_000',
      'verify prod-eu sales_20261127_060000_000 --level L0',
      'verify prod-eu sales_20261127_060000_000 --dry-run',
    ],
  },
  steps: [verifyListed, verifyObjects],
  observe: observeBackup,
  plan: (given: Input, facts) => planVerifyBackup(given, facts),
  postCheck: ({ backupId: id, level }: Input, { catalogue }, { runId }) =>
    checkVerified({ id, level, runId }, catalogue),
});

async function observeBackup({ clusterId: cluster, backupId: id }: Input, { catalogue, objects }: Reading) {
  const backup = await catalogue.find(id);
  if (backup === null || backup.clusterId !== cluster) return { backup: null, whyNoObjects: null };
  return { backup, whyNoObjects: await whyNoObjects(backup, objects) };
}

/** Why Starwarden cannot look at the objects by itself; null = it can try. */
async function whyNoObjects({ repository }: Backup, objects: Reading['objects']): Promise<string | null> {
  try {
    await objects(repository);
    return null;
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'STORE_UNAVAILABLE') throw error;
    return error.message;
  }
}
