import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from './helpers/client.ts';
import { startCluster, type TestCluster } from './helpers/cluster.ts';

type Facts = {
  version: string;
  handshake: string;
  backendTail: string[];
  frontendHead: string;
  processHead: string;
  unknownDatabase: [code: number, state: string];
  unknownTable: [code: number, state: string];
  denied: number;
  prefix: string;
};

const releases: Facts[] = [
  {
    version: '3.2.16',
    handshake: '5.1.0',
    backendTail: ['CpuCores', 'NumRunningQueries', 'MemUsedPct', 'CpuUsedPct', 'Location'],
    frontendHead: 'Name',
    processHead: 'Id',
    unknownDatabase: [1049, '42000'],
    unknownTable: [1051, '42S02'],
    denied: 1252,
    prefix: 'Unexpected exception: ',
  },
  {
    version: '3.3.15',
    handshake: '5.1.0',
    backendTail: [
      'CpuCores',
      'MemLimit',
      'NumRunningQueries',
      'MemUsedPct',
      'CpuUsedPct',
      'DataCacheMetrics',
      'Location',
    ],
    frontendHead: 'Name',
    processHead: 'Id',
    unknownDatabase: [5501, '3F000'],
    unknownTable: [5502, '42602'],
    denied: 5203,
    prefix: '',
  },
  {
    version: '3.5.0',
    handshake: '8.0.33',
    backendTail: [
      'MemLimit',
      'NumRunningQueries',
      'MemUsedPct',
      'CpuUsedPct',
      'DataCacheMetrics',
      'Location',
      'StatusCode',
    ],
    frontendHead: 'Id',
    processHead: 'ServerName',
    unknownDatabase: [5501, '3F000'],
    unknownTable: [5502, '42602'],
    denied: 5203,
    prefix: '',
  },
];

describe.each(releases)('a cluster of release $version', (facts) => {
  let cluster: TestCluster;
  let sql: Client;
  beforeAll(async () => {
    cluster = await startCluster({ version: facts.version, backends: 1 });
    sql = await cluster.connect();
  });
  afterAll(() => cluster?.stop());

  it('prints the columns of its release', async () => {
    expect((await sql.columns('SHOW BACKENDS')).slice(-facts.backendTail.length)).toEqual(facts.backendTail);
    expect((await sql.columns('SHOW FRONTENDS'))[0]).toBe(facts.frontendHead);
    expect((await sql.columns('SHOW PROCESSLIST'))[0]).toBe(facts.processHead);
    expect(await sql.columns('SHOW PROC "/backends"')).toEqual(await sql.columns('SHOW BACKENDS'));
    expect((await sql.query('SHOW BACKENDS'))[0]).toMatchObject({
      Version: expect.stringMatching(`^${facts.version}-`),
    });
  });

  it('uses the error numbers and prefixes of its release', async () => {
    const database = await sql.failure('USE nowhere');
    expect([database.code, database.sqlState]).toEqual(facts.unknownDatabase);
    const table = await sql.failure('SELECT * FROM sys.nothing');
    expect([table.code, table.sqlState]).toEqual(facts.unknownTable);
    const drop = await sql.failure('ALTER SYSTEM DROP BACKEND "10.0.0.9:9050"');
    expect(drop).toEqual({
      code: 1064,
      sqlState: 'HY000',
      message: `${facts.prefix}backend does not exists[10.0.0.9:9050]`,
    });
    const config = await sql.failure('ADMIN SET FRONTEND CONFIG ("nope" = "1")');
    expect(config).toEqual({
      code: 1064,
      sqlState: 'HY000',
      message: `${facts.prefix}Config 'nope' does not exist or is not mutable`,
    });
  });

  it('greets with its MySQL version and names its own in version_comment', async () => {
    const rows = await sql.query('SELECT @@version_comment AS comment, @@version AS version');
    expect(rows[0]?.version).toBe(facts.handshake);
    expect(String(rows[0]?.comment)).toMatch(new RegExp(`^${facts.version}-[0-9a-f]{7}$`));
  });

  it('refuses a wrong password and an unknown database at the login', async () => {
    const login = cluster.connect(undefined, { user: 'root', password: 'wrong' });
    await expect(login).rejects.toMatchObject({
      errno: 1045,
      sqlState: '28000',
      message: "Access denied for user 'root' (using password: YES)",
    });
    const lost = cluster.connect(undefined, { database: 'nowhere' });
    await expect(lost).rejects.toMatchObject({ errno: facts.unknownDatabase[0] });
  });

  it('asks for NODE and OPERATE as two different things', async () => {
    await sql.query("CREATE USER 'mgr'@'127.%' IDENTIFIED BY 'pw'");
    expect(cluster.statements().map(({ text }) => text)).toContain("CREATE USER 'mgr'@'127.%' IDENTIFIED BY '***'");
    await sql.query('CREATE ROLE mgr_role');
    await sql.query('GRANT OPERATE, REPOSITORY ON SYSTEM TO ROLE mgr_role');
    await sql.query("GRANT mgr_role, cluster_admin TO USER 'mgr'@'127.%'");
    await sql.query("ALTER USER 'mgr'@'127.%' DEFAULT ROLE mgr_role");
    const manager = await cluster.connect(undefined, { user: 'mgr', password: 'pw' });
    expect(await manager.query('SHOW PROC "/statistic"')).not.toHaveLength(0);
    const refused = await manager.failure('ALTER SYSTEM ADD BACKEND "10.0.0.9:9050"');
    expect(refused).toEqual({
      code: facts.denied,
      sqlState: '42000',
      message:
        'Access denied; you need (at least one of) the NODE privilege(s) on SYSTEM for this operation. ' +
        'Please ask the admin to grant permission(s) or try activating existing roles using <set [default] role>. ' +
        'Current role(s): [mgr_role]. Inactivated role(s): [cluster_admin].',
    });
    await manager.query('SET ROLE cluster_admin');
    await manager.query('ALTER SYSTEM ADD BACKEND "10.0.0.9:9050"');
    expect((await manager.failure('SHOW PROC "/statistic"')).code).toBe(facts.denied);
    await manager.query('ALTER SYSTEM DROP BACKEND "10.0.0.9:9050"');
    const node = await sql.failure('GRANT NODE ON SYSTEM TO ROLE mgr_role');
    expect(node.message).toContain('cannot be granted to user or role directly, use built-in role instead');
  });

  it('prepares SELECT and nothing else', async () => {
    const [rows] = await sql.raw.execute('SELECT ? AS n, ? AS word', [7, "it's"]);
    expect(rows).toEqual([{ n: 7, word: "it's" }]);
    await expect(sql.raw.execute('SHOW BACKENDS')).rejects.toMatchObject({ errno: 1295 });
  });
});
