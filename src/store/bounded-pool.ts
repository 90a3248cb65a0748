import type { MysqlPool, MysqlPoolConnection, MysqlQueryResult } from 'kysely';
import { isBrokenOff, isRefusedByServer, isRefusedWrite, storeUnavailable } from './store-errors.ts';

type Leased = (error: unknown, connection: MysqlPoolConnection | null) => void;
type Answered = (error: unknown, result: MysqlQueryResult) => void;

/** `onRefusedWrite` is called whenever the server says that it cannot write: its disk is full, or it is read-only. */
export type Bounds = { readonly answerMs: number; readonly onRefusedWrite?: () => void };

/** A statement that got its connection late still has this long. */
const leastMs = 400;

/**
 * A pool whose users never wait longer than `answerMs` for an answer: for a connection and its first statement together,
 * then for each further statement. When no answer came by then, the error is `STORE_UNAVAILABLE` and the connection is
 * closed, because the late answer could be taken for that of the next statement. A read outside of a transaction that
 * failed because its connection was lost is asked once more, on another connection: idle connections die when a server is
 * restarted.
 */
export function boundPool(pool: MysqlPool, { answerMs, onRefusedWrite = () => {} }: Bounds): MysqlPool {
  return {
    getConnection: (callback) => {
      const until = performance.now() + answerMs;
      acquire(pool, answerMs, (error, connection) => {
        // Kysely looks at the error first; its type does not allow for a missing connection.
        if (connection === null) (callback as Leased)(error, null);
        else callback(null, bound({ pool, connection, answerMs, until, onRefusedWrite }));
      });
    },
    end: (callback) => pool.end(callback),
  };
}

function acquire(pool: MysqlPool, withinMs: number, callback: Leased): void {
  let isOver = false;
  const timer = setTimeout(() => {
    isOver = true;
    callback(storeUnavailable(new Error(`no connection within ${withinMs} ms`)), null);
  }, withinMs);
  pool.getConnection((error, connection) => {
    if (isOver) {
      if (error === null || error === undefined) connection.release();
      return;
    }
    clearTimeout(timer);
    if (error === null || error === undefined) callback(null, connection);
    else callback(explained(error), null);
  });
}

/**
 * One lease of a connection. It remembers whether a transaction is open, because inside one no statement may be sent
 * twice.
 */
function bound({
  pool,
  connection,
  answerMs,
  until,
  onRefusedWrite,
}: {
  pool: MysqlPool;
  connection: MysqlPoolConnection;
  answerMs: number;
  until: number;
  onRefusedWrite: () => void;
}): MysqlPoolConnection {
  let current = connection;
  let isFirst = true;
  let inTransaction = false;

  const query = (sql: string, parameters: unknown, callback?: Answered) => {
    if (callback === undefined)
      throw new Error('answers of the store are not streamed: a stream has no end to wait for');
    const withinMs = isFirst ? Math.max(leastMs, until - performance.now()) : answerMs;
    isFirst = false;
    if (/^begin\b/i.test(sql)) inTransaction = true;
    const mayRepeat = !inTransaction && /^\s*select\b/i.test(sql);
    if (/^(commit|rollback)$/i.test(sql)) inTransaction = false;
    const repeat = () =>
      acquire(pool, answerMs, (error, other) => {
        if (other === null) return callback(error, []);
        current = other;
        ask(other, { sql, parameters, withinMs: answerMs }, callback);
      });
    ask(current, { sql, parameters, withinMs }, (error, result) => {
      if (isRefusedWrite(originOf(error))) onRefusedWrite();
      if (mayRepeat && isBrokenOff(originOf(error))) {
        current.destroy();
        repeat();
      } else callback(error, result);
    });
    return { stream: noStream };
  };

  return {
    config: connection.config,
    threadId: connection.threadId,
    connect: (callback) => current.connect(callback),
    destroy: () => current.destroy(),
    release: () => current.release(),
    query,
  };
}

function ask(
  connection: MysqlPoolConnection,
  { sql, parameters, withinMs }: { sql: string; parameters: unknown; withinMs: number },
  callback: Answered,
): void {
  let isOver = false;
  const end: Answered = (error, result) => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    callback(error === null || error === undefined ? null : explained(error), result);
  };
  const timer = setTimeout(() => {
    end(storeUnavailable(new Error(`no answer within ${Math.round(withinMs)} ms`)), []);
    connection.destroy();
  }, withinMs);
  connection.query(sql, parameters, end);
}

/** Turns errors of the server as a whole into `STORE_UNAVAILABLE`; an error of a statement stays what it is. */
function explained(error: unknown): unknown {
  return isBrokenOff(error) || isRefusedByServer(error) ? storeUnavailable(error) : error;
}

function originOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error;
}

function noStream(): never {
  throw new Error('answers of the store are not streamed');
}
