import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { factsOfNodes } from '../../../src/adapters/starrocks/facts-of-nodes.ts';
import { parseBackends } from '../../../src/adapters/starrocks/parse.ts';
import type { SqlReader, SqlRow } from '../../../src/adapters/starrocks/port.ts';
import { type FactsRequest, readFacts, sqlFacts } from '../../../src/adapters/starrocks/read-facts.ts';
import { parseRoutineLoad } from '../../../src/adapters/starrocks/read-routine-loads.ts';
import { dueFacts, type FactAnswers, type FactName, factNames, facts } from '../../../src/domain/metrics/facts.ts';
import { AppError } from '../../../src/errors.ts';

type Line = { statement: string; columns: string[]; rows: (string | null)[][] };

const lines: Line[] = readFileSync(join(import.meta.dirname, 'recorded-facts.jsonl'), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line));

/** What a real frontend answered (test/contracts/recorded/README.md says which). */
function recorded(statement: string): SqlRow[] {
  const line = lines.find((each) => each.statement === statement);
  if (line === undefined) throw new Error(`${statement} is not recorded`);
  return line.rows.map((row) => Object.fromEntries(line.columns.map((name, index) => [name, row[index] ?? null])));
}

type Answers = Readonly<Record<string, readonly SqlRow[] | AppError>>;

/** Answers by the text of the statement; what is not there fails, as a cluster that does not answer. */
function cluster(answers: Answers, asked: string[] = []): SqlReader {
  return {
    query: async ({ text }) => {
      asked.push(text);
      const answer = answers[text] ?? new AppError('SQL_UNREACHABLE', `nobody answers ${text}`, { retryable: true });
      if (answer instanceof AppError) throw answer;
      return answer;
    },
  };
}

const at = new Date('2026-11-27T10:00:00Z');
const ask = (sql: SqlReader, due: readonly FactName[], more: Partial<FactsRequest> = {}) =>
  readFacts(sql, { due, before: {}, at, frontends: [], users: [], ...more });

function valuesOf(answers: FactAnswers, name: FactName): unknown {
  const answer = answers[name];
  if (answer === undefined) return undefined;
  return 'problem' in answer
    ? answer.problem
    : answer.values.map(({ subject, value }) => [Object.values(subject)[0] ?? '', value]);
}

const backend = (id: string, more: SqlRow = {}): SqlRow => ({
  ...recorded('SHOW BACKENDS')[0],
  ...{ BackendId: id, Alive: 'true', TabletNum: '40' },
  ...more,
});
const dead = { Alive: 'false' };

const columns = [
  'DbId',
  'DbName',
  'TableNum',
  'PartitionNum',
  'IndexNum',
  'TabletNum',
  'ReplicaNum',
  'UnhealthyTabletNum',
];
const counted = ['InconsistentTabletNum', 'CloningTabletNum', 'ErrorStateTabletNum'];
const statistic = (unhealthySales = '0'): SqlRow[] =>
  [
    ['10004', '_statistics_', '12', '12', '12', '107', '107', '107', '0', '0', '0'],
    ['18040', 'sales', '2', '2', '2', '6', '18', unhealthySales, '1', '2', '3'],
    ['Total', '2', '14', '14', '14', '113', '125', String(107 + Number(unhealthySales)), '1', '2', '3'],
  ].map((row) => Object.fromEntries([...columns, ...counted].map((name, index) => [name, row[index] ?? null])));

