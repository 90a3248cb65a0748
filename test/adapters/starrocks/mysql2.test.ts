import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createStarRocks, type StarRocks } from '../../../src/adapters/starrocks/mysql2.ts';
import type { SqlTarget } from '../../../src/adapters/starrocks/port.ts';
import { showBackends } from '../../../src/adapters/starrocks/statements.ts';
import { createTestDatabase, type TestDatabase } from '../../helpers/services.ts';
import {
  change,
  cleanups,
  cluster,
  frontend,
  impatient,
  read,
  realServer,
  refusing,
  says,
  silent,
} from './sql-targets.ts';
import { type Reply, startTinyFrontend, type TinyFrontend } from './tiny-frontend.ts';
import { localhostCertificate, localhostKey, strangeCertificate } from './tls-fixture.ts';

let database: TestDatabase;
let starrocks: StarRocks;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database?.drop());

beforeEach(() => {
  starrocks = createStarRocks({ connectTimeoutMs: 500 });
});

afterEach(async () => {
  await starrocks.close();
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const mariadb = (overrides: Partial<SqlTarget> = {}) => realServer(database.url, overrides);

describe('values', () => {
  it('come as text or null, whatever their type', async () => {
    const rows = await starrocks.connect(mariadb()).query(
      read(`SELECT 1 AS i, 9223372036854775807 AS big, 1.50 AS d, NULL AS n, '' AS nothing, 'Größe 🚀' AS t,
              TIMESTAMP('2025-06-15 15:57:30') AS at, DATE('2025-06-15') AS day, x'41' AS bin, TRUE AS yes`),
    );
    expect(rows).toEqual([
      {
        ...{ i: '1', big: '9223372036854775807', d: '1.50', n: null, nothing: '', t: 'Größe 🚀' },
        ...{ at: '2025-06-15 15:57:30', day: '2025-06-15', bin: 'A', yes: '1' },
      },
    ]);
  });

  it('are no rows for a statement that has none', async () => {
    const sql = starrocks.connect(mariadb());
    expect(await sql.query(change(`CREATE TABLE ${database.name}.t (a INT)`))).toEqual([]);
    expect(await sql.query(read(`SELECT a FROM ${database.name}.t`))).toEqual([]);
  });

  it('keep a column that is called as something inherited', async () => {
    const rows = await starrocks.connect(mariadb()).query(read('SELECT 1 AS `constructor`, 2 AS `toString`'));
    expect(rows).toEqual([{ constructor: '1', toString: '2' }]);
  });
});

describe('several statements in one text', () => {
  it('are not asked for by the client', async () => {
    const sql = starrocks.connect(mariadb());
    await expect(sql.query(read('SELECT 1; SELECT 2'))).rejects.toMatchObject({ code: 'SQL_FAILED' });
  });
});

describe('errors', () => {
  const signal = (errno: number, message: string) =>
    `SIGNAL SQLSTATE '42000' SET MYSQL_ERRNO = ${errno}, MESSAGE_TEXT = '${message}'`;

  it.each([
    [1_252, 'Access denied; you need the NODE privilege', 'SQL_PRIVILEGE_MISSING'],
    [5_203, 'Access denied; you need the NODE privilege', 'SQL_PRIVILEGE_MISSING'],
    [1_227, 'Access denied; you need SUPER', 'SQL_PRIVILEGE_MISSING'],
    [5_501, 'Unknown database x', 'SQL_FAILED'],
    [5_064, 'Failed to create repository: java.net.ConnectException: Connection refused', 'SQL_FAILED'],
    [1_064, 'Getting analyzing error. Detail message: no.', 'SQL_FAILED'],
    [1_064, 'java.net.ConnectException: Connection refused (Connection refused)', 'SQL_UNREACHABLE'],
    [1_064, 'org.apache.thrift.transport.TTransportException: java.net.ConnectException: refused', 'SQL_UNREACHABLE'],
    [5_401, 'forward too many times 31', 'SQL_UNREACHABLE'],
    [1_064, 'Missing current catalog. You need to upgrade this Frontend', 'SQL_UNREACHABLE'],
    [5_024, 'Query reached its timeout of 300 seconds', 'TIMEOUT'],
    [1_203, 'User x already has more than max_user_connections active connections', 'SQL_UNREACHABLE'],
  ])('of the number %d with %j are %s', async (errno, message, code) => {
    await expect(
      impatient()
        .connect(mariadb())
        .query(change(signal(errno, message))),
    ).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message.slice(0, 100)),
    });
  });

  it('are told as a lost answer where the leader may have got the statement', async () => {
    const statement = signal(1_064, 'java.net.SocketTimeoutException: Read timed out');
    await expect(starrocks.connect(mariadb()).query(change(statement))).rejects.toMatchObject({
      code: 'SQL_ANSWER_LOST',
    });
  });

  it('keep the connection when the server merely refused', async () => {
    const sql = starrocks.connect(mariadb());
    const id = async () => (await sql.query(read('SELECT CONNECTION_ID() AS id')))[0]?.id;
    const before = await id();
    await expect(sql.query(read('SELECT nonsense'))).rejects.toMatchObject({ code: 'SQL_FAILED' });
    expect(await id()).toBe(before);
  });

  it('show neither the password nor the secrets of the statement', async () => {
    const target = mariadb();
    const password = await target.password();
    const text = `SELECT '${password}' FROM minio_canary`;
    const failure = await starrocks
      .connect(target)
      .query(read(text, ['minio_canary']))
      .catch((error: unknown) => error);
    const syntax = await starrocks
      .connect(target)
      .query(read(`SELEKT '${password}'`))
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'SQL_FAILED' });
    expect(String(failure)).not.toContain('minio_canary');
    expect(String(syntax)).not.toContain(password);
  });

  it('name the user whose login is refused, and not the password', async () => {
    const sql = starrocks.connect(mariadb({ password: async () => 'wrong-canary' }));
    const failure = await sql.query(read('SELECT 1')).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'SQL_AUTH_FAILED', retryable: false });
    expect(String(failure)).not.toContain('wrong-canary');
  });
});

