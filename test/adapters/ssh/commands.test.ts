import { execFile, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identify, isRunning } from '../../../sandbox/hosts/processes.ts';
import { parseAlive, parseDiskFree, parseNodeProcess } from '../../../src/adapters/ssh/answers.ts';
import {
  checkSudo,
  diskFree,
  isProcessAlive,
  killGroup,
  readPid,
  startBackend,
  startComputeNode,
  startFrontend,
  stopBackend,
  stopComputeNode,
  stopFrontend,
  whoAmI,
} from '../../../src/adapters/ssh/commands.ts';
import type { ShellCommand } from '../../../src/adapters/ssh/port.ts';

let dir: string;
let deployDir: string;

// A name that breaks whatever is not quoted.
const hostileName = `it's "fe" $(touch never) ; \`id\`\n🚀`;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'commands-'));
  deployDir = join(dir, hostileName);
  await mkdir(join(deployDir, 'bin'), { recursive: true });
  const scripts = ['start_fe.sh', 'stop_fe.sh', 'start_be.sh', 'stop_be.sh', 'start_cn.sh', 'stop_cn.sh'];
  for (const name of scripts) {
    const file = join(deployDir, 'bin', name);
    await writeFile(file, `#!/bin/sh\nprintf '%s\\n' "\${0##*/}" "$@"\n`);
    await chmod(file, 0o755);
  }
});

afterAll(() => rm(dir, { recursive: true, force: true }));

type Outcome = { exitCode: number; stdout: string; stderr: string };