describe('facts about tablets', () => {
  it('are the totals of the real answer, without the databases of StarRocks itself', async () => {
    const sql = cluster({
      "SHOW PROC '/statistic'": recorded("SHOW PROC '/statistic'"),
      'SHOW BACKENDS': [backend('1'), backend('2', dead)],
    });
    const answers = await ask(sql, ['tablets']);
    const total = recorded("SHOW PROC '/statistic'").find(({ DbId }) => DbId === 'Total');
    expect(valuesOf(answers, 'tablets')).toEqual([['', Number(total?.TabletNum)]]);
    expect(valuesOf(answers, 'replicas_on_dead_backends')).toEqual([['', 40]]);
  });

  it('count what is unhealthy of users only', async () => {
    const sql = cluster({ "SHOW PROC '/statistic'": statistic('2'), 'SHOW BACKENDS': [backend('1')] });
    const answers = await ask(sql, ['tablets_unhealthy']);
    expect(valuesOf(answers, 'tablets_unhealthy')).toEqual([['', 2]]);
    expect(valuesOf(answers, 'tablets_inconsistent')).toEqual([['', 1]]);
    expect(valuesOf(answers, 'tablets_cloning')).toEqual([['', 2]]);
    expect(valuesOf(answers, 'tablets_in_error')).toEqual([['', 3]]);
  });
});

const tableConfig = [
  'SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_ENGINE, TABLE_MODEL, PROPERTIES, TABLE_ID',
  'FROM information_schema.tables_config',
].join('\n');
const table = (schema: string, name: string, replicas: number): SqlRow => ({
  ...{ TABLE_SCHEMA: schema, TABLE_NAME: name, PROPERTIES: JSON.stringify({ replication_num: String(replicas) }) },
});
const replica = (tablet: string, on: string, more: SqlRow = {}): SqlRow => ({
  ...recorded('ADMIN SHOW REPLICA STATUS FROM shop.orders')[0],
  ...{
    TabletId: tablet,
    ReplicaId: `${tablet}${on}`,
    BackendId: on,
    IsBad: 'false',
    Status: 'OK',
    Version: '1',
    CommittedVersion: '1',
  },
  ...more,
});

describe('tablets without a replica', () => {
  const fact = ['tablets_without_replica'] as const;

  it('are none, by two questions, while all is well', async () => {
    const asked: string[] = [];
    const sql = cluster(
      { "SHOW PROC '/statistic'": statistic(), 'SHOW BACKENDS': [backend('1'), backend('2')] },
      asked,
    );
    expect(valuesOf(await ask(sql, fact), 'tablets_without_replica')).toEqual([['', 0]]);
    expect(asked).toHaveLength(2);
  });

  it('are those whose every replica is on a backend that died just now, when the leader still counts none', async () => {
    const asked: string[] = [];
    const sql = cluster(
      {
        "SHOW PROC '/statistic'": statistic(),
        'SHOW BACKENDS': [backend('1'), backend('2', dead)],
        [tableConfig]: [table('sales', 'one', 1), table('sales', 'two', 2), table('_statistics_', 'own', 1)],
        'ADMIN SHOW REPLICA STATUS FROM `sales`.`one`': [
          replica('a', '1'),
          replica('b', '2'),
          replica('c', '2', { Status: 'DEAD' }),
        ],
      },
      asked,
    );
    expect(valuesOf(await ask(sql, fact), 'tablets_without_replica')).toEqual([['', 2]]);
    expect(asked.filter((text) => text.startsWith('ADMIN'))).toEqual(['ADMIN SHOW REPLICA STATUS FROM `sales`.`one`']);
  });

  it('are also those whose replicas are bad, and not those on a backend that only leaves', async () => {
    const sql = cluster({
      "SHOW PROC '/statistic'": statistic('3'),
      'SHOW BACKENDS': [backend('1'), backend('2', { SystemDecommissioned: 'true' })],
      [tableConfig]: [table('sales', 'two', 2)],
      'ADMIN SHOW REPLICA STATUS FROM `sales`.`two`': [
        ...[replica('a', '1', { Status: 'MISSING' }), replica('a', '2', { Status: 'DEAD' })],
        ...[replica('b', '1', { IsBad: 'true', Status: 'DEAD' }), replica('b', '2', { Status: 'VERSION_ERROR' })],
      ],
    });
    expect(valuesOf(await ask(sql, fact), 'tablets_without_replica')).toEqual([['', 1]]);
  });

  it('are not known when more tables are in doubt than can be asked', async () => {
    const sql = cluster({
      "SHOW PROC '/statistic'": statistic(),
      'SHOW BACKENDS': [backend('1'), backend('2', dead)],
      [tableConfig]: Array.from({ length: 201 }, (_, index) => table('sales', `t${index}`, 1)),
    });
    expect(valuesOf(await ask(sql, fact), 'tablets_without_replica')).toBe(
      '201 tables are in doubt, more than the 200 that are asked',
    );
  });
});

