import { executionError } from '../sql/errors.ts';
import type { FrontendContext } from './context.ts';
import type { Database } from './meta/state.ts';

export type Transaction = { id: number; dbId: number; label: string; startedAt: number };

let lastNumber = 0;

/**
 * The transactions of a database that run now, on the leader. A rule of kind `transactions-running` adds `count` that never end,
 * as those of a client that begins and does not commit.
 */
export function runningTransactions(fe: FrontendContext, db: Database): Transaction[] {
  const real = [...fe.transactions.values()].filter(({ dbId }) => dbId === db.id);
  const left = fe.faults.strike('transactions-running', db.name)?.count ?? 0;
  const open = Array.from({ length: left }, (_, at): Transaction => {
    return { id: 1_000_000 + at, dbId: db.id, label: `left_open_${at}`, startedAt: fe.self.startedAt };
  });
  return [...real, ...open];
}

/** Runs one load as a transaction of its database; refused where as many run as `max_running_txn_num_per_db` allows. */
export async function inTransaction<T>(
  fe: FrontendContext,
  { db, label }: { db: Database; label: string },
  work: () => Promise<T>,
): Promise<T> {
  const limit = fe.config.number('max_running_txn_num_per_db');
  const running = runningTransactions(fe, db).length;
  if (running >= limit) {
    fe.metrics.transactionsRejected++;
    const why = `current running txns on db ${db.id} is ${running}, larger than limit ${limit}`;
    throw executionError(fe.release, why);
  }
  const id = ++lastNumber;
  fe.metrics.transactionsBegun++;
  fe.transactions.set(id, { id, dbId: db.id, label, startedAt: Date.now() });
  try {
    const value = await work();
    fe.metrics.transactionsDone++;
    return value;
  } catch (error) {
    fe.metrics.transactionsFailed++;
    throw error;
  } finally {
    fe.transactions.delete(id);
  }
}
