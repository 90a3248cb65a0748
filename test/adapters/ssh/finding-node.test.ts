import { spawn } from 'node:child_process';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { identify } from '../../../sandbox/hosts/processes.ts';
import { parseEnvironment, parseNodeProcess } from '../../../src/adapters/ssh/answers.ts';
import { isProcessAlive, readEnvironment, readPid } from '../../../src/adapters/ssh/commands.ts';
import { parseOwner } from '../../../src/adapters/ssh/host-answers.ts';
import { ownerOf } from '../../../src/adapters/ssh/host-commands.ts';
import { Installed, removeArchives } from '../../sandbox/releases/installed.ts';
import { runLocally } from './release-fixture.ts';

let installed: Installed;

beforeAll(async () => {
  installed = await Installed.unpack('3.4.6');
});
afterEach(async () => {
  for (const kind of ['fe', 'be', 'cn'] as const) await rm(installed.pidFile(kind), { force: true });
});
afterAll(async () => {
  await installed.remove();
  await removeArchives();
});

type NodeKind = Parameters<typeof readPid>[0]['kind'];

async function find(kind: NodeKind, deployDir = installed.home(kind === 'frontend' ? 'fe' : 'be')) {
  const outcome = await runLocally(readPid({ deployDir, kind }));
  expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
  const found = parseNodeProcess(outcome.stdout);
  if (found === 'unknown') throw new Error(`no answer: ${outcome.stdout}`);
  return found;
}

describe('the process of a node', () => {
  it.each([
    ['frontend', 'fe', 'java'],
    ['backend', 'be', 'starrocks_be'],
    ['compute-node', 'cn', 'starrocks_be'],
  ] as const)('of a %s is found with its pid file, without it, and not for another kind', async (kind, name, comm) => {
    const pid = await installed.start(name);
    const { startedAtTicks } = identify(pid) ?? {};
    const whole = { pid, comm, startedAtTicks, pidFile: installed.pidFile(name) };
    try {
      expect(await find(kind)).toEqual(whole);
      // stop_cn.sh removes it while the process drains; a start may not have written it yet.
      await rm(installed.pidFile(name));
      expect(await find(kind)).toEqual({ ...whole, pidFile: null });
      // By another name of the same directory.
      const link = join(installed.root, `link-${name}`);
      await symlink(installed.home(name), link);
      expect(await find(kind, link)).toEqual({ ...whole, pidFile: null });
      const others = (['frontend', 'backend', 'compute-node'] as const).filter((other) => other !== kind);
      for (const other of others) expect(await find(other)).toBeNull();
    } finally {
      process.kill(pid, 'SIGKILL');
    }
  });

  it('is found where PID_DIR has its pid file put, and a number left in bin/ is passed over', async () => {
    const runDir = join(installed.home('be'), 'run');
    await mkdir(runDir);
    await installed.configure('be', `PID_DIR = "\${STARROCKS_HOME}/run" # ours`);
    await installed.script('be', 'start_be.sh', ['--daemon']);
    const pidFile = join(runDir, 'be.pid');
    await expect.poll(async () => (await find('backend'))?.pidFile, { timeout: 10_000 }).toBe(pidFile);
    const found = await find('backend');
    try {
      await writeFile(installed.pidFile('be'), `${process.pid}\n`);
      expect(await find('backend')).toEqual(found);
    } finally {
      process.kill(found?.pid ?? 0, 'SIGKILL');
    }
  });

  it('is not that of a neighbour, whatever its pid file says', async () => {
    const neighbour = await Installed.unpack('3.4.6');
    const pid = await neighbour.start('fe');
    try {
      await writeFile(installed.pidFile('fe'), String(pid));
      expect(await find('frontend')).toBeNull();
      expect((await find('frontend', neighbour.home('fe')))?.pid).toBe(pid);
    } finally {
      await neighbour.remove();
    }
  });

  it.each([
    ['has no pid file', null],
    ['has a pid file of a process that is gone', '4194305\n'],
    ['has a pid file with something else in it', '1; touch never\n'],
    ['has a pid file of another program', `${process.pid}\n`],
    ['has an empty pid file', ''],
  ])('is none where the node does not run and %s', async (_what, content) => {
    if (content !== null) await writeFile(installed.pidFile('fe'), content);
    expect(await find('frontend')).toBeNull();
  });

  it('is not one that has ended and that nobody waited for', async () => {
    // A parent that waits for nothing, as a container without an init has it.
    const start = `${join(installed.home('fe'), 'bin', 'start_fe.sh')} </dev/null >/dev/null 2>&1 & echo $!; exec sleep 60`;
    const parent = spawn('bash', ['-c', start], { stdio: ['ignore', 'pipe', 'ignore'] });
    const pid = await new Promise<number>((resolve) => parent.stdout.once('data', (text) => resolve(Number(text))));
    try {
      await expect.poll(async () => (await find('frontend'))?.pid, { timeout: 10_000 }).toBe(pid);
      const { startedAtTicks } = identify(pid) ?? { startedAtTicks: '' };
      const isAlive = async () => (await runLocally(isProcessAlive({ pid, startedAtTicks }))).exitCode === 0;
      expect(await isAlive()).toBe(true);
      process.kill(pid, 'SIGKILL');
      await writeFile(installed.pidFile('fe'), String(pid));
      await expect.poll(isAlive).toBe(false);
      expect(() => process.kill(pid, 0), 'it is there as a zombie').not.toThrow();
      expect(await find('frontend')).toBeNull();
    } finally {
      parent.kill('SIGKILL');
    }
  });
});

it('belongs to the user of its process, else of its directory, and is told where another one would start it', async () => {
  const bin = join(installed.root, 'other-login');
  await mkdir(bin);
  await writeFile(join(bin, 'id'), '#!/bin/sh\necho deploy\n', { mode: 0o755 });
  const asDeploy = { environment: { PATH: `${bin}:${process.env.PATH}` } };
  const command = ownerOf({ deployDir: installed.home('fe'), kind: 'frontend' });
  const belongsTo = userInfo().username;
  expect(parseOwner((await runLocally(command)).stdout)).toBeNull();
  expect(parseOwner((await runLocally(command, asDeploy)).stdout)).toEqual({ user: 'deploy', belongsTo });
  const pid = await installed.start('fe');
  try {
    expect(parseOwner((await runLocally(command, asDeploy)).stdout)).toEqual({ user: 'deploy', belongsTo });
    expect(parseOwner((await runLocally(command)).stdout)).toBeNull();
  } finally {
    process.kill(pid, 'SIGKILL');
  }
});

it('tells of the variables of a process those alone that are asked for', async () => {
  const env = { A_B: 'one=1', OTHER: 'x\nA_B=2', SECRET: 'canary', EMPTY: '' };
  const child = spawn('sleep', ['60'], { env, stdio: 'ignore' });
  try {
    const names = ['A_B', 'EMPTY', 'MISSING', 'not a name'];
    const { stdout } = await runLocally(readEnvironment({ pid: child.pid ?? 0, names }));
    expect(stdout).not.toContain('canary');
    expect([...parseEnvironment(stdout)]).toEqual([
      ['A_B', 'one=1'],
      ['EMPTY', ''],
    ]);
  } finally {
    child.kill('SIGKILL');
  }
});
