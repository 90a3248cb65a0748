import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, realpathSync } from 'node:fs';
import { readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processesOfWorld, sweepWorld } from '../../../sandbox/world/processes.ts';

const main = fileURLToPath(new URL('../../../sandbox/main.ts', import.meta.url));
const small = ['--frontends', '1', '--backends', '1', '--speed', '20', '--no-starwarden', '--json'];

let dir: string;
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'starwarden-main-')));
});
afterEach(async () => {
  await sweepWorld(dir);
  await rm(dir, { recursive: true, force: true, maxRetries: 5 });
});

type Running = { readonly child: ChildProcess; readonly stdout: () => string; readonly stderr: () => string };

function sandbox(args: readonly string[]): Running {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  return { child, stdout: () => stdout, stderr: () => stderr };
}

async function command(...words: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const { child, stdout, stderr } = sandbox(['--dir', dir, ...words]);
  const [code]: unknown[] = await once(child, 'close');
  return { code, stdout: stdout(), stderr: stderr() };
}

async function startSmall(): Promise<Running> {
  const running = sandbox([...small, '--dir', dir]);
  await expect.poll(running.stdout).toContain('\n');
  return running;
}

describe('the command line', () => {
  it('prints one line of JSON, takes commands, and leaves nothing after SIGTERM', async () => {
    const { child, stdout, stderr } = await startSmall();
    expect(stdout().trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(stdout())).toMatchObject({
      dir,
      graphqlUrl: null,
      cluster: { frontends: [{ name: 'fe1' }], backends: [{ name: 'be1' }], sqlUser: 'starwarden' },
      hosts: [{ name: 'fe1', user: expect.any(String) }, { name: 'be1' }],
    });
    expect((await stat(join(dir, 'world.json'))).mode & 0o777).toBe(0o600);

    expect(await command('kill', 'be1')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^killed be1, process \d+\n$/),
    });
    expect((await command('status')).stdout).toMatch(/^be1 .* not running$/m);
    expect(await command('fault', 'start', 'be1')).toMatchObject({ code: 0 });
    expect(await command('fault', 'sql-delay', 'fe1', 'ms=5')).toMatchObject({ code: 0, stdout: 'fault-1\n' });
    expect(JSON.parse(await readFile(join(dir, 'faults.json'), 'utf8'))).toMatchObject([{ kind: 'sql-delay', ms: 5 }]);
    expect(await command('fault', 'sql-delay', 'ms=soon')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('ms'),
    });
    expect(await command('explode')).toMatchObject({ code: 1, stderr: expect.stringContaining('no command explode') });
    expect(await command('kill', 'be7')).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no be7') });

    child.kill('SIGTERM');
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(processesOfWorld(dir)).toEqual([]);
    expect(stdout().trim().split('\n')).toHaveLength(1);
    expect(stderr()).toContain('nothing is left running');
    expect(await command('status')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no sandbox is running'),
    });
  });

  it('refuses a command without the secret', async () => {
    const { child } = await startSmall();
    const { url }: { url: string } = JSON.parse(await readFile(join(dir, 'world.json'), 'utf8'));
    const response = await fetch(`${url}/command`, { method: 'POST', body: '{"words":["kill","be1"]}' });
    expect(response.status).toBe(401);
    child.kill('SIGINT');
    expect(await once(child, 'close')).toEqual([0, null]);
  });

  it('is cleaned up after when it is killed', async () => {
    const { child } = await startSmall();
    expect(processesOfWorld(dir).length).toBeGreaterThan(3);
    child.kill('SIGKILL');
    await expect.poll(() => processesOfWorld(dir)).toEqual([]);
  });

  it.each([
    ['SIGTERM that comes twice, as from npm', ['SIGTERM', 'SIGTERM'] as const, [0, null]],
    ['the end of its terminal', ['SIGHUP'] as const, [0, null]],
    ['SIGKILL', ['SIGKILL'] as const, [null, 'SIGKILL']],
  ])('removes the directory that it made, and is found in it until then, on %s', async (_, signals, ending) => {
    const { child, stdout } = sandbox(small);
    await expect.poll(stdout).toContain('\n');
    const { dir: own }: { dir: string } = JSON.parse(stdout());
    const { child: asked, stdout: answer } = sandbox(['--dir', own, 'status']);
    expect(await once(asked, 'close')).toEqual([0, null]);
    expect(answer()).toContain('be1');
    for (const signal of signals) child.kill(signal);
    expect(await once(child, 'close')).toEqual(ending);
    await expect.poll(() => existsSync(own)).toBe(false);
    expect(processesOfWorld(own)).toEqual([]);
  });

  it('ends in order when interrupted while it starts', async () => {
    const { child, stdout, stderr } = sandbox([...small, '--dir', dir]);
    await expect.poll(stderr).toContain('starting the cluster');
    child.kill('SIGINT');
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(stdout()).toBe('');
    expect(processesOfWorld(dir)).toEqual([]);
  });

  it('explains a wrong option and starts nothing', async () => {
    const { child, stderr } = sandbox(['--speed', 'warp', '--dir', dir]);
    expect(await once(child, 'close')).toEqual([2, null]);
    expect(stderr()).toBe('--speed warp is not a number above 0\n');
  });
});
