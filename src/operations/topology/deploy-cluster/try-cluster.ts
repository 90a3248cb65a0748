import { z } from 'zod';
import {
  countTrialRows,
  createTrialDatabase,
  createTrialTable,
  dropTrialDatabase,
  writeTrialRow,
} from '../../../adapters/starrocks/new-cluster-statements.ts';
import type { SqlReader } from '../../../adapters/starrocks/port.ts';
import { showDatabases, showTables } from '../../../adapters/starrocks/statements.ts';
import { trialDatabase } from '../../../domain/deploy/trial-database.ts';
import { theCluster } from '../../../domain/subject.ts';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';
import { firstFrontend } from './secure-first-frontend.ts';

const table = 'written';

/**
 * Writes a row into a table of its own with as many replicas as tables of this cluster will have, reads it and drops the
 * database. That the nodes are alive does not say that the cluster can hold data.
 */
export const tryCluster = defineStep({
  kind: 'tryCluster',
  params: firstFrontend.extend({ replicas: z.union([z.literal(1), z.literal(2), z.literal(3)]) }),
  about: () => theCluster,
  effect: 'changes',
  ports: ['sqlAs'],
  timeoutMs: 180_000,
  repeat: 'safe', // whatever an earlier try has left is dropped at the end
  describe: ({ replicas }) =>
    `Make the database ${trialDatabase}, write a row into a table of it with ${replicas} replica${replicas === 1 ? '' : 's'}, read it, and drop the database`,
  // Nothing of it stays, so nothing shows that it was done.
  check: async () => ({ state: 'todo' }),
  apply: async ({ host, queryPort: port, rootPasswordRef, replicas }, { sqlAs }, { signal, log }) => {
    const sql = sqlAs({ host, port, user: 'root', passwordRef: rootPasswordRef });
    const call = { signal, timeoutMs: 30_000 };
    const name = { database: trialDatabase, table };
    await refuseForeign(sql, signal);
    await sql.query(createTrialDatabase(trialDatabase), call);
    try {
      await sql.query(createTrialTable({ ...name, replicas }), call);
      await sql.query(writeTrialRow(name), call);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'SQL_FAILED') throw error;
      // Backends that have just joined report their disks after some seconds; before that there is no room for a tablet.
      throw new AppError('SQL_FAILED', error.message, { ...(error.hint && { hint: error.hint }), retryable: true });
    }
    const [row] = await sql.query(countTrialRows(name), call);
    if (!(Number(row?.found) >= 1)) {
      throw new AppError('SQL_FAILED', `The row that was written into ${trialDatabase}.${table} is not read again`, {
        hint: 'Look at the backends and their logs, then retry the run.',
      });
    }
    await refuseForeign(sql, signal);
    await sql.query(dropTrialDatabase(trialDatabase), call);
    log(`a row was written with ${replicas} replicas and read again`);
    return { state: 'done' };
  },
  undo: { nothing: 'What it makes it drops itself.' },
});

/** It is dropped at the end, so it may hold nothing but what this step makes. */
async function refuseForeign(sql: SqlReader, signal: AbortSignal): Promise<void> {
  const databases = await sql.query(showDatabases(), { signal });
  if (!databases.some(({ Database }) => Database === trialDatabase)) return;
  const tables = (await sql.query(showTables(trialDatabase), { signal })).flatMap((row) => Object.values(row)[0] ?? []);
  const others = tables.filter((name) => name !== table);
  if (others.length === 0) return;
  throw new AppError('PRECONDITION_FAILED', `The database ${trialDatabase} holds ${others.join(', ')}`, {
    hint: 'Somebody uses a name that this run needs. Rename the database, then retry the run.',
  });
}
