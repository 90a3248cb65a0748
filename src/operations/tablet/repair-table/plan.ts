import type { PlanResult } from '../../../domain/plan.ts';
import { isSystemDatabase } from '../../../domain/system-databases.ts';
import { judgeTablets, type TableReplica, tabletsOfTableInWords } from '../../../domain/tablets/replicas.ts';
import { askForRepair, awaitRepaired } from './steps.ts';

type RepairTable = { readonly database: string; readonly table: string; readonly timeoutMinutes: number };

/** `replicas` null = there is no such table with replicas. */
export function planRepairTable(
  { database, table, timeoutMinutes }: RepairTable,
  replicas: readonly TableReplica[] | null,
): PlanResult {
  const name = `${database}.${table}`;
  if (replicas === null) {
    return {
      refusals: [
        {
          code: 'NOT_FOUND',
          message: `There is no table ${name} that has replicas`,
          hint: 'Views and external tables have none. Names are case-sensitive.',
          path: ['input', 'table'],
        },
      ],
    };
  }
  const found = judgeTablets(replicas);
  if (found.unhealthy.length === 0) {
    return {
      refusals: [
        {
          code: 'PRECONDITION_FAILED',
          message: `${name}: ${tabletsOfTableInWords(found)}`,
          hint: 'There is nothing to repair.',
        },
      ],
    };
  }
  return {
    summary: `Have ${name} repaired before other tables`,
    steps: [askForRepair.with({ database, table }), awaitRepaired.with({ database, table, timeoutMinutes })],
    notes: [
      tabletsOfTableInWords(found),
      ...(isSystemDatabase(database) ? ['StarRocks made this database for itself; it holds no data of users'] : []),
    ],
  };
}
