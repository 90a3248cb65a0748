import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { identify, isAlive } from '../../../sandbox/hosts/processes.ts';
import { parseNodeProcess } from '../../../src/adapters/ssh/answers.ts';
import { readPid, startFrontend, stopBackend, stopFrontend } from '../../../src/adapters/ssh/commands.ts';
import { startOnce } from '../../../src/adapters/ssh/start-once.ts';
import { untilEnded } from '../../../src/adapters/ssh/until-ended.ts';
import { Installed, removeArchives } from '../../sandbox/releases/installed.ts';
import { runLocally } from './release-fixture.ts';

const version = '3.3.15';
const parents: ChildProcess[] = [];
let installed: Installed;

beforeAll(async () => {
  installed = await Installed.unpack(version);
  // As StarRocks' scripts do: they ask `kill -0` alone.
  for (const kind of ['fe', 'be'] as const) await installed.configure(kind, 'sandbox_kill_0 = true');
});
afterEach(() => {
  for (const parent of parents.splice(0)) parent.kill('SIGKILL');
});
afterAll(async () => {
  await installed.remove();
  await removeArchives();
});

async function running(name: 'fe' | 'be') {
  const kind = name === 'fe' ? 'frontend' : 'backend';
  const { stdout } = await runLocally(readPid({ deployDir: installed.home(name), kind }));
  const found = parseNodeProcess(stdout);
  return found === 'unknown' ? null : found;
}

const noInit = 'exec sleep 120';

/** A node, and what its parent does then: one that waits for nothing is as process 1 of a container without an init. */
async function startBelow(parent: string, name: 'fe' | 'be') {
  const script = join(installed.home(name), 'bin', `start_${name}.sh`);
  parents.push(spawn('bash', ['-c', `${script} </dev/null >/dev/null 2>&1 & ${parent}`], { stdio: 'ignore' }));
  await expect.poll(async () => (await running(name))?.pidFile, { timeout: 20_000 }).toBe(installed.pidFile(name));
  const found = await running(name);
  if (found === null) throw new Error(`${name} does not run`);
  return found;
}

const stops = {
  fe: () => stopFrontend({ deployDir: installed.home('fe'), graceful: true, timeoutSeconds: 300, version }),
  be: () => stopBackend({ deployDir: installed.home('be'), graceful: true, timeoutSeconds: 300, version }),
};

it.each(['fe', 'be'] as const)(
  'a stop script of %s that waits for ever on what nobody waited for ends with the process',
  async (name) => {
    const node = await startBelow(noInit, name);
    expect(await runLocally(untilEnded(stops[name](), node))).toMatchObject({ exitCode: 0, stdout: '' });
    expect(isAlive(node.pid)).toBe(false);
    expect(identify(node.pid), 'it is there as a zombie').not.toBeNull();
    expect(existsSync(installed.pidFile(name))).toBe(false);
  },
);

it('a stop script that sees the end by itself is left alone', async () => {
  const node = await startBelow('wait', 'be');
  const { exitCode, stdout } = await runLocally(untilEnded(stops.be(), node));
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'stop starrocks_be, and remove pid file. \n' });
});

it('what a stop script refuses is told with its exit code', async () => {
  const node = { pid: process.pid, comm: 'x', startedAtTicks: '1', pidFile: installed.pidFile('be') };
  const stop = { ...stops.be(), text: 'echo refused; exit 7' };
  const outcome = await runLocally(untilEnded(stop, node));
  expect(outcome).toMatchObject({ exitCode: 7, stdout: 'refused\n' });
});

it('a node is started although its pid file names a process that ended and that nobody waited for', async () => {
  const node = await startBelow(noInit, 'fe');
  process.kill(node.pid, 'SIGKILL');
  await expect.poll(() => isAlive(node.pid)).toBe(false);
  const deployDir = installed.home('fe');
  expect((await installed.script('fe', 'start_fe.sh', ['--daemon'])).stdout).toContain('Stop it first');
  const { exitCode } = await runLocally(startOnce({ deployDir, kind: 'frontend' }, startFrontend({ deployDir })));
  expect(exitCode).toBe(0);
  await expect.poll(async () => (await running('fe'))?.pid, { timeout: 20_000 }).toBeGreaterThan(0);
  expect((await running('fe'))?.pid).not.toBe(node.pid);
});
