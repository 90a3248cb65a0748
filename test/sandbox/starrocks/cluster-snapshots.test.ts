import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client, Row } from './helpers/client.ts';
import { startCluster, type TestCluster, untilValue } from './helpers/cluster.ts';

let cluster: TestCluster;
let sql: Client;
beforeAll(async () => {
  cluster = await startCluster({ version: '3.5.0', backends: 1, speed: 600, conf: { run_mode: 'shared_data' } });
  sql = await cluster.connect();
});
afterAll(() => cluster?.stop());

const on = 'ADMIN SET AUTOMATED CLUSTER SNAPSHOT ON';
const off = 'ADMIN SET AUTOMATED CLUSTER SNAPSHOT OFF';
const listed = () => sql.query('SELECT * FROM information_schema.cluster_snapshots');
const jobs = () => sql.query('SELECT * FROM information_schema.cluster_snapshot_jobs');
const analyzing = (text: string) => `Getting analyzing error. Detail message: ${text}.`;

it('keeps its data in object storage, and says so', async () => {
  expect((await sql.query("ADMIN SHOW FRONTEND CONFIG LIKE 'run_mode'"))[0]?.Value).toBe('shared_data');
  expect(await sql.query('SHOW STORAGE VOLUMES')).toEqual([{ 'Storage Volume': 'builtin_storage_volume' }]);
  expect(await listed()).toEqual([]);
  expect(await jobs()).toEqual([]);
});

it('backs up no table', async () => {
  await sql.query('CREATE DATABASE shop');
  await sql.query(
    'CREATE TABLE shop.t (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")',
  );
  await sql.query('CREATE REPOSITORY repo WITH BROKER ON LOCATION "s3://backups/nightly"');
  await expect(sql.query('BACKUP SNAPSHOT shop.s TO repo')).rejects.toThrow(
    'Table: t can not support backup restore, type: CLOUD_NATIVE',
  );
});

it('refuses to switch off what is not on, and a volume that it does not have', async () => {
  await expect(sql.query(off)).rejects.toThrow(analyzing('Automated snapshot has not been turn on'));
  await expect(sql.query(`${on} STORAGE VOLUME nope`)).rejects.toThrow(analyzing('Unknown storage volume: nope'));
  await expect(sql.query(`${on} INTERVAL 3 HOUR`)).rejects.toThrow('Getting syntax error');
});

it('takes one after the other, keeps the newest alone, and deletes it when it is switched off', async () => {
  await sql.query(on);
  await expect(sql.query(on)).rejects.toThrow(analyzing('Automated snapshot has been turn on'));
  const first = await untilValue(async () => (await listed())[0] ?? null, 'a first snapshot');
  expect(first).toMatchObject({ SNAPSHOT_TYPE: 'AUTOMATED', STORAGE_VOLUME: 'builtin_storage_volume' });
  const name = String(first.SNAPSHOT_NAME);
  expect(name).toMatch(/^automated_cluster_snapshot_\d{13}$/);
  const later = await untilValue<Row>(async () => {
    const [row] = await listed();
    return row === undefined || row.SNAPSHOT_NAME === name ? null : row;
  }, 'a second snapshot');
  expect((await jobs()).find((job) => job.SNAPSHOT_NAME === name)?.STATE).toBe('DELETED');
  await sql.query(off);
  expect(await listed()).toEqual([]);
  expect((await jobs()).find((job) => job.SNAPSHOT_NAME === later.SNAPSHOT_NAME)?.STATE).toBe('DELETED');
});