describe('a wrong password', () => {
  it('never profits from a session that the right one opened', async () => {
    await starrocks.connect(mariadb()).query(read('SELECT 1'));
    const sql = starrocks.connect(mariadb({ password: async () => 'wrong' }));
    await expect(sql.query(read('SELECT 1'))).rejects.toMatchObject({ code: 'SQL_AUTH_FAILED' });
  });
});

describe('frontends', () => {
  it('are tried in turn until one lets us in, and the dead ones last from then on', async () => {
    const mute = await silent();
    const frontends = [await refusing(), mute, await says('third')];
    const sql = starrocks.connect(cluster(frontends));
    expect(await sql.query(read('SELECT who'))).toEqual([{ who: 'third' }]);
    const before = mute.callers();
    expect(await sql.query(read('SELECT who'))).toEqual([{ who: 'third' }]);
    expect([before, mute.callers()]).toEqual([1, 1]);
  });

  it('are tried in turn for a change too, as long as nothing was sent', async () => {
    const last = await frontend(() => 'ok');
    const sql = starrocks.connect(cluster([await refusing(), await silent(), last]));
    expect(await sql.query(change('ALTER SYSTEM CREATE IMAGE'))).toEqual([]);
    expect(last.statements).toEqual(['ALTER SYSTEM CREATE IMAGE']);
  });

  it('are named with their reasons when none answers', async () => {
    const [first, second] = [await refusing(), await silent()];
    await expect(starrocks.connect(cluster([first, second])).query(read('SELECT who'))).rejects.toMatchObject({
      code: 'SQL_UNREACHABLE',
      retryable: true,
      message: expect.stringMatching(new RegExp(`${first.port}.*ECONNREFUSED.*${second.port}.*no greeting`)),
    });
  });

  it('are not tried further once one has refused the login', async () => {
    const other = await says('other');
    const { frontends, user } = mariadb();
    const sql = starrocks.connect({ ...cluster([...frontends, other]), user });
    await expect(sql.query(read('SELECT who'))).rejects.toMatchObject({ code: 'SQL_AUTH_FAILED' });
    expect(other.logins()).toBe(0);
  });

  it('are tried further for a read whose connection broke', async () => {
    const broken = await frontend(() => 'hang-up');
    const sql = starrocks.connect(cluster([broken, await says('second')]));
    expect(await sql.query(read('SELECT who'))).toEqual([{ who: 'second' }]);
    expect(broken.statements).toEqual(['SELECT who']);
  });

  it('are tried further for a read that one could not forward', async () => {
    const message = 'java.net.ConnectException: Connection refused';
    const follower = await frontend(() => ({ errno: 1_064, sqlState: 'HY000', message }));
    const sql = starrocks.connect(cluster([follower, await says('second')]));
    expect(await sql.query(read('SELECT who'))).toEqual([{ who: 'second' }]);
  });
});

