import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAlive, killAll } from '../../sandbox/hosts/processes.ts';
import { accusation, leftAfter, leftRunning } from '../helpers/running/left-running.ts';
import { root } from '../helpers/running/projects.ts';

describe('a process that is left behind', () => {
  it.each([
    ['a child', 'sleep 300', {}],
    ['one in a session of its own whose parent has ended', 'setsid sleep 301 & exit 0', {}],
    ['one that was given another environment', 'setsid sleep 302 & exit 0', { env: { PATH: process.env.PATH } }],
  ])('is found: %s', async (_what, script, options) => {
    const child = spawn('sh', ['-c', script], { stdio: 'ignore', ...options });
    if (script.includes('exit')) await once(child, 'exit');
    await expect.poll(() => leftRunning().map(({ name }) => name)).toContainEqual(expect.stringMatching(/^sleep 30/));
    const left = leftRunning();
    expect(accusation('test/some.test.ts', left)).toMatch(
      /^test\/some\.test\.ts has left running: .*sleep 30\d \(\d+\)/,
    );
    killAll(left.map(({ id }) => id));
    expect(await leftAfter(30_000)).toEqual([]);
  });

  it('is waited for while it ends', async () => {
    const child = spawn('sleep', ['1'], { stdio: 'ignore' });
    await once(child, 'spawn');
    expect(leftRunning().map(({ name }) => name)).toEqual(['sleep 1']);
    expect(await leftAfter(30_000)).toEqual([]);
  });
});

describe('a test file that leaves one behind', () => {
  let dir = '';
  beforeAll(async () => {
    dir = await mkdtemp(join(root, 'node_modules/.cache/accused-'));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  it('fails, with the names of both, and the process is ended', async () => {
    await writeFile(
      join(dir, 'guilty.test.ts'),
      `import { spawn } from 'node:child_process';
       import { it } from 'vitest';
       it('passes', () => { console.log('pid ' + spawn('sleep', ['303'], { detached: true, stdio: 'ignore' }).pid); });`,
    );
    const accuse = JSON.stringify(join(root, 'test/helpers/running/accuse.ts'));
    await writeFile(
      join(dir, 'vitest.config.ts'),
      `export default { test: { pool: 'forks', setupFiles: [${accuse}] } };`,
    );
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--root', dir],
      { encoding: 'utf8', env: { ...process.env, STARWARDEN_PATIENCE_MS: '200' } },
    );
    expect(status, stderr).toBe(1);
    expect(stderr).toMatch(/guilty\.test\.ts has left running: sleep 303/);
    const pid = Number(/pid (\d+)/.exec(stdout)?.[1]);
    expect(pid).toBeGreaterThan(1);
    await expect.poll(() => isAlive(pid)).toBe(false);
  });
});
