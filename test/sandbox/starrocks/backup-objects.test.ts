import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BackupWorld, repository, startBackupWorld } from '../../helpers/backup-world.ts';
import type { Row } from './helpers/client.ts';

let world: BackupWorld;
let query: BackupWorld['sql']['query'];
beforeAll(async () => {
  world = await startBackupWorld();
  query = world.sql.query;
  await query('CREATE DATABASE ddl');
  await query('CREATE DATABASE kinds');
  await query(
    'CREATE TABLE kinds.t (a INT, b INT) DISTRIBUTED BY HASH(a) BUCKETS 1 PROPERTIES ("replication_num" = "1")',
  );
  await query('CREATE VIEW kinds.v AS SELECT a FROM kinds.t');
  await query(`CREATE MATERIALIZED VIEW kinds.mv DISTRIBUTED BY HASH(a) BUCKETS 1 REFRESH MANUAL
    PROPERTIES ("replication_num" = "1") AS SELECT a, count(*) AS c FROM kinds.t GROUP BY a`);
});
afterEach(() => world.cluster.setFaults([]));
afterAll(() => world?.stop());

type Meta = { id: number; version: number; temporary: boolean };

/** The partitions of a table of `ddl`, by name. */
async function partitions(table: string): Promise<Record<string, Meta>> {
  const rows = await query(
    'SELECT PARTITION_NAME, PARTITION_ID, VISIBLE_VERSION, IS_TEMP FROM information_schema.partitions_meta ' +
      `WHERE DB_NAME = 'ddl' AND TABLE_NAME = '${table}'`,
  );
  return Object.fromEntries(
    rows.map((row: Row) => [
      row.PARTITION_NAME,
      { id: Number(row.PARTITION_ID), version: Number(row.VISIBLE_VERSION), temporary: Number(row.IS_TEMP) === 1 },
    ]),
  );
}

async function makeTable(name: string): Promise<Record<string, Meta>> {
  await query(`CREATE TABLE ddl.${name} (day DATE NOT NULL, n INT) PARTITION BY RANGE(day)
    (PARTITION p1 VALUES LESS THAN ("2025-02-01"), PARTITION p2 VALUES LESS THAN ("2025-03-01"))
    DISTRIBUTED BY HASH(day) BUCKETS 1 PROPERTIES ("replication_num" = "1")`);
  await query(`INSERT INTO ddl.${name} VALUES ('2025-01-05', 1), ('2025-02-05', 2)`);
  return partitions(name);
}

describe('what an incremental backup has to notice', () => {
  it('moves the version of the partition that took rows, and of no other', async () => {
    const before = await makeTable('versions');
    await query("INSERT INTO ddl.versions VALUES ('2025-02-06', 3)");
    expect(await partitions('versions')).toEqual({ p1: before.p1, p2: { ...before.p2, version: 3 } });
  });

  it('makes another partition of one that is truncated, at version 1', async () => {
    const before = await makeTable('truncated');
    await query('TRUNCATE TABLE ddl.truncated PARTITION (p1)');
    const after = await partitions('truncated');
    expect(after).toEqual({ p1: { id: expect.any(Number), version: 1, temporary: false }, p2: before.p2 });
    expect(after.p1?.id).not.toBe(before.p1?.id);
  });

  it('puts a temporary partition, with its own id, in the place and under the name of another', async () => {
    const before = await makeTable('replaced');
    await query('ALTER TABLE ddl.replaced ADD TEMPORARY PARTITION tp1 VALUES LESS THAN ("2025-02-01")');
    await query("INSERT INTO ddl.replaced TEMPORARY PARTITION (tp1) VALUES ('2025-01-09', 9)");
    const meanwhile = await partitions('replaced');
    expect(meanwhile.tp1).toMatchObject({ version: 2, temporary: true });
    expect(await query('SELECT n FROM ddl.replaced ORDER BY n')).toEqual([{ n: 1 }, { n: 2 }]);
    expect(await query('SHOW PARTITIONS FROM ddl.replaced')).toHaveLength(2);
    await query('ALTER TABLE ddl.replaced REPLACE PARTITION (p1) WITH TEMPORARY PARTITION (tp1)');
    expect(await partitions('replaced')).toEqual({ p1: { ...meanwhile.tp1, temporary: false }, p2: before.p2 });
    expect(await query('SELECT n FROM ddl.replaced ORDER BY n')).toEqual([{ n: 2 }, { n: 9 }]);
  });

  it('keeps ids and versions over names: renamed tables and partitions, swapped tables', async () => {
    const before = await makeTable('one');
    const other = await makeTable('other');
    await query('ALTER TABLE ddl.one SWAP WITH other');
    expect([await partitions('one'), await partitions('other')]).toEqual([other, before]);
    await query('ALTER TABLE ddl.one RENAME PARTITION p1 pp');
    await query('ALTER TABLE ddl.one RENAME single');
    expect(await partitions('single')).toEqual({ pp: other.p1, p2: other.p2 });
  });

  it('adds a column without any sign of it but in the list of columns, and old rows have its default', async () => {
    const before = await makeTable('widened');
    await query('ALTER TABLE ddl.widened ADD COLUMN extra INT DEFAULT "7"');
    expect(await partitions('widened')).toEqual(before);
    const columns = await query(
      "SELECT COLUMN_NAME FROM information_schema.columns WHERE TABLE_SCHEMA = 'ddl' AND TABLE_NAME = 'widened'",
    );
    expect(columns.map(({ COLUMN_NAME }) => COLUMN_NAME)).toEqual(['day', 'n', 'extra']);
    expect(await query('SELECT extra FROM ddl.widened')).toEqual([{ extra: 7 }, { extra: 7 }]);
  });

  it.each([
    ['ALTER TABLE ddl.versions RENAME truncated', 'already used'],
    ['ALTER TABLE ddl.versions SWAP WITH nope', 'Table nope does not exist or is not OLAP/LAKE table'],
    ['ALTER TABLE ddl.versions REPLACE PARTITION (p1) WITH TEMPORARY PARTITION (nope)', 'does not exist'],
    ['ALTER TABLE ddl.versions ADD COLUMN n INT', 'already exists'],
    ['INSERT INTO ddl.versions PARTITION (nope) VALUES ("2025-01-05", 1)', "Unknown partition 'nope'"],
  ])('refuses %s', async (text, message) => {
    expect((await world.sql.failure(text)).message).toContain(message);
  });
});