describe('a change', () => {
  it.each<[string, Reply]>([
    ['the connection breaks', 'hang-up'],
    ['no answer comes in time', 'hang'],
  ])('is sent once, and its answer is reported as lost, when %s', async (_what, reply) => {
    const first = await frontend(() => reply);
    const second = await frontend(() => 'ok');
    const sql = starrocks.connect(cluster([first, second]));
    await expect(sql.query(change('BACKUP'), { timeoutMs: 400 })).rejects.toMatchObject({
      code: 'SQL_ANSWER_LOST',
      retryable: false,
    });
    expect([...first.statements, ...second.statements]).toEqual(['BACKUP']);
  });

  it('is not sent into a session that died while it lay idle', async () => {
    const target = await frontend(() => 'ok');
    const sql = starrocks.connect(cluster([target]));
    await sql.query(change('FIRST'));
    target.dropAll();
    expect(await sql.query(change('SECOND'))).toEqual([]);
    expect(target.statements).toEqual(['FIRST', 'SECOND']);
  });

  it('says that it was sent when the caller cancels', async () => {
    const target = await frontend(() => 'hang');
    const controller = new AbortController();
    const running = starrocks.connect(cluster([target])).query(change('BACKUP'), { signal: controller.signal });
    const failure = expect(running).rejects.toMatchObject({
      code: 'CANCELED',
      hint: expect.stringContaining('was sent'),
    });
    await expect.poll(() => target.statements).toEqual(['BACKUP']);
    controller.abort();
    await failure;
  });
});

describe('the leader', () => {
  const columns = [
    'Name',
    'IP',
    'EditLogPort',
    'HttpPort',
    'QueryPort',
    'RpcPort',
    'Role',
    'ClusterId',
    'Join',
    'Alive',
  ];
  const more = ['ReplayedJournalId', 'LastHeartbeat', 'IsHelper', 'ErrMsg', 'StartTime', 'Version'];

  const rowsOf = (frontends: readonly { host: string; port: number; role: string }[]): Reply => ({
    // Reversed: columns are found by name and not by place.
    columns: [...columns, ...more].toReversed(),
    rows: frontends.map(({ host, port, role }) =>
      [
        ...['n', host, '9010', '8030', String(port), '9020', role, '1', 'true', 'true'],
        ...['7', null, 'true', '', 'NULL', '3.5.0-48f4d81'],
      ].toReversed(),
    ),
  });

  it('is found by asking any frontend, and gets the statement', async () => {
    const leader = await frontend(() => 'ok', '127.0.1.76');
    const follower: TinyFrontend = await frontend(() =>
      rowsOf([
        { ...follower, role: 'FOLLOWER' },
        { ...leader, role: 'LEADER' },
      ]),
    );
    const sql = starrocks.connect(cluster([await refusing(), follower]));
    await sql.query(change('ADMIN SET FRONTEND CONFIG'), { route: 'leader' });
    expect(leader.statements).toEqual(['ADMIN SET FRONTEND CONFIG']);
    expect(follower.statements).toEqual(['SHOW FRONTENDS']);
  });

  it('is missed in words when there is none', async () => {
    const follower: TinyFrontend = await frontend(() => rowsOf([{ ...follower, role: 'FOLLOWER' }]));
    const asking = impatient()
      .connect(cluster([follower]))
      .query(showBackends(), { route: 'leader' });
    await expect(asking).rejects.toMatchObject({
      code: 'SQL_UNREACHABLE',
      retryable: true,
      message: 'show-backends needs the leader, and the cluster has none',
    });
  });
});

