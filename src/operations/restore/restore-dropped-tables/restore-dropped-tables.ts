import { z } from 'zod';
import type { Reading } from '../../../adapters/reading.ts';
import { defineOperation } from '../../define.ts';
import { databaseName } from '../../input/fields.ts';
import { atNow, restoreFields } from '../input.ts';
import { observeRestore } from '../observe-restore.ts';
import { planRestore } from '../plan.ts';
import { checkRestored } from '../post-check.ts';
import { checkNothingLeft, checkSwitchedOff } from './end-check.ts';
import { droppedKinds, droppedLane } from './lane.ts';

const { target: _, ...fields } = restoreFields;
const input = z.object({
  ...fields,
  tables: z
    .array(databaseName.meta({ description: 'A table or view that is not there any more.' }))
    .min(1)
    .max(1_000)
    .meta({ description: 'The tables and views that were dropped, by their names, which have to be free.' }),
});
export type RestoreDroppedTablesInput = z.infer<typeof input>;

export const restoreDroppedTables = defineOperation({
  name: 'restoreDroppedTables',
  title: 'Restore dropped tables',
  version: 1,
  summary:
    'Bring tables that were dropped back under their own names, where the names are free. Nothing that stands is overwritten.',
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
    verb: 'restore-dropped',
    positional: ['clusterId', 'database'],
    examples: [
      'restore-dropped prod-eu sales --tables orders',
      'restore-dropped prod-eu sales --tables orders,customers --at 2026-11-27T06:00Z',
      'restore-dropped prod-eu sales --tables orders --dry-run',
    ],
  },
  steps: droppedKinds,
  complete: (given, { now }) => atNow(given, now),
  observe: (given: RestoreDroppedTablesInput, reading: Reading) =>
    observeRestore({ ...given, place: 'OWN_NAMES', target: given.database }, reading),
  plan: (given: RestoreDroppedTablesInput, facts) =>
    planRestore({ ...given, place: 'OWN_NAMES', target: given.database }, facts, {
      summary: ({ what, moment }) => `Restore ${what} as of ${moment} under their own names`,
      lane: droppedLane,
      notes: [
        'Nothing that stands is changed: each name has to be free, and is looked at right before RESTORE',
        'RECOVER TABLE brings a table back for a day after a DROP without FORCE, with everything that was written: try that first',
        'Not restored: grants on the tables, which went with them, and what fills tables by itself',
        'While it is restored, a table is listed and cannot be read. It may be written to as soon as the first backup has come back',
      ],
    }),
  postCheck: async (given: RestoreDroppedTablesInput, reading, run) => {
    const restored = await checkRestored(given.database, reading, run);
    const off = await checkSwitchedOff(given, reading);
    return { ...restored, checks: [...restored.checks, ...off] };
  },
  endCheck: (given: RestoreDroppedTablesInput, reading, run) => checkNothingLeft(given, reading, run),
});
