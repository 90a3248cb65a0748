import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client, Row } from './helpers/client.ts';
import { startCluster, type TestCluster, until, untilValue } from './helpers/cluster.ts';

let cluster: TestCluster;
let sql: Client;
beforeAll(async () => {
  cluster = await startCluster({ version: '3.4.5', backends: 3 });
  sql = await cluster.connect();
  await sql.query('CREATE DATABASE shop');
  await sql.query(`CREATE TABLE shop.orders (id BIGINT NOT NULL, day DATE NOT NULL, city VARCHAR(20))
    DUPLICATE KEY(id) PARTITION BY RANGE(day) (PARTITION p1 VALUES LESS THAN ("2025-02-01"), PARTITION p2 VALUES LESS THAN ("2025-03-01"))
    DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ("replication_num" = "3")`);
  await sql.query(
    "INSERT INTO shop.orders VALUES (1, '2025-01-05', 'Bern'), (2, '2025-02-05', 'Rome'), (3, '2025-02-06', NULL)",
  );
  await sql.query(
    'CREATE TABLE shop.users (id INT, name VARCHAR(10)) PRIMARY KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "3")',
  );
  await sql.query("INSERT INTO shop.users VALUES (1, 'ann'), (2, 'bob')");
  await sql.query("INSERT INTO shop.users VALUES (2, 'bill')");
  await sql.query('CREATE DATABASE empty');
  await sql.query('CREATE REPOSITORY repo WITH BROKER ON LOCATION "s3://backups/nightly"');
  await sql.query('CREATE READ ONLY REPOSITORY frozen WITH BROKER ON LOCATION "s3://backups/nightly"');
});
afterAll(() => cluster?.stop());

async function job(kind: 'BACKUP' | 'RESTORE', db = 'shop'): Promise<Row> {
  return (await sql.query(`SHOW ${kind} FROM ${db}`))[0] ?? {};
}

async function ended(kind: 'BACKUP' | 'RESTORE', db = 'shop'): Promise<Row> {
  return untilValue(async () => {
    const row = await job(kind, db);
    return row.FinishedTime === null ? null : row;
  }, `${kind} ended`);
}

async function timestampOf(snapshot: string): Promise<string> {
  return String((await sql.query(`SHOW SNAPSHOT ON repo WHERE SNAPSHOT = "${snapshot}"`))[0]?.Timestamp);
}

const properties = (timestamp: string) => `PROPERTIES ("backup_timestamp" = "${timestamp}")`;