describe('what a backup takes', () => {
  it.each([
    ['', '[kinds.t], [kinds.v]'],
    ['ON (ALL TABLES)', '[kinds.t]'],
    ['ON (ALL VIEWS)', '[kinds.v]'],
    ['ON (MATERIALIZED VIEW mv, VIEW v)', '[kinds.mv], [kinds.v]'],
    ['ON (VIEW t, TABLE v)', '[kinds.t], [kinds.v]'],
    ['ON (TABLE t PARTITION (t)) PROPERTIES ("type" = "incremental")', '[kinds.tPARTITIONS (t)]'],
  ])('%s: %s', async (on, objects) => {
    const name = `k${objects.replaceAll(/\W/g, '')}${on.length}`;
    expect(await world.backUp('kinds', name, on)).toMatchObject({ State: 'FINISHED', BackupObjs: objects });
  });

  it('takes no materialized view as a kind while the setting is off, and says that nothing is left', async () => {
    expect(await world.sql.failure('BACKUP SNAPSHOT kinds.none TO vault ON (ALL MATERIALIZED VIEWS)')).toMatchObject({
      code: 1064,
      message: 'Getting analyzing error. Detail message: Database: kinds is empty.',
    });
    await query('ADMIN SET FRONTEND CONFIG ("enable_backup_materialized_view" = "true")');
    expect(await world.backUp('kinds', 'allowed')).toMatchObject({ BackupObjs: '[kinds.mv], [kinds.t], [kinds.v]' });
    await query('ADMIN SET FRONTEND CONFIG ("enable_backup_materialized_view" = "false")');
  });

  it('takes any name for a snapshot, and reads a * in SHOW SNAPSHOT as a pattern', async () => {
    for (const name of ['../up', 'o`b'.replace('`', ' '), 'a*']) {
      await query(`BACKUP SNAPSHOT kinds.\`${name}\` TO vault ON (t)`);
      await world.job('kinds', name, ({ State }) => State === 'FINISHED');
    }
    await world.backUp('kinds', 'ab', 'ON (t)');
    const rows = await query('SHOW SNAPSHOT ON vault WHERE SNAPSHOT = "a*"');
    expect(rows).toHaveLength(1);
    expect(String(rows[0]?.Timestamp).split('\n').length).toBeGreaterThanOrEqual(2);
    expect(await query('SHOW SNAPSHOT ON vault WHERE SNAPSHOT LIKE "ab"')).toMatchObject([
      { Snapshot: 'ab', Status: 'OK' },
    ]);
  });

  it('lets tables be dropped and changed while it makes snapshots, and holds them as they were', async () => {
    await makeTable('going');
    await makeTable('growing');
    world.cluster.setFaults([{ id: 'held', kind: 'snapshot-delay', ms: 100_000 }]);
    await query('BACKUP SNAPSHOT ddl.held TO vault ON (going, growing)');
    await world.job('ddl', 'held', ({ State }) => State === 'SNAPSHOTING');
    await query('DROP TABLE ddl.going');
    await query('ALTER TABLE ddl.growing ADD COLUMN zz INT');
    expect(await world.job('ddl', 'held', ({ FinishedTime }) => FinishedTime !== null)).toMatchObject({
      State: 'FINISHED',
    });
    const info = (await world.objects()).find(({ key }) => key.includes('/__ss_held/__info_'))?.key ?? '';
    const { backup_objects: held } = JSON.parse((await world.s3.inside.read(repository.bucket, info)).toString());
    expect(Object.keys(held)).toEqual(['going', 'growing']);
    expect(Object.keys(held.going.partitions)).toEqual(['p1', 'p2']);
  });

  it('shows a backup of catalogs for every database, without a job id, and writes their secrets in clear', async () => {
    await query('CREATE EXTERNAL CATALOG lake PROPERTIES ("type" = "hive", "aws.s3.secret_key" = "IN-CLEAR")');
    await query('BACKUP ALL EXTERNAL CATALOGS SNAPSHOT cats TO vault');
    await world.job('kinds', 'cats', ({ State }) => State === 'FINISHED');
    const rows = await query('SHOW BACKUP FROM ddl');
    expect(rows.at(-1)).toMatchObject({ JobId: '-1', SnapshotName: 'cats', DbName: '', BackupObjs: '' });
    const meta = (await world.objects()).find(({ key }) => key.includes('/__ss_cats/__meta'))?.key ?? '';
    expect((await world.s3.inside.read(repository.bucket, meta)).toString()).toContain('IN-CLEAR');
    expect((await world.sql.failure('CANCEL BACKUP FOR EXTERNAL CATALOG')).message).toContain('can not be cancelled');
  });
});
