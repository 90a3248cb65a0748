import { z } from 'zod';
import { readTableReplicas } from '../../../adapters/starrocks/read-table-replicas.ts';
import { defineOperation } from '../../define.ts';
import { clusterId, databaseName } from '../../input/fields.ts';
import { planRepairTable } from './plan.ts';
import { checkTable } from './post-check.ts';
import { askForRepair, awaitRepaired, cancelRepair } from './steps.ts';

const input = z.object({
  clusterId,
  database: databaseName,
  table: databaseName.meta({ description: 'The table, as SHOW TABLES prints it.' }),
  timeoutMinutes: z
    .int()
    .min(1)
    .max(1_440)
    .default(240)
    .meta({ description: 'How long the run waits until every tablet is whole, in minutes.' }),
});

export const repairTable = defineOperation({
  name: 'repairTable',
  title: 'Repair a table',
  version: 1,
  summary: 'Have the tablets of a table repaired before those of others, and wait until all of them are whole.',
  permission: 'tablet:repair',
  risk: 'low',
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: { clusterId: 'clu_01J00000000000000000000000', database: 'sales', table: 'orders', timeoutMinutes: 240 },
  slack: {
    verb: 'repair-table',
    positional: ['clusterId', 'database', 'table'],
    examples: ['repair-table prod-eu sales orders', 'repair-table prod-eu sales orders --timeout-minutes 60'],
  },
  steps: [askForRepair, awaitRepaired, cancelRepair],
  noUndoAfterSuccess: 'Its tablets are whole; that they go first is forgotten by StarRocks after four hours',
  observe: ({ database, table }, { sql, signal }) => readTableReplicas(sql, { database, table }, { signal }),
  plan: (given, replicas) => planRepairTable(given, replicas),
  postCheck: ({ database, table }, reading) => checkTable({ database, table, ending: null }, reading),
  endCheck: ({ database, table }, reading, { ending }) => checkTable({ database, table, ending }, reading),
});
