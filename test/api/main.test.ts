import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { testEnv } from '../helpers/config.ts';
import { createTestDatabase, createTestRedis, type TestDatabase } from '../helpers/services.ts';

/* The program as a process: how it starts, what it says, how it stops. */

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const token = 'bootstrap-token-of-the-test';
const canary = 'c4nary-of-the-whole-process';
const listening = z.object({ event: z.literal('listening'), url: z.url() });

let database: TestDatabase;
let env: Record<string, string>;
const children: ChildProcess[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  const redis = await createTestRedis();
  env = testEnv(
    { databaseUrl: database.url, redisUrl: redis.url, prefix: redis.prefix },
    {
      PORT: '0',
      LOG_LEVEL: 'trace',
      STARWARDEN_BOOTSTRAP_TOKENS: JSON.stringify([{ owner: 'admin', role: 'ADMIN', token }]),
    },
  );
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => database?.drop());

/** Starts the program; `output` is everything it wrote until now. */
function run(more: Record<string, string> = {}) {
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env.PATH, ...env, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let output = '';
  const { promise: url, resolve, reject } = Promise.withResolvers<string>();
  url.catch(() => {});
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  createInterface(child.stdout).on('line', (line) => {
    output += `${line}\n`;
    const parsed = listening.safeParse(parseJson(line));
    if (parsed.success) resolve(parsed.data.url);
  });
  const ended = once(child, 'close').then(() => {
    reject(new Error(`it ended before it listened: ${output}`));
    return child.exitCode;
  });
  return { child, url, ended, output: () => output };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

async function ask(
  url: string,
  query: string,
  variables: Record<string, unknown> = {},
  authorization: string | null = `Bearer ${token}`,
) {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization === null ? {} : { authorization }) },
    body: JSON.stringify({ query, variables }),
  });
  return response.text();
}

it('says in one line where it listens, answers, and stops on SIGTERM', async () => {
  const program = run();
  const url = await program.url;
  expect(await ask(url, '{ viewer { name permissions } operations { name } }')).toContain('"name":"admin"');
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  program.child.kill('SIGTERM');
  expect(await program.ended).toBe(0);
});

it('writes no password into its log, at the finest level, whatever becomes of the request', async () => {
  const program = run();
  const url = await program.url;
  const register =
    'mutation ($input: RegisterClusterInput!) { registerCluster(input: $input) { userErrors { code } } }';
  const input = { name: 'x1', frontends: [{ host: '127.0.0.1', port: 1 }], sqlUser: 'root', password: canary };
  for (const given of [
    input,
    { ...input, name: 'NOT A NAME' },
    { ...input, password: [canary] },
    { ...input, port: canary },
  ]) {
    await ask(url, register, { input: given });
  }
  await ask(
    url,
    `mutation { registerCluster(input: { name: "x2", password: ["${canary}"] }) { userErrors { code } } }`,
  );
  await ask(url, `mutation { registerCluster(input: { password: "${canary}`);
  await ask(url, '{ viewer { id } }', {}, `Bearer ${canary}`);
  await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: `{"query": ${canary}`,
  });
  program.child.kill('SIGTERM');
  await program.ended;
  expect(program.output()).toContain('registerCluster');
  expect(program.output()).not.toContain(canary);
  expect(program.output()).not.toContain(token);
});

it('refuses to start when nobody could log in, and says what to do', async () => {
  const empty = await createTestDatabase();
  try {
    const program = run({ STARWARDEN_BOOTSTRAP_TOKENS: '', DATABASE_URL: empty.url });
    expect(await program.ended).toBe(1);
    expect(program.output()).toContain('Set STARWARDEN_BOOTSTRAP_TOKENS');
  } finally {
    await empty.drop();
  }
});

it('lets everybody in when it is told to, and says so loudly', async () => {
  const program = run({ STARWARDEN_INSECURE_NO_AUTH: 'true', LOG_LEVEL: 'warn' });
  expect(await ask(await program.url, '{ viewer { name permissions } }', {}, null)).toContain('"name":"anonymous"');
  expect(program.output()).toContain('everybody who can reach this port is an ADMIN');
});

it('as a worker alone serves no GraphQL, only what tells how it is', async () => {
  const program = run({ STARWARDEN_PARTS: 'worker' });
  const url = await program.url;
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect((await fetch(`${url}/graphql`, { method: 'POST' })).status).toBe(404);
  program.child.kill('SIGINT');
  expect(await program.ended).toBe(0);
});