describe('while a leader is handed over', () => {
  const gone = (message: string): Reply => ({ errno: 1_064, sqlState: 'HY000', message });
  /** Answers with each reply once, and with the last one from then on. */
  const inTurn = (replies: readonly Reply[]) => {
    let count = 0;
    return () => replies[Math.min(count++, replies.length - 1)] ?? 'hang';
  };

  it.each([
    'Socket is closed by peer.',
    'java.net.SocketException: Connection reset',
    'java.net.ConnectException: Connection refused',
    'Environment is closed.',
  ])('a read that is told %j is asked again until somebody leads', async (message) => {
    const reply: Reply = { columns: ['who'], rows: [['the new leader']] };
    const follower = await frontend(
      inTurn([gone(message), gone('java.net.ConnectException: Connection refused'), reply]),
    );
    const sql = starrocks.connect(cluster([follower, await refusing()]));
    expect(await sql.query(read('SHOW BACKENDS'))).toEqual([{ who: 'the new leader' }]);
    expect(follower.statements).toEqual(['SHOW BACKENDS', 'SHOW BACKENDS', 'SHOW BACKENDS']);
  });

  it('a change that nobody took is sent again, and one that may have been taken is not', async () => {
    const refused = await frontend(inTurn([gone('java.net.ConnectException: Connection refused'), 'ok']));
    expect(await starrocks.connect(cluster([refused])).query(change('BACKUP'))).toEqual([]);
    expect(refused.statements).toEqual(['BACKUP', 'BACKUP']);
    const taken = await frontend(inTurn([gone('Socket is closed by peer.'), 'ok']));
    await expect(starrocks.connect(cluster([taken])).query(change('BACKUP'))).rejects.toMatchObject({
      code: 'SQL_ANSWER_LOST',
    });
    expect(taken.statements).toEqual(['BACKUP']);
  });

  it('the patience ends before the time of the statement, with the reason', async () => {
    const follower = await frontend(() => gone('Socket is closed by peer.'));
    await expect(
      starrocks.connect(cluster([follower])).query(read('SHOW BACKENDS'), { timeoutMs: 1_500 }),
    ).rejects.toMatchObject({
      code: 'SQL_UNREACHABLE',
      retryable: true,
      message: expect.stringMatching(/closed by peer/),
    });
    expect(follower.statements.length).toBeGreaterThan(1);
  });

  it('does not wait where no frontend answers at all', async () => {
    const patient = createStarRocks({ leaderPatienceMs: 3_600_000 }); // it would not come to an end here
    const asked = patient.connect(cluster([await refusing()])).query(read('SELECT 1'), { timeoutMs: 7_200_000 });
    await expect(asked).rejects.toMatchObject({ code: 'SQL_UNREACHABLE' });
    await patient.close();
  });
});

describe('a frontend that accepts and never greets', () => {
  it('is told as just that, and not as one that refuses', async () => {
    const mute = await silent();
    await expect(starrocks.connect(cluster([mute])).query(read('SELECT 1'))).rejects.toMatchObject({
      code: 'SQL_UNREACHABLE',
      retryable: true,
      message: expect.stringMatching(`${mute.port} accepts the connection and sends no greeting`),
      hint: expect.stringContaining('dropped from its cluster'),
    });
    await expect(starrocks.connect(cluster([await refusing()])).query(read('SELECT 1'))).rejects.toMatchObject({
      message: expect.stringContaining('ECONNREFUSED'),
      hint: expect.not.stringContaining('dropped'),
    });
  });
});

describe('a route to one frontend', () => {
  it('asks that one and no other', async () => {
    const [first, second] = [await says('first'), await says('second')];
    const sql = starrocks.connect(cluster([first]));
    expect(await sql.query(read('SELECT who'), { route: second })).toEqual([{ who: 'second' }]);
    await expect(sql.query(read('SELECT who'), { route: await refusing() })).rejects.toMatchObject({
      code: 'SQL_UNREACHABLE',
    });
    expect(first.statements).toEqual([]);
  });
});

