import { AppError } from '../../errors.ts';
import { inParallel } from '../in-parallel.ts';
import { whole } from './cells.ts';
import { type Found, ofCluster, ofEach } from './fact-answer.ts';
import { readFrontendValues } from './frontend-config.ts';
import type { SqlCall, SqlReader } from './port.ts';
import { showUserProperties } from './statements.ts';

const atOnce = 4;

/** How many transactions of a database may run at the same time. */
export async function readTransactionLimit(sql: SqlReader, call: SqlCall): Promise<Found> {
  const limit = await readNumber(sql, 'max_running_txn_num_per_db', { ...call, route: 'leader' });
  if (limit === null)
    throw new AppError('SQL_FAILED', 'The leader does not show max_running_txn_num_per_db as a number');
  return { transaction_limit: ofCluster(limit) };
}

export type FrontendToAsk = { readonly id: string; readonly host: string; readonly queryPort: number };

/**
 * How many connections each frontend allows. It is not the same on all of them by nature, so each is asked; one that does
 * not answer has no limit. Throws what the last one said when none answers.
 */
export async function readConnectionLimits(
  sql: SqlReader,
  frontends: readonly FrontendToAsk[],
  call: SqlCall,
): Promise<Found> {
  let failure: AppError | null = null;
  const limits = await inParallel(frontends, atOnce, async ({ id, host, queryPort }) => {
    try {
      return { id, limit: await readNumber(sql, 'qe_max_connection', { ...call, route: { host, port: queryPort } }) };
    } catch (error) {
      if (!(error instanceof AppError) || error.code === 'STORE_UNAVAILABLE') throw error;
      failure = error;
      return { id, limit: null };
    }
  });
  if (failure !== null && limits.every(({ limit }) => limit === null)) throw failure;
  return {
    connection_limit: ofEach(
      limits,
      ({ id }) => ({ nodeId: id }),
      ({ limit }) => limit,
    ),
  };
}

async function readNumber(sql: SqlReader, key: string, call: SqlCall): Promise<number | null> {
  return whole((await readFrontendValues(sql, key, call))[key]);
}

const notTold = 'Starwarden may not read the limits of other users: its account lacks GRANT on SYSTEM';

/**
 * How many connections users may have, on each frontend. Names come from pages of metrics, so a user may not exist any
 * more, or never have existed. Without GRANT on SYSTEM only one's own is told; throws `SQL_PRIVILEGE_MISSING` when none is.
 */
export async function readUserLimits(sql: SqlReader, users: readonly string[], call: SqlCall): Promise<Found> {
  let refusal: AppError | null = null;
  const limits = await inParallel(users, atOnce, async (user) => {
    try {
      const rows = await sql.query(showUserProperties(user), call);
      return { user, limit: whole(rows.find(({ Key }) => Key === 'max_user_connections')?.Value), isRefused: false };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (error.code === 'SQL_PRIVILEGE_MISSING') refusal = error;
      else if (error.code !== 'SQL_FAILED' || !/unknown user/i.test(error.message)) throw error;
      return { user, limit: null, isRefused: error.code === 'SQL_PRIVILEGE_MISSING' };
    }
  });
  if (refusal !== null && limits.every(({ limit }) => limit === null)) throw refusal;
  return {
    user_connection_limit: ofEach(
      limits,
      ({ user }) => ({ user }),
      ({ limit }) => limit,
    ),
    unknown: {
      user_connection_limit: limits.flatMap(({ user, isRefused }) =>
        isRefused ? [{ subject: { user }, because: notTold }] : [],
      ),
    },
  };
}
