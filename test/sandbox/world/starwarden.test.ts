import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAlive } from '../../../sandbox/hosts/processes.ts';
import { startManagedStarwarden } from '../../../sandbox/world/managed-starwarden.ts';
import { startStarwarden } from '../../../sandbox/world/starwarden.ts';

const program = 'test/sandbox/world/pretend-starwarden.ts';
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'starwarden-child-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('startStarwarden', () => {
  it('returns when it is ready, and ends it in order', async () => {
    const logFile = join(dir, 'log');
    const child = await startStarwarden({ env: {}, logFile, program });
    expect((await fetch(`${child.url}/readyz`)).status).toBe(200);
    expect(child.graphqlUrl).toBe(`${child.url}/graphql`);
    await child.stop();
    expect(isAlive(child.pid)).toBe(false);
    await expect.poll(() => readFile(logFile, 'utf8')).toContain('{"event":"stopped"}');
  });

  it('passes nothing of its own environment on', async () => {
    const child = await startStarwarden({ env: { REDIS_URL: 'redis://r' }, logFile: join(dir, 'log'), program });
    const env: unknown = await (await fetch(child.url)).json();
    await child.kill();
    // The tests give each process a mark, by which one that is left behind is known, and a place for compiled code.
    const { STARWARDEN_TEST_FILE } = process.env;
    const mark = { STARWARDEN_TEST_FILE, NODE_COMPILE_CACHE: expect.stringContaining('node_modules/.cache/') };
    expect(env).toEqual({ PATH: process.env.PATH, PORT: '0', REDIS_URL: 'redis://r', ...mark });
  });

  it('tells the last thing that was printed when it does not come up', async () => {
    const env = { PRETEND_TO_FAIL: 'DATABASE_URL is not set' };
    const started = startStarwarden({ env, logFile: join(dir, 'log'), program });
    await expect(started).rejects.toThrow(/ended before it listened; .*DATABASE_URL is not set/);
  });

  it('gives up on one that listens and never gets ready', async () => {
    const started = startStarwarden({ env: {}, logFile: join(dir, 'log'), program, timeoutMs: 150 });
    await expect(started).rejects.toThrow(/waited 150 ms|not ready/);
  });
});

describe('startManagedStarwarden', () => {
  it('brings it back at the same address with the same tokens after a kill', async () => {
    const starwarden = await startManagedStarwarden({
      worldDir: dir,
      logFile: join(dir, 'log'),
      services: { databaseUrl: 'mysql://d', redisUrl: 'redis://r' },
      slack: null,
      probeIntervalMs: 750,
      program,
    });
    const read = async () => await (await fetch(starwarden.url)).text();
    const before = await read();
    const pid = starwarden.pid();
    await starwarden.kill();
    expect(starwarden.pid()).toBeNull();
    await expect(read()).rejects.toThrow();

    await starwarden.start();
    expect(starwarden.pid()).not.toBe(pid);
    const port = new URL(starwarden.url).port;
    expect((await read()).replace(`"PORT":"${port}"`, '"PORT":"0"')).toBe(before);
    expect(before).toContain(starwarden.tokens.admin);
    expect(before).toContain('"STARWARDEN_PROBE_INTERVAL_MS":"750"');
    expect(before).not.toContain('SLACK');
    await starwarden.stop();
  });

  it('is killed while it starts, and starts anew', async () => {
    const starwarden = await startManagedStarwarden({
      worldDir: dir,
      logFile: join(dir, 'log'),
      services: { databaseUrl: 'mysql://d', redisUrl: 'redis://r' },
      slack: null,
      probeIntervalMs: 750,
      program,
    });
    await starwarden.kill();
    const failed = expect(starwarden.start()).rejects.toThrow();
    await starwarden.kill();
    await failed;
    expect(starwarden.pid()).toBeNull();
    await starwarden.start();
    expect((await fetch(starwarden.url)).ok).toBe(true);
    await starwarden.stop();
  });
});