describe('TLS', () => {
  const offering = async () => {
    const identity = { key: localhostKey, cert: localhostCertificate };
    const started = await startTinyFrontend('127.0.0.1', () => ({ columns: ['who'], rows: [['me']] }), identity);
    cleanups.push(started.close);
    return started;
  };
  const over = ({ host, port }: { host: string; port: number }, tls: SqlTarget['tls']) =>
    starrocks.connect({ ...cluster([{ host, port }]), tls }).query(read('SELECT who'));

  it('carries the session when the certificate is signed by whom we trust', async () => {
    const { port } = await offering();
    const tls = { verify: true, ca: localhostCertificate };
    expect(await over({ host: 'localhost', port }, tls)).toEqual([{ who: 'me' }]);
    expect(await over({ host: '127.0.0.1', port }, tls)).toEqual([{ who: 'me' }]);
  });

  it.each([
    ['another authority', strangeCertificate],
    ['nobody we know', null],
  ])('is refused when the certificate is signed by %s, before any login', async (_who, ca) => {
    const target = await offering();
    await expect(over(target, { verify: true, ca })).rejects.toMatchObject({
      code: 'SQL_UNREACHABLE',
      retryable: false,
    });
    expect(target.logins()).toBe(0);
  });

  it('takes any certificate when told not to verify', async () => {
    expect(await over(await offering(), { verify: false, ca: null })).toEqual([{ who: 'me' }]);
  });

  it('does not fall back to plain text when the frontend offers none', async () => {
    const target = await says('me');
    await expect(over(target, { verify: false, ca: null })).rejects.toMatchObject({
      code: 'SQL_UNREACHABLE',
      retryable: false,
      hint: expect.stringContaining('TLS'),
    });
    expect(target.logins()).toBe(0);
  });
});

describe('timeouts', () => {
  it('end a read, and tell the server that nobody waits for it any more', async () => {
    const sql = starrocks.connect(mariadb());
    const marker = `probe_${crypto.randomUUID().slice(0, 8)}`;
    await expect(sql.query(read(`SELECT SLEEP(3600) AS ${marker}`), { timeoutMs: 300 })).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
    const running = async () =>
      (await sql.query(read('SHOW FULL PROCESSLIST'))).filter(({ Info }) => Info?.includes(marker));
    await expect.poll(running).toEqual([]);
  });

  it('cover the wait for a free session', async () => {
    const narrow = createStarRocks({ maxSessionsPerFrontend: 1, connectTimeoutMs: 200 });
    try {
      const sql = narrow.connect(cluster([await frontend(() => 'hang')]));
      const [first, second] = [300, 200].map((timeoutMs) => sql.query(read('SELECT 1'), { timeoutMs }));
      await expect(second).rejects.toMatchObject({ code: 'TIMEOUT' });
      await expect(first).rejects.toMatchObject({ code: 'TIMEOUT' });
    } finally {
      await narrow.close();
    }
  });

  it('cover a secret store that does not answer', async () => {
    const sql = starrocks.connect(mariadb({ password: () => sleep(60_000, 'late', { ref: false }) }));
    await expect(sql.query(read('SELECT 1'), { timeoutMs: 100 })).rejects.toMatchObject({ code: 'TIMEOUT' });
  });
});

describe('sessions', () => {
  it('that died while idle cost a read nothing', async () => {
    let isFirst = true;
    const target: TinyFrontend = await frontend((statement) => {
      const dies = statement === 'SELECT again' && isFirst;
      if (dies) isFirst = false;
      return dies ? 'hang-up' : { columns: ['who'], rows: [['me']] };
    });
    const sql = starrocks.connect(cluster([target]));
    await sql.query(read('SELECT who'));
    expect(await sql.query(read('SELECT again'))).toEqual([{ who: 'me' }]);
    expect(target.statements).toEqual(['SELECT who', 'SELECT again', 'SELECT again']);
  });

  it('that the driver gave up are not used again', async () => {
    const sql = starrocks.connect(mariadb());
    await expect(sql.query(read('SELECT 1 AS `__proto__`'))).rejects.toMatchObject({ code: 'SQL_UNREACHABLE' });
    expect(await sql.query(read('SELECT 1 AS one'))).toEqual([{ one: '1' }]);
  });

  it('are reused, and never more than allowed', async () => {
    const pool = createStarRocks({ maxSessionsPerFrontend: 3 });
    try {
      const target = await says('me');
      const sql = pool.connect(cluster([target]));
      await Promise.all(Array.from({ length: 30 }, () => sql.query(read('SELECT who'))));
      // Another handle of the same cluster shares them.
      await pool.connect(cluster([target])).query(read('SELECT who'));
      expect(target.logins()).toBe(3);
      expect(target.statements.length).toBe(31);
    } finally {
      await pool.close();
    }
  });

  it('are closed when idle', async () => {
    const pool = createStarRocks({ idleMs: 50 });
    try {
      const target = await says('me');
      const sql = pool.connect(cluster([target]));
      await sql.query(read('SELECT who'));
      await sleep(200);
      await sql.query(read('SELECT who'));
      expect(target.logins()).toBe(2);
    } finally {
      await pool.close();
    }
  });
});