describe('facts about routine loads', () => {
  const rows = recorded('SHOW ROUTINE LOAD FOR shop.rl1');
  const load = (more: SqlRow): SqlRow => ({ ...rows[0], ...more });

  it('are read from the real answer', () => {
    expect(rows.map(parseRoutineLoad)).toEqual([
      {
        ...{ database: 'shop', name: 'rl1', state: 'PAUSED', totalRows: 0, errorRows: 0, lag: null },
        reason: "ErrorReason{errCode = 100, msg='User root pauses routine load job'}",
      },
    ]);
  });

  it.each([
    ['{"0":"12","1":"0","2":"700"}', 700],
    ['{}', null],
    ['', null],
    ['{"0":"x"}', null],
    ['not json', null],
  ])('take the lag %s as %s', (text, lag) => {
    expect(parseRoutineLoad(load({ OffsetLag: text })).lag).toBe(lag);
  });

  it.each([
    ['UNSTABLE', '{"0":"12"}', 1],
    ['UNSTABLE', '{}', 1],
    ['UNSTABLE', '{"0":"0","1":"0"}', 0],
    ['RUNNING', '{"0":"12"}', 0],
  ])('say of one that is %s with the lag %s whether it falls behind', async (State, OffsetLag, behind) => {
    const sql = cluster({
      'SHOW DATABASES': [{ Database: 'shop' }],
      'SHOW ROUTINE LOAD FROM `shop`': [load({ State, OffsetLag })],
    });
    expect(valuesOf(await ask(sql, ['routine_load_lag']), 'routine_loads_behind')).toEqual([['', behind]]);
  });

  it('have the share of the rows that came since the answer before', async () => {
    const look = (more: SqlRow, before: FactAnswers) =>
      ask(
        cluster({
          'SHOW DATABASES': [{ Database: 'shop' }, { Database: 'sys' }],
          'SHOW ROUTINE LOAD FROM `shop`': [load(more)],
        }),
        ['routine_load_lag'],
        { before },
      );
    const first = await look({ State: 'RUNNING', Statistic: '{"totalRows":1000,"errorRows":500}' }, {});
    expect(valuesOf(first, 'routine_load_error_share')).toEqual([]);
    expect(valuesOf(first, 'routine_load_running')).toEqual([['shop.rl1', 1]]);
    const second = await look({ State: 'UNSTABLE', Statistic: '{"totalRows":1200,"errorRows":502}' }, first);
    expect(valuesOf(second, 'routine_load_error_share')).toEqual([['shop.rl1', 0.01]]);
    expect(valuesOf(second, 'routine_load_running')).toEqual([['shop.rl1', 1]]);
    const idle = await look({ Statistic: '{"totalRows":1200,"errorRows":502}' }, second);
    expect(valuesOf(idle, 'routine_load_error_share')).toEqual([]);
    // Nothing came of which there could be a share: that is no lack of an answer.
    expect(idle.routine_load_error_share).toMatchObject({ unknown: [{ subject: { job: 'shop.rl1' }, isNone: true }] });
    expect(valuesOf(idle, 'routine_load_running')).toEqual([['shop.rl1', 0]]);
    const anew = await look({ State: 'RUNNING', Statistic: '{"totalRows":100,"errorRows":25}' }, idle);
    expect(valuesOf(anew, 'routine_load_error_share')).toEqual([['shop.rl1', 0.25]]);
  });
});

