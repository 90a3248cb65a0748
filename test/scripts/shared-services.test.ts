import { Redis } from 'ioredis';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { expect, it } from 'vitest';
import { migrate, openDatabase } from '../../src/store/database.ts';
import { createMigratedDatabase, createTestDatabase, createTestRedis } from '../helpers/services.ts';

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

it('gives a database that is as if the migrations had been run on it', async () => {
  const [copied, made] = await Promise.all([createMigratedDatabase(), createTestDatabase()]);
  const db = openDatabase({ url: made.url, answerMs: null });
  await migrate(db);
  await db.destroy();
  expect(await describe(copied.url)).toEqual(await describe(made.url));
  await Promise.all([copied.drop(), made.drop()]);
});

/** Each table as it was made, and how many rows it has. */
async function describe(url: string): Promise<Record<string, unknown>> {
  const connection = await createConnection(url);
  const found: Record<string, unknown> = {};
  const [tables] = await connection.query<RowDataPacket[]>('SHOW TABLES');
  for (const table of tables.map((row) => String(Object.values(row)[0]))) {
    const [[created]] = await connection.query<RowDataPacket[]>(`SHOW CREATE TABLE \`${table}\``);
    const [[rows]] = await connection.query<RowDataPacket[]>(`SELECT COUNT(*) AS rows_there FROM \`${table}\``);
    found[table] = [created?.['Create Table'], rows?.rows_there];
  }
  await connection.end();
  expect(Object.keys(found).length).toBeGreaterThan(20);
  return found;
}

it('gives every caller a Redis database and a prefix of its own', async () => {
  const [one, other] = await Promise.all([createTestRedis(), createTestRedis()]);
  const [here, there] = [new Redis(one.url), new Redis(other.url)];
  await here.set('key', 'value');
  expect(await there.dbsize()).toBe(0);
  expect(one.prefix).not.toBe(other.prefix);
  here.disconnect();
  there.disconnect();
});
