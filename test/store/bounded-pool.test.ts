import type { MysqlPool, MysqlPoolConnection } from 'kysely';
import { describe, expect, it } from 'vitest';
import { boundPool } from '../../src/store/bounded-pool.ts';
import { isStoreAway } from '../../src/store/store-errors.ts';

/** What a connection answers to a statement: rows, an error, or nothing ever. */
type Answer = { rows: string[] } | { error: Error } | 'nothing';

const lost = Object.assign(new Error('Connection lost'), { fatal: true, code: 'PROTOCOL_CONNECTION_LOST' });
const server = (errno: number, message: string) => Object.assign(new Error(message), { errno, sqlState: 'HY000' });

/** A pool whose connections answer what `answers` say, one list a connection, in the order in which they are taken. */
function pool(...answers: Answer[][]) {
  const log: string[] = [];
  const paper: MysqlPool = {
    getConnection: (callback) => {
      const own = answers.shift();
      if (own === undefined) return;
      const name = `c${4 - answers.length}`;
      const connection: MysqlPoolConnection = {
        config: {},
        threadId: 1,
        connect: () => {},
        destroy: () => log.push('destroyed'),
        release: () => log.push('released'),
        query: (sql, _parameters, answered) => {
          log.push(sql);
          const next = own.shift() ?? 'nothing';
          if (next !== 'nothing')
            setImmediate(() =>
              'error' in next
                ? answered?.(next.error, [])
                : answered?.(
                    null,
                    next.rows.map((value) => ({ value })),
                  ),
            );
          return { stream: () => ({ [Symbol.asyncIterator]: () => name }) };
        },
      };
      setImmediate(() => callback(null, connection));
    },
    end: (callback) => callback(null),
  };
  return { log, bounded: boundPool(paper, { answerMs: 500, onRefusedWrite: () => log.push('refused') }) };
}

function take(bounded: MysqlPool): Promise<MysqlPoolConnection> {
  return new Promise((resolve, reject) => {
    bounded.getConnection((error, connection) => (error === null ? resolve(connection) : reject(error)));
  });
}

function ask(connection: MysqlPoolConnection, sql: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    connection.query(sql, [], (error, rows) => (error === null ? resolve(rows) : reject(error)));
  });
}

describe('a bounded pool', () => {
  it('asks a read once more on another connection when the first one was lost, and not a third time', async () => {
    const { bounded, log } = pool([{ error: lost }], [{ rows: ['1'] }]);
    expect(await ask(await take(bounded), 'select 1')).toEqual([{ value: '1' }]);
    expect(log).toEqual(['select 1', 'destroyed', 'select 1']);
    const twice = pool([{ error: lost }], [{ error: lost }]);
    await expect(ask(await take(twice.bounded), 'select 1')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it.each(['insert into run values (1)', 'update run set a = 1', 'commit'])(
    'never sends a change twice: %s',
    async (sql) => {
      const { bounded, log } = pool([{ error: lost }], [{ rows: [] }]);
      await expect(ask(await take(bounded), sql)).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        retryable: true,
        hint: expect.stringContaining('look first whether it was recorded'),
      });
      expect(log).toEqual([sql]);
    },
  );

  it('does not repeat a read inside a transaction: what was read and written before it is gone', async () => {
    const { bounded, log } = pool([{ rows: [] }, { error: lost }], [{ rows: ['1'] }]);
    const connection = await take(bounded);
    await ask(connection, 'begin');
    await expect(ask(connection, 'select 1')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(log).toEqual(['begin', 'select 1']);
  });

  it('waits for an answer no longer than it was told, and closes the connection that owes it', async () => {
    const { bounded, log } = pool(['nothing']);
    await expect(ask(await take(bounded), 'select 1')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(log).toEqual(['select 1', 'destroyed']);
  });

  it('waits for a connection no longer either', async () => {
    await expect(take(pool().bounded)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
  });

  it.each([
    [1114, "The table 'run' is full", 'cannot write'],
    [1021, 'Disk full (/tmp); waiting for someone to free some space...', 'cannot write'],
    [1030, 'Got error 28 "No space left on device" from storage engine InnoDB', 'cannot write'],
    [1290, 'The MariaDB server is running with the --read-only option', 'cannot write'],
    [1040, 'Too many connections', 'takes no more work'],
    [1053, 'Server shutdown in progress', 'takes no more work'],
  ])('says of error %i that the store is at fault, not the statement', async (errno, message, words) => {
    const { bounded, log } = pool([{ error: server(errno, message) }]);
    const error = await ask(await take(bounded), 'insert into run values (1)').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining(words) });
    expect(isStoreAway(error)).toBe(true);
    expect(log.includes('refused')).toBe(words === 'cannot write');
  });

  it('leaves the mistakes of a statement as they are', async () => {
    const duplicate = Object.assign(new Error('Duplicate entry'), { errno: 1062, sqlState: '23000' });
    const { bounded } = pool([{ error: duplicate }]);
    await expect(ask(await take(bounded), 'insert into run values (1)')).rejects.toBe(duplicate);
  });
});
