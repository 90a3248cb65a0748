import { z } from 'zod';
import type { Reading } from '../../../adapters/reading.ts';
import { defineOperation } from '../../define.ts';
import { completeRestore, restoreFields } from '../input.ts';
import { besideKinds } from '../lane.ts';
import { observeRestore } from '../observe-restore.ts';
import { planBeside } from '../plan.ts';
import { checkRemoved, checkRestored } from '../post-check.ts';

const input = z.object(restoreFields);
export type RestoreDatabaseInput = z.infer<typeof input>;

const targetOf = ({ target = '' }: RestoreDatabaseInput) => target;

export const restoreDatabase = defineOperation({
  name: 'restoreDatabase',
  title: 'Restore a database',
  version: 1,
  summary: 'Bring a whole database back as it was, under a new name, and compare it. Nothing that stands is changed.',
  permission: 'restore:create',
  risk: 'low',
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: {
    clusterId: 'clu_01J00000000000000000000000',
    database: 'sales',
    at: '2026-11-27T06:00Z',
    timeoutSeconds: 86_400,
  },
  slack: {
    verb: 'restore-database',
    positional: ['clusterId', 'database'],
    examples: [
      'restore-database prod-eu sales',
      'restore-database prod-eu sales --at 2026-11-27T06:00Z',
      'restore-database prod-eu sales --dry-run',
    ],
  },
  steps: besideKinds,
  complete: (given, { now }) => completeRestore(given, now),
  observe: (given: RestoreDatabaseInput, reading: Reading) =>
    observeRestore({ ...given, place: 'BESIDE', target: targetOf(given), tables: null }, reading),
  plan: (given: RestoreDatabaseInput, facts) => planBeside({ ...given, target: targetOf(given), tables: null }, facts),
  postCheck: (given: RestoreDatabaseInput, reading, run) => checkRestored(targetOf(given), reading, run),
  endCheck: (given: RestoreDatabaseInput, reading, run) => checkRemoved(targetOf(given), reading, run),
});
