import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Client } from './helpers/client.ts';
import { startCluster, type TestCluster, until } from './helpers/cluster.ts';

let cluster: TestCluster;
let sql: Client;
beforeAll(async () => {
  cluster = await startCluster({ frontends: 1, backends: 1 });
  sql = await cluster.connect();
  await sql.query('CREATE DATABASE shop');
  await sql.query(
    'CREATE TABLE shop.t (k INT, v INT) DUPLICATE KEY (k) DISTRIBUTED BY HASH (k) BUCKETS 1 PROPERTIES ("replication_num" = "1")',
  );
});
afterAll(() => cluster?.stop());
beforeEach(() => cluster.setFaults([]));

const create = (name: string, properties = '"max_error_number"="1000000"') =>
  sql.query(
    `CREATE ROUTINE LOAD shop.${name} ON t COLUMNS TERMINATED BY ",", COLUMNS(k, v) PROPERTIES (${properties}) ` +
      'FROM KAFKA ("kafka_broker_list"="127.0.0.1:1","kafka_topic"="t","kafka_partitions"="0,1","property.sasl.password"="secret")',
  );
const show = async (name: string) => (await sql.query(`SHOW ALL ROUTINE LOAD FOR shop.${name}`))[0] ?? {};
const untilState = (name: string, state: string) =>
  until(async () => (await show(name)).State === state, `${name} ${state}`);
const gauge = async (state: string) => {
  const [node] = cluster.frontends;
  if (node === undefined) throw new Error('no frontend');
  const { body } = await cluster.http(node, '/metrics');
  return new RegExp(`^starrocks_fe_routine_load_jobs\\{state="${state}"\\} (\\d+)$`, 'm').exec(body)?.[1];
};

it('runs, is paused by a person, goes on, and is stopped for good', async () => {
  await create('rl1');
  expect(await show('rl1')).toMatchObject({ Name: 'rl1', DbName: 'shop', TableName: 't', DataSourceType: 'KAFKA' });
  await untilState('rl1', 'RUNNING');
  expect(await gauge('RUNNING')).toBe('1');
  await until(async () => JSON.parse(String((await show('rl1')).Statistic)).loadedRows > 0, 'rows');
  const running = await show('rl1');
  expect(JSON.parse(String(running.OffsetLag))).toEqual({ 0: '0', 1: '0' });
  expect(String(running.CustomProperties)).toContain('"sasl.password":"******"');
  await sql.query('PAUSE ROUTINE LOAD FOR shop.rl1');
  expect(await show('rl1')).toMatchObject({
    State: 'PAUSED',
    ReasonOfStateChanged: "ErrorReason{errCode = 100, msg='User root pauses routine load job'}",
  });
  expect(await gauge('PAUSED')).toBe('1');
  await sql.query('RESUME ROUTINE LOAD FOR shop.rl1');
  await untilState('rl1', 'RUNNING');
  await sql.query('STOP ROUTINE LOAD FOR shop.rl1');
  expect(await sql.query('SHOW ROUTINE LOAD FROM shop')).toEqual([]);
  expect((await show('rl1')).State).toBe('STOPPED');
  expect((await sql.failure('SHOW ROUTINE LOAD FOR shop.rl1')).message).toContain(
    'There is no running job named rl1 in db shop',
  );
});

it('lags while the source is ahead, and catches up', async () => {
  await create('rl2');
  await untilState('rl2', 'RUNNING');
  cluster.setFaults([{ id: 'lag', kind: 'kafka-lag', match: '^rl2$', perSecond: 5000 }]);
  const lag = async () => Number(JSON.parse(String((await show('rl2')).OffsetLag))[0] ?? 0);
  await until(async () => (await lag()) > 40_000, 'the lag grows');
  cluster.setFaults([]);
  await until(async () => (await lag()) === 0, 'the lag is gone');
});

it('is called unstable when its last row is too old', async () => {
  await sql.query('ADMIN SET FRONTEND CONFIG ("routine_load_unstable_threshold_second" = "30")');
  cluster.setFaults([{ id: 'lag', kind: 'kafka-lag', match: '^rl2$' }]);
  await untilState('rl2', 'UNSTABLE');
  expect(String((await show('rl2')).ReasonOfStateChanged)).toMatch(
    /errCode = 105, msg='The lag \[\d+\] of partition \[0\] exceeds/,
  );
  expect(await gauge('UNSTABLE')).toBe('1');
  cluster.setFaults([]);
  await untilState('rl2', 'RUNNING');
  await sql.query('ADMIN SET FRONTEND CONFIG ("routine_load_unstable_threshold_second" = "3600")');
});

it('counts error rows, and pauses when there are more than it takes', async () => {
  cluster.setFaults([{ id: 'bad', kind: 'kafka-bad-rows', share: 0.05 }]);
  const errors = async () => JSON.parse(String((await show('rl2')).Statistic)).errorRows;
  await until(async () => (await errors()) > 0, 'error rows');
  expect((await show('rl2')).State).toBe('RUNNING');
  await create('rl3', '"max_error_number"="10"');
  await untilState('rl3', 'PAUSED');
  expect(String((await show('rl3')).ReasonOfStateChanged)).toContain('errCode = 102');
});

it('pauses when its source is away', async () => {
  cluster.setFaults([{ id: 'away', kind: 'kafka-away', match: '^rl2$' }]);
  await untilState('rl2', 'PAUSED');
  expect(String((await show('rl2')).ReasonOfStateChanged)).toContain('failed to get partitions');
});
