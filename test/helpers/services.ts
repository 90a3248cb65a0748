import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import { inject } from 'vitest';
import { z } from 'zod';

const answer = z.object({ databaseUrl: z.url(), redisUrl: z.url(), redisDatabase: z.int() });

export type TestDatabase = { name: string; url: string; drop: () => Promise<void> };

export type TestRedis = {
  /** Ends in the number of a Redis database that no other test file uses. */
  url: string;
  /** For BullMQ and other keys; unique as well. */
  prefix: string;
};

/**
 * An empty MariaDB database of the caller's own, on the server that the whole test run shares.
 *
 *     const database = await createTestDatabase();
 *     afterAll(database.drop);
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { databaseUrl } = await askBroker();
  const name = `starwarden_${randomBytes(6).toString('hex')}`;
  await execute(databaseUrl, `CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  return { name, url: url.href, drop: () => execute(databaseUrl, `DROP DATABASE IF EXISTS ${name}`) };
}

/**
 * An empty Redis database of the caller's own, on the server that the whole test run shares. A test that restarts or
 * kills Redis starts its own with `startServices` of `scripts/services.mjs`.
 */
export async function createTestRedis(): Promise<TestRedis> {
  const { redisUrl, redisDatabase } = await askBroker();
  return { url: `${redisUrl}/${redisDatabase}`, prefix: `test-${redisDatabase}` };
}

async function askBroker() {
  const response = await fetch(inject('servicesBroker'), { signal: AbortSignal.timeout(120_000) });
  const text = await response.text();
  if (!response.ok) throw new Error(`The services for this test run did not start: ${text}`);
  return answer.parse(JSON.parse(text));
}

async function execute(url: string, sql: string) {
  const connection = await createConnection({ uri: url, connectTimeout: 10_000 });
  try {
    await connection.query(sql);
  } finally {
    await connection.end();
  }
}