describe('facts about limits', () => {
  const config = (key: string, value: string): SqlRow[] => [
    { Key: key, AliasNames: '[]', Value: value, Type: 'int', IsMutable: 'true', Comment: '' },
  ];
  const transactions = "ADMIN SHOW FRONTEND CONFIG LIKE 'max_running_txn_num_per_db'";
  const connections = "ADMIN SHOW FRONTEND CONFIG LIKE 'qe_max_connection'";

  it('are asked of the leader, of each frontend, and of each user', async () => {
    const sql = cluster({
      [transactions]: config('max_running_txn_num_per_db', '1000'),
      [connections]: config('qe_max_connection', '4096'),
      "SHOW PROPERTY FOR 'u8'": recorded("SHOW PROPERTY FOR 'u8'"),
      "SHOW PROPERTY FOR 'a\\'b'": new AppError(
        'SQL_FAILED',
        "Getting analyzing error. Detail message: Unknown user: a'b.",
      ),
      "SHOW PROPERTY FOR 'u9'": new AppError('SQL_PRIVILEGE_MISSING', 'Access denied'),
    });
    const frontends = [{ id: 'fe1', host: '192.0.2.1', queryPort: 9030 }];
    const answers = await ask(sql, ['transaction_limit', 'connection_limit', 'user_connection_limit'], {
      frontends,
      users: ['u8', "a'b", 'u9'],
    });
    expect(answers.user_connection_limit).toMatchObject({
      unknown: [{ subject: { user: 'u9' }, because: expect.stringContaining('lacks GRANT on SYSTEM') }],
    });
    expect(valuesOf(answers, 'transaction_limit')).toEqual([['', 1_000]]);
    expect(valuesOf(answers, 'connection_limit')).toEqual([['fe1', 4_096]]);
    expect(valuesOf(answers, 'user_connection_limit')).toEqual([['u8', 7]]);
  });

  it('of one frontend that does not answer are missing, and those of the others are there', async () => {
    const sql: SqlReader = {
      query: async (_, call) => {
        if (typeof call?.route === 'object' && call.route.host === '192.0.2.2')
          throw new AppError('SQL_UNREACHABLE', 'refused');
        return config('qe_max_connection', '10');
      },
    };
    const frontends = ['1', '2'].map((id) => ({ id: `fe${id}`, host: `192.0.2.${id}`, queryPort: 9030 }));
    expect(valuesOf(await ask(sql, ['connection_limit'], { frontends }), 'connection_limit')).toEqual([['fe1', 10]]);
    const [, second] = frontends;
    const none = await ask(sql, ['connection_limit'], { frontends: second === undefined ? [] : [second] });
    expect(valuesOf(none, 'connection_limit')).toBe('refused');
  });
});

describe('facts about storage media', () => {
  it('are the disks of all living backends together, of the real answer', async () => {
    const disks = recorded("SHOW PROC '/backends/10509'");
    const sql = cluster({
      'SHOW BACKENDS': [backend('10509'), backend('2'), backend('3', dead)],
      "SHOW PROC '/backends/10509'": disks,
      "SHOW PROC '/backends/2'": [
        { ...disks[0], StorageMedium: 'HDD', TotalCapacity: '100.000 GB', AvailCapacity: '25.000 GB' },
        { ...disks[0], StorageMedium: 'N/A' },
      ],
    });
    const answers = await ask(sql, ['medium_used_share']);
    expect(valuesOf(answers, 'medium_available_bytes')).toEqual([
      ['SSD', Math.round(46.566 * 1_024 ** 3)],
      ['HDD', 25 * 1_024 ** 3],
    ]);
    expect(valuesOf(answers, 'medium_used_share')).toEqual([
      ['SSD', expect.closeTo(0.5, 4)],
      ['HDD', 0.75],
    ]);
  });
});

