import { z } from 'zod';
import type { Reading } from '../../../adapters/reading.ts';
import { defineOperation } from '../../define.ts';
import { databaseName } from '../../input/fields.ts';
import { completeRestore, restoreFields } from '../input.ts';
import { besideKinds } from '../lane.ts';
import { observeRestore } from '../observe-restore.ts';
import { planBeside } from '../plan.ts';
import { checkRemoved, checkRestored } from '../post-check.ts';

const input = z.object({
  ...restoreFields,
  tables: z
    .array(databaseName.meta({ description: 'A table or view, by the name that it had then.' }))
    .min(1)
    .max(1_000)
    .meta({ description: 'The tables and views to restore, by the names that they had then.' }),
});
export type RestoreTablesInput = z.infer<typeof input>;

const targetOf = ({ target = '' }: RestoreTablesInput) => target;

export const restoreTables = defineOperation({
  name: 'restoreTables',
  title: 'Restore tables',
  version: 1,
  summary:
    'Bring tables back as they were, into a database of their own, and compare them. Nothing that stands is changed.',
  permission: 'restore:create',
  risk: 'low',
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: {
    clusterId: 'clu_01J00000000000000000000000',
    database: 'sales',
    tables: ['orders'],
    at: '2026-11-27T06:00Z',
    timeoutSeconds: 86_400,
  },
  slack: {
    verb: 'restore',
    positional: ['clusterId', 'database'],
    examples: [
      'restore prod-eu sales --tables orders',
      'restore prod-eu sales --tables orders,customers --at 2026-11-27T06:00Z',
      'restore prod-eu sales --tables orders --dry-run',
    ],
  },
  steps: besideKinds,
  complete: (given, { now }) => completeRestore(given, now),
  observe: (given: RestoreTablesInput, reading: Reading) =>
    observeRestore({ ...given, place: 'BESIDE', target: targetOf(given) }, reading),
  plan: (given: RestoreTablesInput, facts) => planBeside({ ...given, target: targetOf(given) }, facts),
  postCheck: (given: RestoreTablesInput, reading, run) => checkRestored(targetOf(given), reading, run),
  endCheck: (given: RestoreTablesInput, reading, run) => checkRemoved(targetOf(given), reading, run),
});