function run({ text }: ShellCommand): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile('sh', ['-c', text], { cwd: dir }, (error, stdout, stderr) => {
      resolve({ exitCode: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

const stop = (options: { graceful?: boolean; timeoutSeconds?: number | null; version?: string }) => ({
  deployDir,
  graceful: true,
  timeoutSeconds: 120,
  version: '3.5.0-48f4d81',
  ...options,
});

describe('start and stop', () => {
  it.each<[string, () => ShellCommand, string[]]>([
    ['start-frontend', () => startFrontend({ deployDir }), ['start_fe.sh', '--daemon']],
    [
      'start-frontend',
      () => startFrontend({ deployDir, helper: '10.0.0.1:9010' }),
      ['start_fe.sh', '--daemon', '--helper', '10.0.0.1:9010'],
    ],
    ['start-backend', () => startBackend({ deployDir }), ['start_be.sh', '--daemon']],
    ['start-compute-node', () => startComputeNode({ deployDir }), ['start_cn.sh', '--daemon']],
    ['stop-frontend', () => stopFrontend(stop({})), ['stop_fe.sh', '-g', '--timeout', '120']],
    ['stop-frontend', () => stopFrontend(stop({ graceful: false, timeoutSeconds: null })), ['stop_fe.sh']],
    ['stop-frontend', () => stopFrontend(stop({ version: '3.3.2-857dd73' })), ['stop_fe.sh']],
    ['stop-frontend', () => stopFrontend(stop({ version: 'MAIN-RELEASE-d094052' })), ['stop_fe.sh']],
    ['stop-backend', () => stopBackend(stop({})), ['stop_be.sh', '-g', '--timeout', '120']],
    ['stop-backend', () => stopBackend(stop({ version: '3.3.0-rc01-3b8cb0c' })), ['stop_be.sh', '-g']],
    [
      'stop-backend',
      () => stopBackend(stop({ version: '4.0.1-aaaaaaa', graceful: false })),
      ['stop_be.sh', '--timeout', '120'],
    ],
    ['stop-compute-node', () => stopComputeNode({ deployDir, graceful: true }), ['stop_cn.sh', '-g']],
    ['stop-compute-node', () => stopComputeNode({ deployDir, graceful: false }), ['stop_cn.sh']],
  ])('%s calls the release script with %o', async (name, build, words) => {
    const command = build();
    expect(command).toMatchObject({ name, effect: 'change' });
    expect(await run(command)).toEqual({ exitCode: 0, stdout: `${words.join('\n')}\n`, stderr: '' });
  });

  it('refuses a directory that is not absolute', () => {
    expect(() => startBackend({ deployDir: '-rf' })).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
  });
});

describe('a process', () => {
  const ask = async (pid: number, startedAtTicks: string) =>
    parseAlive((await run(isProcessAlive({ pid, startedAtTicks }))).stdout);

  it('is alive with its own start time, and gone with another one, or without a line in /proc', async () => {
    const ticks = identify(process.pid)?.startedAtTicks ?? '';
    expect(await ask(process.pid, ticks)).toBe(true);
    expect(await ask(process.pid, '1')).toBe(false);
    expect(await ask(4_194_305, ticks)).toBe(false);
  });

  it('is gone when it has ended, whether or not its parent has noticed', async () => {
    const file = join(deployDir, 'bin', 'be.pid');
    // The parent never waits, so its child stays as a zombie.
    const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $! >"$1"; exec sleep 20', 'sh', file]);
    try {
      const ticksOf = async () => identify(Number(await readFile(file, 'utf8').catch(() => '0')))?.startedAtTicks ?? '';
      await expect.poll(ticksOf, { timeout: 5_000 }).not.toBe('');
      const [pid, ticks] = [Number(await readFile(file, 'utf8')), await ticksOf()];
      await expect.poll(() => readFile(`/proc/${pid}/stat`, 'utf8'), { timeout: 5_000 }).toMatch(/\) Z /);
      expect(await ask(pid, ticks)).toBe(false);
      expect(parseNodeProcess((await run(readPid({ deployDir, kind: 'backend' }))).stdout)).toBeNull();
    } finally {
      parent.kill();
    }
  });

  it.each(['', '\n', '0', 'alive and gone', 'Welcome\nalive', 'permission denied'])('is neither after %j', (stdout) => {
    expect(parseAlive(stdout)).toBeNull();
  });

  it.each([
    '',
    'none of them',
    'pid 77',
    'pid 77\ncomm java',
    'pid 77\ncomm \nstartedAtTicks 9',
    'pid 77\ncomm java\nstartedAtTicks 9',
    'comm java\nstartedAtTicks 9',
  ])('behind a pid file is not known after %j', (stdout) => {
    expect(parseNodeProcess(stdout)).toBe('unknown');
  });

  it('behind a pid file that cannot be reached is not known', async () => {
    const { stdout, exitCode } = await run(readPid({ deployDir: join(deployDir, 'elsewhere'), kind: 'backend' }));
    expect(exitCode).not.toBe(0);
    expect(parseNodeProcess(stdout)).toBe('unknown');
  });
});

describe('reading a host', () => {
  it('tells total and free space of a path', async () => {
    const space = parseDiskFree((await run(diskFree({ path: deployDir }))).stdout);
    expect(space?.totalBytes).toBeGreaterThan(0);
    expect(space?.freeBytes).toBeLessThanOrEqual(space?.totalBytes ?? 0);
    expect(space?.mountPoint.startsWith('/')).toBe(true);
  });

  it('understands a mount point with blanks and does not take a failure for an answer', () => {
    const text = 'Filesystem 1024-blocks Used Available Capacity Mounted on\n//nas/a b 100 40 60 40% /mnt/a b\n';
    expect(parseDiskFree(text)).toEqual({ totalBytes: 102_400, freeBytes: 61_440, mountPoint: '/mnt/a b' });
    expect(parseDiskFree("df: '/x': No such file or directory\n")).toBeNull();
  });

  it('names the user, and asks sudo without ever prompting', async () => {
    expect((await run(whoAmI())).stdout).toMatch(/^\S+\n$/);
    expect(checkSudo().text).toBe('sudo -n true');
  });
});

describe('killGroup', () => {
  const startSleeper = () => {
    const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
    const found = child.pid === undefined ? null : identify(child.pid);
    if (found === null) throw new Error('sleep did not start');
    return found;
  };

  it('ends the group and says so', async () => {
    const sleeper = startSleeper();
    const { exitCode } = await run(killGroup({ pgid: sleeper.pid, startedAtTicks: sleeper.startedAtTicks }));
    expect(exitCode).toBe(0);
    expect(isRunning(sleeper)).toBe(false);
  });

  it('leaves a process alone that merely got the same number later', async () => {
    const sleeper = startSleeper();
    const { exitCode } = await run(killGroup({ pgid: sleeper.pid, startedAtTicks: '1' }));
    expect(exitCode).toBe(0);
    expect(isRunning(sleeper)).toBe(true);
    process.kill(sleeper.pid, 'SIGKILL');
  });

  it.each([0, 1, -5])('refuses group %d', (pgid) => {
    expect(() => killGroup({ pgid, startedAtTicks: '5' })).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
  });
});

it('runs nothing that stands in a name', async () => {
  await expect(readFile(join(dir, 'never'))).rejects.toMatchObject({ code: 'ENOENT' });
});