describe('facts in the list of nodes', () => {
  it('are the memory limit and the tablets of the real answer', () => {
    const backends = parseBackends(recorded('SHOW BACKENDS'));
    const idOf = ({ host }: { host: string }) => (host === '192.0.2.22' ? 'be22' : null);
    const answers = factsOfNodes({ backends, computeNodes: [], idOf, at });
    const row = backends.find(({ host }) => host === '192.0.2.22');
    expect(valuesOf(answers, 'memory_limit_bytes')).toEqual([['be22', 32 * 1_024 ** 3]]);
    expect(valuesOf(answers, 'tablets_on_node')).toEqual([['be22', row?.tabletCount]]);
  });
});

describe('asking for facts', () => {
  it('reads what is due, and no failure hides another', async () => {
    const asked: string[] = [];
    const sql = cluster({ "SHOW PROC '/statistic'": statistic(), 'SHOW BACKENDS': [backend('1')] }, asked);
    const answers = await ask(sql, ['tablets', 'transaction_limit']);
    expect(valuesOf(answers, 'tablets')).toEqual([['', 113]]);
    expect(valuesOf(answers, 'transaction_limit')).toContain('nobody answers');
    expect(valuesOf(answers, 'medium_used_share')).toBeUndefined();
    expect(asked.some((text) => text.includes('ROUTINE'))).toBe(false);
  });

  it('keeps the answer of before while it counts, and asks again at the pace of the fact', async () => {
    const before: FactAnswers = { tablets: { atMs: at.getTime() - 60_000, values: [{ subject: {}, value: 9 }] } };
    const after = await ask(cluster({}), ['tablets'], { before });
    expect(valuesOf(after, 'tablets')).toEqual([['', 9]]);
    const soon = new Date(at.getTime() + 59_000);
    const later = new Date(at.getTime() + 60_000);
    expect(dueFacts(after, { at: soon, from: 'SQL' })).not.toContain('tablets');
    expect(dueFacts(after, { at: later, from: 'SQL' })).toContain('tablets');
    const old: FactAnswers = { tablets: { atMs: at.getTime() - 181_000, values: [{ subject: {}, value: 9 }] } };
    expect(valuesOf(await ask(cluster({}), ['tablets'], { before: old }), 'tablets')).toContain('nobody answers');
  });

  it('has the leader look at all its tablets once, whatever is made of that', async () => {
    const asked: string[] = [];
    const sql = cluster({ "SHOW PROC '/statistic'": statistic(), 'SHOW BACKENDS': [backend('1')] }, asked);
    const answers = await ask(sql, sqlFacts);
    expect(valuesOf(answers, 'tablets')).toEqual([['', 113]]);
    expect(valuesOf(answers, 'tablets_without_replica')).toEqual([['', 0]]);
    expect(asked.filter((text) => text.includes('statistic'))).toHaveLength(1);
  });

  it('goes on when a reader of ours fails, whichever it is, and reports it', async () => {
    const fault = new TypeError('undefined is no row');
    const told = { "SHOW PROC '/statistic'": statistic(), 'SHOW BACKENDS': [backend('1')], 'SHOW DATABASES': [] };
    for (const broken of Object.keys(told)) {
      const { query } = cluster(told);
      const failures: unknown[] = [];
      const sql: SqlReader = {
        query: async (statement, call) => {
          if (statement.text === broken) throw fault;
          return query(statement, call);
        },
      };
      const request = { due: sqlFacts, before: {}, at, frontends: [], users: [] };
      const answers = await readFacts(sql, request, { failed: (error) => failures.push(error) });
      expect(Object.keys(answers).toSorted()).toEqual([...sqlFacts].toSorted());
      expect(new Set(failures)).toEqual(new Set([fault]));
      const problems = Object.values(answers).filter(
        (answer) => 'problem' in answer && /Starwarden/.test(answer.problem),
      );
      expect(problems.length).toBeGreaterThan(0);
      expect(problems.length).toBeLessThan(sqlFacts.length);
    }
  });

  it('asks no more databases for their backups than it may', async () => {
    const asked: string[] = [];
    const many = Array.from({ length: 501 }, (_, index) => ({ Database: `d${index}` }));
    const answers = await ask(cluster({ 'SHOW DATABASES': many }, asked), ['backups_running']);
    expect(valuesOf(answers, 'backups_running')).toBe('501 databases are more than the 500 that are asked');
    expect(asked).toHaveLength(1);
  });

  it('throws what is no fault of the cluster', async () => {
    const sql = cluster({ "SHOW PROC '/statistic'": new AppError('STORE_UNAVAILABLE', 'our own database is away') });
    await expect(ask(sql, ['tablets'])).rejects.toThrow('our own database is away');
  });

  it('knows a reader for every fact that SQL answers', () => {
    expect([...sqlFacts].toSorted()).toEqual(factNames.filter((name) => facts[name].from === 'SQL').toSorted());
  });
});

