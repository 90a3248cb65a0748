import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCluster, type TestCluster, until } from './helpers/cluster.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ frontends: 3, backends: 3 });
});
afterAll(() => cluster?.stop());

it('backs a table up and brings its rows back', async () => {
  const sql = await cluster.connect();
  await sql.query('CREATE DATABASE shop');
  await sql.query(
    'CREATE TABLE shop.orders (id BIGINT NOT NULL, city VARCHAR(20)) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 3 PROPERTIES ("replication_num" = "3")',
  );
  await sql.query("INSERT INTO shop.orders VALUES (1, 'Bern'), (2, 'Rome'), (3, 'Bern')");
  expect(await sql.query('SELECT city, count(*) AS n FROM shop.orders GROUP BY city ORDER BY city')).toEqual([
    { city: 'Bern', n: 2 },
    { city: 'Rome', n: 1 },
  ]);
  await sql.query(
    'CREATE REPOSITORY repo WITH BROKER ON LOCATION "s3://backups/x" PROPERTIES ("aws.s3.region" = "eu")',
  );
  await sql.query('BACKUP SNAPSHOT shop.snap TO repo');
  await until(async () => (await sql.query('SHOW BACKUP FROM shop'))[0]?.State === 'FINISHED', 'backup');
  const [snapshot] = await sql.query('SHOW SNAPSHOT ON repo');
  await sql.query('DROP TABLE shop.orders');
  await sql.query(`RESTORE SNAPSHOT shop.snap FROM repo PROPERTIES ("backup_timestamp" = "${snapshot?.Timestamp}")`);
  await until(async () => (await sql.query('SHOW RESTORE FROM shop'))[0]?.FinishedTime !== null, 'restore');
  expect(await sql.query('SHOW RESTORE FROM shop')).toMatchObject([{ State: 'FINISHED', Status: '[OK]' }]);
  expect(await sql.query('SELECT count(*) AS n FROM shop.orders')).toEqual([{ n: 3 }]);
});
