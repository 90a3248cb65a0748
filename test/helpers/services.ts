import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import { inject } from 'vitest';
import { z } from 'zod';

const template = z.object({ statements: z.array(z.string()) });
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
  const { databaseUrl } = answer.parse(await askBroker('/'));
  const name = `starwarden_${randomBytes(6).toString('hex')}`;
  await execute(databaseUrl, [`CREATE DATABASE ${name} CHARACTER SET utf8mb4`]);
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  return { name, url: url.href, drop: () => execute(databaseUrl, [`DROP DATABASE IF EXISTS ${name}`]) };
}

/** The same, with every migration already run: the tables are copied from a database on which they were, once for the whole run. */
export async function createMigratedDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase();
  await execute(database.url, template.parse(await askBroker('/template')).statements);
  return database;
}

/**
 * An empty Redis database of the caller's own, on the server that the whole test run shares. A test that restarts or
 * kills Redis starts its own with `startServices` of `scripts/services.mjs`.
 */
export async function createTestRedis(): Promise<TestRedis> {
  const { redisUrl, redisDatabase } = answer.parse(await askBroker('/'));
  return { url: `${redisUrl}/${redisDatabase}`, prefix: `test-${redisDatabase}` };
}

async function askBroker(path: string): Promise<unknown> {
  const response = await fetch(`${inject('servicesBroker')}${path}`, { signal: AbortSignal.timeout(120_000) });
  const text = await response.text();
  if (!response.ok) throw new Error(`The services for this test run did not start: ${text}`);
  return JSON.parse(text);
}

async function execute(url: string, statements: readonly string[]) {
  const connection = await createConnection({ uri: url, connectTimeout: 10_000, multipleStatements: true });
  try {
    await connection.query(statements.join(';\n'));
  } finally {
    await connection.end();
  }
}