describe('readers that take long', () => {
  /** A cluster whose leader does not tell of its tablets and its routine loads until it is given up. */
  const stuck: SqlReader = {
    query: async ({ text }, call) => {
      if (!text.includes('statistic') && !text.includes('DATABASES')) return [];
      if (call?.signal?.aborted !== true)
        await new Promise((resolve) => call?.signal?.addEventListener('abort', resolve));
      throw new AppError('CANCELED', 'canceled');
    },
  };

  it('give way to the others, which are known before they are asked again', async () => {
    const first = await readFacts(
      stuck,
      { due: sqlFacts, before: {}, at, frontends: [], users: [] },
      { readerTimeoutMs: 50 },
    );
    expect(first.tablets).toEqual({ atMs: at.getTime(), problem: 'it was given up after 0 s', isSlow: true });
    expect(first.medium_used_share).toEqual({ atMs: at.getTime(), values: [] });
    const kept: FactAnswers[] = [];
    const again = await readFacts(
      stuck,
      { due: sqlFacts, before: first, at: new Date(at.getTime() + 60_000), frontends: [], users: [] },
      {
        readerTimeoutMs: 10_000,
        signal: AbortSignal.timeout(300),
        keep: async (answers) => {
          kept.push(answers);
        },
      },
    );
    expect(kept[0]?.medium_used_share).toEqual({ atMs: at.getTime() + 60_000, values: [] });
    expect(kept[0]?.tablets).toEqual(first.tablets);
    expect(again.tablets).toMatchObject({ atMs: at.getTime() + 60_000, isSlow: true });
  });

  it('says when a cluster has more databases than are asked for routine loads', async () => {
    const many = Array.from({ length: 503 }, (_, index) => ({ Database: `d${index}` }));
    const sql: SqlReader = { query: async ({ text }) => (text.includes('DATABASES') ? many : []) };
    const answers = await ask(sql, ['routine_load_lag']);
    expect(answers.routine_load_lag).toEqual({
      ...{ atMs: at.getTime(), values: [] },
      cut: '3 of 503 databases were not asked: the first 500 are',
    });
  });

  it('does not know what a routine load does whose database is not asked any more', async () => {
    const many = Array.from({ length: 503 }, (_, index) => ({ Database: `d${index}` }));
    const sql: SqlReader = { query: async ({ text }) => (text.includes('DATABASES') ? many : []) };
    const paused = (job: string) => ({ subject: { job }, value: 0 });
    const before = { routine_load_running: { atMs: at.getTime(), values: [paused('d1.gone'), paused('d501.orders')] } };
    const look = (known: FactAnswers) =>
      readFacts(sql, { due: ['routine_load_running'], before: known, at, frontends: [], users: [] });
    const because = '3 of 503 databases were not asked: the first 500 are';
    const unknown = [{ subject: { job: 'd501.orders' }, because }];
    const once = await look(before);
    expect(once.routine_load_running).toMatchObject({ values: [], unknown });
    expect((await look(once)).routine_load_running).toMatchObject({ values: [], unknown });
    expect(once.routine_loads_behind).toMatchObject({ values: [], unknown: [{ subject: {}, because }] });
  });
});
