import { Redis } from 'ioredis';
import { createConnection } from 'mysql2/promise';
import { expect, it } from 'vitest';
import { createTestDatabase, createTestRedis } from '../helpers/services.ts';

it('gives every caller an empty database of its own, which can be dropped', async () => {
  const [one, other] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  const connection = await createConnection(one.url);
  await connection.query('CREATE TABLE mine (id INT)');
  await connection.query(`USE ${other.name}`);
  const [tables] = await connection.query('SHOW TABLES');
  expect(tables).toEqual([]);

  await Promise.all([one.drop(), other.drop()]);
  const [databases] = await connection.query(`SHOW DATABASES LIKE '${one.name}'`);
  expect(databases).toEqual([]);
  await connection.end();
});

it('gives every caller a Redis database and a prefix of its own', async () => {
  const [one, other] = await Promise.all([createTestRedis(), createTestRedis()]);
  const [here, there] = [new Redis(one.url), new Redis(other.url)];
  await here.set('key', 'value');
  expect(await there.dbsize()).toBe(0);
  expect(one.prefix).not.toBe(other.prefix);
  here.disconnect();
  there.disconnect();
});
