import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { createConnection } from 'mysql2/promise';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { patienceMs } from '../../sandbox/patience.ts';
import { type Services, startServices } from '../../scripts/services.mjs';

const started: Services[] = [];
const otherProcesses: ChildProcess[] = [];
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'starwarden-services-'));
});

afterEach(async () => {
  for (const process of otherProcesses.splice(0)) process.kill('SIGKILL');
  await Promise.all(started.splice(0).map((services) => services.stopHard()));
  await rm(dir, { recursive: true, force: true });
});

async function start(options: Partial<Parameters<typeof startServices>[0]> = {}) {
  const services = await startServices({ dir, fast: true, ...options });
  started.push(services);
  return services;
}

async function query(url: string, sql: string): Promise<unknown> {
  const connection = await createConnection(url);
  try {
    const [rows] = await connection.query(sql);
    return rows;
  } finally {
    await connection.end();
  }
}

async function withRedis<T>(url: string, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: null });
  await redis.connect();
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

/** The servers, and whatever watches over them, work in the directory they were given. */
async function processesOn(path: string) {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const running = await Promise.all(
    pids.map(async (pid) => ({ pid, cwd: await readlink(`/proc/${pid}/cwd`).catch(() => '') })),
  );
  return running.filter(({ cwd }) => cwd.startsWith(path)).map(({ pid }) => pid);
}

async function untilNoneRunOn(path: string) {
  const deadline = Date.now() + patienceMs;
  while ((await processesOn(path)).length > 0 && Date.now() < deadline) await delay(50);
  return processesOn(path);
}

describe('private services', () => {
  it('answer, and leave no process when stopped', async () => {
    const services = await start();
    expect(await query(services.databaseUrl, 'SELECT DATABASE() AS name')).toEqual([{ name: 'starwarden' }]);
    expect(await withRedis(services.redisUrl, (redis) => redis.set('key', 'value'))).toBe('OK');
    expect(services.pids()).toHaveLength(2);
    expect(await processesOn(dir)).toEqual(expect.arrayContaining(services.pids()));

    await services.stop();
    expect(await untilNoneRunOn(dir)).toEqual([]);
    expect(services.pids()).toEqual([]);
  });

  it('let nobody in without the password', async () => {
    const { databaseUrl, redisUrl } = await start();
    const asRoot = new URL(databaseUrl);
    asRoot.username = 'root';
    asRoot.password = '';
    asRoot.pathname = '/mysql';
    await expect(query(asRoot.href, 'SELECT 1')).rejects.toThrow(/denied|not allowed/);

    const socket = connect(Number(new URL(redisUrl).port), '127.0.0.1');
    socket.write('GET key\r\n');
    const [answer] = await once(socket, 'data');
    socket.destroy();
    expect(String(answer)).toMatch(/^-NOAUTH/);
  });

  it('put no password on a command line', async () => {
    const { databaseUrl, redisUrl, pids } = await start();
    const passwords = [databaseUrl, redisUrl].map((url) => new URL(url).password);
    for (const pid of pids()) {
      const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8');
      expect(passwords.filter((password) => commandLine.includes(password))).toEqual([]);
    }
  });

  it('run side by side in different directories', async () => {
    const [one, other] = await Promise.all([start({ dir: join(dir, 'one') }), start({ dir: join(dir, 'other') })]);
    await query(one.databaseUrl, 'CREATE TABLE only_here (id INT)');
    expect(await query(other.databaseUrl, 'SHOW TABLES')).toEqual([]);
    expect(new Set([...one.pids(), ...other.pids()])).toHaveLength(4);
  });

  it('refuse a directory that is in use', async () => {
    await start({ mariadb: false });
    await expect(start({ mariadb: false })).rejects.toThrow(/in use by another running Starwarden/);
  });

  it('keep what they hold from one start to the next', async () => {
    const first = await start({ fast: false });
    await query(first.databaseUrl, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await withRedis(first.redisUrl, (redis) => redis.set('kept', '42'));
    await first.stop();

    const second = await start({ fast: false });
    expect(await query(second.databaseUrl, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    expect(await withRedis(second.redisUrl, (redis) => redis.get('kept'))).toBe('42');
  });

  it('come back on the same address after a crash', async () => {
    const services = await start({ fast: false });
    await query(services.databaseUrl, 'CREATE TABLE kept AS SELECT 42 AS answer');
    const before = services.pids();
    await Promise.all([services.restartMariadb(), services.restartRedis()]);

    expect(before.filter((pid) => services.pids().includes(pid))).toEqual([]);
    expect(await query(services.databaseUrl, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    expect(await withRedis(services.redisUrl, (redis) => redis.ping())).toBe('PONG');
  });

  it('forget what Redis holds when told to', async () => {
    const services = await start({ mariadb: false });
    await withRedis(services.redisUrl, (redis) => redis.set('key', 'value'));
    await services.flushRedis();
    expect(await withRedis(services.redisUrl, (redis) => redis.dbsize())).toBe(0);
  });

  it('end when the process that started them is killed, and let the next one have their directory', async () => {
    const { kill, pids } = await startInAnotherProcess();
    expect(await processesOn(dir)).toEqual(expect.arrayContaining(pids));
    await kill();

    const next = await start({ fast: false });
    const running = await processesOn(dir);
    expect(running.filter((pid) => pids.includes(pid))).toEqual([]);
    expect(next.pids()).toHaveLength(2);
  });

  it('end when the process that started them is killed, though nobody asks for them again', async () => {
    const { kill } = await startInAnotherProcess();
    await kill();
    expect(await untilNoneRunOn(dir)).toEqual([]);
  });
});

async function startInAnotherProcess() {
  const module = fileURLToPath(new URL('../../scripts/services.mjs', import.meta.url));
  const script = `
    const { startServices } = await import(${JSON.stringify(module)});
    const services = await startServices({ dir: ${JSON.stringify(dir)} });
    console.log(JSON.stringify(services.pids()));
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  otherProcesses.push(parent);
  const [line] = await once(parent.stdout, 'data');
  return {
    pids: z.array(z.int()).parse(JSON.parse(String(line))),
    kill: async () => {
      parent.kill('SIGKILL');
      await once(parent, 'exit');
    },
  };
}
