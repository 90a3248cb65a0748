import { z } from 'zod';
import type { SqlReader } from '../../../adapters/starrocks/port.ts';
import { readTableReplicas } from '../../../adapters/starrocks/read-table-replicas.ts';
import { cancelRepairTable, repairTable } from '../../../adapters/starrocks/statements.ts';
import type { StepSpec } from '../../../domain/plan.ts';
import { judgeTablets, type TabletsOfTable, tabletsOfTableInWords } from '../../../domain/tablets/replicas.ts';
import { defineStep } from '../../../steps/define.ts';

const table = z.object({ database: z.string(), table: z.string() });
type Named = z.infer<typeof table>;

const nameOf = (named: Named) => `${named.database}.${named.table}`;
const ofDatabase = ({ database }: Named) => ({ kind: 'database', id: database, label: database }) as const;

/** What is asked for is shown nowhere, so what counts is that the statement was answered; it can be sent again. */
export const askForRepair = defineStep({
  kind: 'askForRepair',
  params: table,
  about: ofDatabase,
  effect: 'changes',
  ports: ['sql'],
  timeoutMs: 120_000,
  repeat: 'safe',
  describe: (named) => `Have the tablets of ${nameOf(named)} repaired first`,
  check: async (_named, _ports, { applied }) => (applied ? { state: 'done' } : { state: 'todo' }),
  apply: async (named, { sql }, { signal }) => {
    await sql.query(repairTable(named), { signal, route: 'leader', timeoutMs: 60_000 });
    return { state: 'done' };
  },
  undo: { steps: (named): readonly StepSpec[] => [cancelRepair.with(named)] },
});

/** Its tablets are repaired in their turn again. */
export const cancelRepair = defineStep({
  kind: 'cancelRepair',
  params: table,
  about: ofDatabase,
  effect: 'changes',
  ports: ['sql'],
  timeoutMs: 120_000,
  repeat: 'safe',
  describe: (named) => `Have the tablets of ${nameOf(named)} repaired in their turn again`,
  check: async (_named, _ports, { applied }) => (applied ? { state: 'done' } : { state: 'todo' }),
  apply: async (named, { sql }, { signal }) => {
    // A table that was dropped meanwhile has no turn.
    if ((await readTableReplicas(sql, named, { signal })) !== null)
      await sql.query(cancelRepairTable(named), { signal, route: 'leader', timeoutMs: 60_000 });
    return { state: 'done' };
  },
  undo: { nothing: 'It is an undo itself.' },
});

export const awaitRepaired = defineStep({
  kind: 'awaitRepaired',
  params: table.extend({ timeoutMinutes: z.number() }),
  about: ofDatabase,
  effect: 'waits',
  ports: ['sql'],
  timeoutMs: ({ timeoutMinutes }) => timeoutMinutes * 60_000,
  repeat: 'safe',
  describe: (named) => `Wait until every tablet of ${nameOf(named)} is whole`,
  check: async (named, { sql }, { signal }) => {
    const found = await judge(sql, named, signal);
    if (found === null) {
      return {
        state: 'blocked',
        code: 'NOT_FOUND',
        message: `${nameOf(named)} was dropped meanwhile`,
        hint: 'There is nothing to wait for.',
      };
    }
    const { tablets, unhealthy } = found;
    if (unhealthy.length === 0) return { state: 'done', facts: { tablets } };
    return {
      state: 'moving',
      progress: {
        completed: tablets - unhealthy.length,
        total: tablets,
        message: `${nameOf(named)}: ${tabletsOfTableInWords(found)}`,
      },
      wakeAfterMs: 2_000,
    };
  },
  undo: { nothing: 'It only waits.' },
  diagnose: async (named, { sql }, { signal }) => {
    const found = await judge(sql, named, signal);
    return found === null ? [] : [`Not whole: tablet ${found.unhealthy.slice(0, 20).join(', ')}`];
  },
});

async function judge(sql: SqlReader, named: Named, signal: AbortSignal): Promise<TabletsOfTable | null> {
  const replicas = await readTableReplicas(sql, named, { signal });
  return replicas === null ? null : judgeTablets(replicas);
}