describe('a repository', () => {
  it.each([
    [
      'CREATE REPOSITORY repo WITH BROKER ON LOCATION "s3://backups/nightly"',
      5064,
      'Failed to create repository: repository with same name already exist: repo',
    ],
    [
      'CREATE REPOSITORY lost WITH BROKER ON LOCATION "s3://no-bucket/x"',
      5064,
      'Failed to create repository: failed to list remote path: s3://no-bucket/x/__starrocks_repository_lost/__repo_info. msg: ',
    ],
    [
      'CREATE REPOSITORY `a-b` WITH BROKER ON LOCATION "s3://backups/x"',
      5063,
      "Getting analyzing error. Detail message: Incorrect repository name 'a-b'.",
    ],
    ['DROP REPOSITORY nope', 5064, 'Getting analyzing error. Detail message: Repository does not exist.'],
    ['SHOW SNAPSHOT ON nope', 5064, 'Getting analyzing error. Detail message: Repository [nope] does not exist.'],
    [
      'BACKUP SNAPSHOT shop.s TO nope',
      5064,
      'Getting analyzing error. Detail message: Repository [nope] does not exist.',
    ],
    ['BACKUP SNAPSHOT shop.s TO frozen', 5064, 'Repository frozen is read only'],
    ['BACKUP SNAPSHOT nodb.s TO repo', 5501, "Unknown database 'nodb'"],
    [
      'BACKUP SNAPSHOT shop.s TO repo ON (nope)',
      1064,
      "Getting analyzing error. Detail message: Incorrect table name 'nope'.",
    ],
    [
      'BACKUP SNAPSHOT shop.s TO repo PROPERTIES ("timeout" = "599")',
      5064,
      'Getting analyzing error. Detail message: timeout must be at least 10 min.',
    ],
    [
      'BACKUP SNAPSHOT shop.s TO repo PROPERTIES ("type" = "half")',
      5064,
      'Getting analyzing error. Detail message: Invalid backup job type: half.',
    ],
    [
      'BACKUP SNAPSHOT shop.s TO repo PROPERTIES ("base_snapshot" = "x")',
      5064,
      'Getting analyzing error. Detail message: Unknown backup job properties: [base_snapshot].',
    ],
    ['RESTORE SNAPSHOT shop.s FROM nope PROPERTIES ("backup_timestamp" = "x")', 5064, 'Repository nope does not exist'],
    [
      'RESTORE SNAPSHOT shop.s FROM repo',
      5064,
      'Getting analyzing error. Detail message: Missing backup_timestamp property.',
    ],
    ['CANCEL BACKUP FROM shop', 5064, 'No backup job is currently running'],
    ['CANCEL RESTORE FROM shop', 5064, 'No restore is currently running'],
  ])('%s is refused in the words of the real thing', async (text, code, message) => {
    expect(await sql.failure(text)).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it('is shown without its credentials and known to the store', async () => {
    const [row] = await sql.query('SHOW REPOSITORIES');
    expect(row).toMatchObject({
      RepoName: 'repo',
      IsReadOnly: 'false',
      Location: 's3://backups/nightly',
      Broker: '',
      ErrMsg: null,
    });
    expect(existsSync(join(cluster.storeDir, 'backups/nightly/__starrocks_repository_repo/__repo_info'))).toBe(true);
  });
});

describe('backup and restore', () => {
  it('goes through its states, one a round, and leaves the files of a snapshot', async () => {
    await sql.query('BACKUP SNAPSHOT shop.first TO repo');
    expect(await job('BACKUP')).toMatchObject({
      JobId: '-1',
      State: 'PENDING',
      BackupObjs: '[shop.orders], [shop.users]',
      FinishedTime: null,
      Timeout: '86400',
    });
    const second = await sql.failure('BACKUP SNAPSHOT shop.second TO repo');
    expect(second).toMatchObject({
      code: 5064,
      message: 'Can only run one backup or restore job of a database at same time',
    });
    expect(await sql.failure('DROP REPOSITORY repo')).toMatchObject({
      message: 'Backup or restore job is running on this repository. Can not drop it',
    });
    const seen = new Set<string>();
    const last = await untilValue(async () => {
      const row = await job('BACKUP');
      seen.add(String(row.State));
      return row.State === 'FINISHED' ? row : null;
    }, 'finished');
    expect([...seen]).toEqual([
      'PENDING',
      'SNAPSHOTING',
      'UPLOAD_SNAPSHOT',
      'UPLOADING',
      'SAVE_META',
      'UPLOAD_INFO',
      'FINISHED',
    ]);
    expect(last).toMatchObject({ Status: '[OK]', UnfinishedTasks: '', Progress: '', TaskErrMsg: '' });
    const files = readdirSync(join(cluster.storeDir, 'backups/nightly/__starrocks_repository_repo/__ss_first'));
    expect(files.sort()).toEqual([
      expect.stringMatching(/^__info_\d{4}(-\d\d){5}-\d{3}\.[0-9a-f]{32}$/),
      expect.stringMatching(/^__meta\.[0-9a-f]{32}$/),
      '__ss_content',
    ]);
    expect(await sql.failure('BACKUP SNAPSHOT shop.first TO repo')).toMatchObject({
      message: "Snapshot with name 'first' already exist in repository",
    });
    expect(await sql.failure('CANCEL BACKUP FROM shop')).toMatchObject({
      message: 'Failed to cancel job: Job with label first can not be cancelled. state: FINISHED',
    });
  });

  it('brings dropped tables back with every row', async () => {
    await sql.query('DROP TABLE shop.orders');
    await sql.query('DROP TABLE shop.users');
    await sql.query(`RESTORE SNAPSHOT shop.first FROM repo ${properties(await timestampOf('first'))}`);
    expect(await ended('RESTORE')).toMatchObject({
      State: 'FINISHED',
      Status: '[OK]',
      RestoreObjs: 'orders PARTITIONS [p1, p2], users',
      ReplicationNum: '3',
    });
    expect(await sql.query('SELECT id, city FROM shop.orders ORDER BY id')).toEqual([
      { id: 1, city: 'Bern' },
      { id: 2, city: 'Rome' },
      { id: 3, city: null },
    ]);
    expect(await sql.query('SELECT name FROM shop.users ORDER BY id')).toEqual([{ name: 'ann' }, { name: 'bill' }]);
    await sql.query("INSERT INTO shop.users VALUES (3, 'cid')");
    expect(await sql.query('SELECT count(*) AS n FROM shop.users')).toEqual([{ n: 3 }]);
  });

  it('overwrites a table that is there, and leaves it alone under an alias', async () => {
    const timestamp = await timestampOf('first');
    await sql.query(
      `RESTORE SNAPSHOT shop.first FROM repo ON (users AS users_then, orders PARTITION (p2) AS later) ${properties(timestamp)}`,
    );
    expect(await ended('RESTORE')).toMatchObject({
      State: 'FINISHED',
      RestoreObjs: 'users, orders PARTITIONS [p2]',
    });
    expect(await sql.query('SELECT count(*) AS n FROM shop.users')).toEqual([{ n: 3 }]);
    expect(await sql.query('SELECT count(*) AS n FROM shop.users_then')).toEqual([{ n: 2 }]);
    expect(await sql.query('SELECT count(*) AS n FROM shop.later')).toEqual([{ n: 2 }]);
    // The name is compared too, so that a table under another name is filled once and never again (recorded).
    await sql.query(`RESTORE SNAPSHOT shop.first FROM repo ON (users AS users_then) ${properties(timestamp)}`);
    expect(await ended('RESTORE')).toMatchObject({
      State: 'CANCELLED',
      Status:
        '[COMMON_ERROR, msg: Table users_then already exist but with different schema, errMsg: Table name is inconsistent]',
    });
    await sql.query(`RESTORE SNAPSHOT shop.first FROM repo ON (users) ${properties(timestamp)}`);
    expect(await ended('RESTORE')).toMatchObject({ State: 'FINISHED' });
    expect(await sql.query('SELECT count(*) AS n FROM shop.users')).toEqual([{ n: 2 }]);
  });

  it('makes a missing database from 3.4 on and cancels what cannot fit', async () => {
    const timestamp = await timestampOf('first');
    await sql.query(`RESTORE SNAPSHOT fresh.first FROM repo ON (users) ${properties(timestamp)}`);
    expect(await ended('RESTORE', 'fresh')).toMatchObject({ State: 'FINISHED' });
    await sql.query(
      'CREATE TABLE empty.users (id BIGINT, other INT) PRIMARY KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1',
    );
    await sql.query(`RESTORE SNAPSHOT empty.first FROM repo ON (users) ${properties(timestamp)}`);
    expect(await ended('RESTORE', 'empty')).toMatchObject({
      State: 'CANCELLED',
      Status: expect.stringContaining(
        '[COMMON_ERROR, msg: Table users already exist but with different schema, errMsg: ',
      ),
    });
    expect(await sql.query('SELECT count(*) AS n FROM empty.users')).toEqual([{ n: 0 }]);
    await sql.query(
      `RESTORE SNAPSHOT empty.first FROM repo ON (orders) PROPERTIES ("backup_timestamp" = "${timestamp}", "replication_num" = "4")`,
    );
    expect(await ended('RESTORE', 'empty')).toMatchObject({
      State: 'CANCELLED',
      Status: '[COMMON_ERROR, msg: failed to find 4 different hosts to create table: orders]',
    });
    expect(await sql.query('SHOW TABLES FROM empty')).toEqual([{ Tables_in_empty: 'users' }]);
  });

  it.each([
    [
      'RESTORE SNAPSHOT shop.first FROM repo PROPERTIES ("backup_timestamp" = "2020-01-01-00-00-00-000")',
      'Expected one file with path: s3://backups/nightly/__starrocks_repository_repo/__ss_first/__info_2020-01-01-00-00-00-000. get: 0. Maybe specified wrong backup timestamp',
    ],
    ['RESTORE SNAPSHOT shop.first FROM repo ON (nope) {properties}', 'Table nope does not exist in snapshot first'],
    [
      'RESTORE SNAPSHOT shop.first FROM repo ON (orders PARTITION (p9)) {properties}',
      'Partition p9 of table orders does not exist in snapshot first',
    ],
  ])('%s is refused in the words of the real thing', async (text, message) => {
    const filled = text.replace('{properties}', properties(await timestampOf('first')));
    expect(await sql.failure(filled)).toMatchObject({ code: 5064, message: expect.stringContaining(message) });
  });

  it('leaves content and a blocked name behind when it is cancelled', async () => {
    cluster.setFaults([{ id: 'slow', kind: 'upload-delay', ms: 600_000, times: 1 }]);
    await sql.query('BACKUP SNAPSHOT shop.half TO repo');
    await until(async () => {
      const row = await job('BACKUP');
      return (
        row.State === 'UPLOADING' &&
        /^\d+=\d+$/.test(String(row.UnfinishedTasks)) &&
        /^\[\d+: 0\/1\]$/.test(String(row.Progress))
      );
    }, 'uploading with one task left');
    await sql.query('CANCEL BACKUP FROM shop');
    expect(await job('BACKUP')).toMatchObject({ State: 'CANCELLED', Status: '[COMMON_ERROR, msg: user cancelled]' });
    cluster.setFaults([]);
    const rows = await sql.query('SHOW SNAPSHOT ON repo WHERE SNAPSHOT = "half"');
    expect(rows).toEqual([{ Snapshot: 'half', Timestamp: '', Status: 'ERROR: no snapshot' }]);
    expect((await sql.failure('BACKUP SNAPSHOT shop.half TO repo')).message).toContain('already exist in repository');
  });

  it('stops where it is when a backend restarts, until somebody cancels', async () => {
    cluster.setFaults([{ id: 'slow again', kind: 'upload-delay', ms: 600_000 }]);
    await sql.query('BACKUP SNAPSHOT shop.stuck TO repo');
    await until(async () => (await job('BACKUP')).State === 'UPLOADING', 'uploading');
    cluster.setFaults([]);
    await Promise.all(cluster.backends.map((backend) => backend.stop('SIGKILL')));
    for (const backend of cluster.backends) backend.start();
    await until(
      async () => String((await job('BACKUP')).TaskErrMsg).includes('the backend was restarted'),
      'task error',
    );
    expect(await job('BACKUP')).toMatchObject({ State: 'UPLOADING' });
    await sql.query('CANCEL BACKUP FROM shop');
    expect(await job('BACKUP')).toMatchObject({ State: 'CANCELLED' });
    await until(async () => (await sql.query('SHOW BACKENDS')).every(({ Alive }) => Alive === 'true'), 'all alive');
  });

  it('reports what the disk says', async () => {
    // The frontend still takes backends that were killed and started for alive, before they listen again.
    const takesRows = () =>
      sql.query("INSERT INTO shop.users VALUES (9, 'w')").then(
        () => true,
        () => false,
      );
    await until(takesRows, 'backends that take rows');
    cluster.setFaults([{ id: 'full', kind: 'disk-full' }]);
    expect((await sql.failure("INSERT INTO shop.users VALUES (9, 'x')")).message).toContain('No space left on device');
    cluster.setFaults([]);
    await sql.query("INSERT INTO shop.users VALUES (9, 'x')");
  });

  it('cannot list a store whose bucket is gone', async () => {
    const bucket = join(cluster.storeDir, 'backups');
    renameSync(bucket, `${bucket}.away`);
    expect((await sql.failure('BACKUP SNAPSHOT shop.nowhere TO repo')).code).toBe(5064);
    renameSync(`${bucket}.away`, bucket);
    mkdirSync(join(bucket, 'other'), { recursive: true });
    await sql.query('DROP REPOSITORY repo');
    await sql.query('CREATE REPOSITORY repo WITH BROKER ON LOCATION "s3://backups/nightly"');
    expect((await sql.query('SHOW SNAPSHOT ON repo')).map(({ Snapshot }) => Snapshot)).toEqual(['first', 'half']);
  });
});
