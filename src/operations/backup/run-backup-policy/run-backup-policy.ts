import { z } from 'zod';
import { inParallel } from '../../../adapters/in-parallel.ts';
import type { Reading } from '../../../adapters/reading.ts';
import { showTables } from '../../../adapters/starrocks/statements.ts';
import { defineOperation } from '../../define.ts';
import { backupPolicyId, clusterId } from '../../input/fields.ts';
import { checkBackedUp } from '../backed-up.ts';
import { observeGround, replicasOrNull } from '../observe-backup.ts';
import { findRunningJob } from '../take/await-turn.ts';
import { takeKinds } from '../take/lane.ts';
import { databasesOf, planBackupPolicy } from './plan.ts';

const input = z.object({
  clusterId,
  policyId: backupPolicyId,
  tier: z.string().min(1).max(64).meta({ description: 'Which tier of the policy, such as `weekly`.' }),
});

export type RunBackupPolicyInput = z.infer<typeof input>;

export const runBackupPolicy = defineOperation({
  name: 'runBackupPolicy',
  title: 'Run a backup policy',
  version: 1,
  summary: 'Take the backups of one tier of a backup policy, a database at a time or several, and verify them.',
  permission: 'backup:create',
  risk: 'low',
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: {
    clusterId: 'clu_01J00000000000000000000000',
    policyId: 'bpl_01J00000000000000000000000',
    tier: 'weekly',
  },
  slack: {
    verb: 'run-policy',
    positional: ['clusterId', 'policyId', 'tier'],
    examples: [
      'run-policy prod-eu bpl_01J00000000000000000000000 weekly',
      'run-policy prod-eu bpl_01J00000000000000000000000 daily --dry-run',
      'run-policy prod-eu bpl_01J00000000000000000000000 six-hourly',
    ],
  },
  steps: takeKinds,
  observe: observePolicy,
  plan: (given: RunBackupPolicyInput, facts) => planBackupPolicy(given, facts),
  postCheck: (_given: RunBackupPolicyInput, reading, run) => checkBackedUp(reading, run),
});

const atOnce = 6;

async function observePolicy(given: RunBackupPolicyInput, reading: Reading) {
  const { sql, catalogue, signal } = reading;
  const ground = await observeGround(reading);
  const found = await catalogue.findPolicy(given.policyId);
  const policy = found?.clusterId === given.clusterId ? found : null;
  const databases = policy === null ? [] : databasesOf(policy.content, ground.databases);
  const known = new Set(ground.databases);
  const looked = await inParallel(databases, atOnce, async (database) => ({
    database,
    // One that is named and not there gets its lane, which fails and says so.
    isEmpty: known.has(database) && (await sql.query(showTables(database), { signal })).length === 0,
    runningJob: known.has(database) ? ((await findRunningJob(sql, database, signal))?.what ?? null) : null,
  }));
  return { ...ground, policy, replicas: await replicasOrNull(reading), looked };
}
