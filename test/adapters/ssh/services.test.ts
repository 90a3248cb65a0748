import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identify, isRunning, killAll, type ProcessId } from '../../../sandbox/hosts/processes.ts';
import { nodeUnit } from '../../../sandbox/hosts/services.ts';
import { parseUnitRights, parseUnitState } from '../../../src/adapters/ssh/host-answers.ts';
import type { Shell } from '../../../src/adapters/ssh/port.ts';
import {
  isUnitName,
  sudoersLine,
  systemctlStart,
  systemctlStop,
  unitState,
} from '../../../src/adapters/ssh/service-commands.ts';
import { createSsh, type Ssh } from '../../../src/adapters/ssh/ssh2.ts';
import { type HostFixture, startHostFixture } from './host-fixture.ts';
import { writeTree } from './release-fixture.ts';

const unit = 'starrocks-be.service';
const broken = 'starrocks-cn.service';

let dir: string;
let deployDir: string;
let ssh: Ssh;
let fixture: HostFixture;
let host: Shell;
const started: ProcessId[] = [];

/** A node that is a `sleep`, with scripts that keep the contract of StarRocks' own: pid file, `--daemon`, `-g`. */
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'services-'));
  deployDir = join(dir, 'be');
  await mkdir(join(deployDir, 'bin'), { recursive: true });
  writeTree(join(deployDir, 'bin'), {
    'start_be.sh': `#!/bin/sh\ncd "\${0%/*}"\nenv >environment\nsleep 60 &\necho $! >be.pid\n`,
    'stop_be.sh': `#!/bin/sh\ncd "\${0%/*}"\necho "$@" >stop-options\nkill "$(cat be.pid)"\nrm be.pid\n`,
    'start_cn.sh': '#!/bin/sh\nexit 1\n',
  });
  for (const name of ['start_be.sh', 'stop_be.sh', 'start_cn.sh']) await chmod(join(deployDir, 'bin', name), 0o755);
  const units = { [unit]: nodeUnit({ kind: 'be', deployDir }), [broken]: nodeUnit({ kind: 'cn', deployDir }) };
  fixture = await startHostFixture('127.0.1.78', { services: { units, sudo: 'allowed' } });
  ssh = createSsh();
  host = ssh.shell(fixture.target());
});

afterAll(async () => {
  killAll(started);
  await ssh?.close();
  await fixture?.stop();
  await rm(dir, { recursive: true, force: true });
});

const state = async (name = unit) => parseUnitState((await host.run(unitState({ unit: name }))).stdout);
const limit = { restarts: false, startLimit: { burst: 5, intervalMs: 10_000 } };
const inactive = { exists: true, activeState: 'inactive', subState: 'dead', mainPid: null, ...limit };

async function start(): Promise<ProcessId> {
  expect(await host.run(systemctlStart({ unit, sudo: true }))).toMatchObject({ exitCode: 0, stderr: '' });
  const found = identify(Number(await readFile(join(deployDir, 'bin', 'be.pid'), 'utf8')));
  if (found === null) throw new Error('the node does not run');
  started.push(found);
  return found;
}

describe('a node that systemd runs', () => {
  it('is started and stopped by its unit, and lives on behind the connection', async () => {
    expect(await state()).toEqual(inactive);
    const node = await start();
    expect(await state()).toEqual({
      exists: true,
      activeState: 'active',
      subState: 'running',
      mainPid: node.pid,
      ...limit,
    });
    await fixture.host.cut();
    expect(isRunning(node)).toBe(true);
    expect(await host.run(systemctlStop({ unit, sudo: true }))).toMatchObject({ exitCode: 0, stderr: '' });
    expect(isRunning(node)).toBe(false);
    expect(await readFile(join(deployDir, 'bin', 'stop-options'), 'utf8')).toBe('-g\n');
    expect(await state()).toEqual(inactive);
  });

  it('gets nothing of the environment of whoever starts it', async () => {
    const node = await start();
    expect(await readFile(join(deployDir, 'bin', 'environment'), 'utf8')).not.toMatch(/^(SSH_|SUDO_|USER=)/m);
    await host.run(systemctlStop({ unit, sudo: true }));
    expect(isRunning(node)).toBe(false);
  });

  it('is started and stopped once, however often it is asked for', async () => {
    const node = await start();
    expect((await start()).pid).toBe(node.pid);
    const stops = await Promise.all([1, 2].map(() => host.run(systemctlStop({ unit, sudo: true }))));
    expect(stops.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(await state()).toEqual(inactive);
  });

  it('is failed when its process ended by itself', async () => {
    const node = await start();
    killAll([node]);
    expect(await state()).toEqual({ exists: true, activeState: 'failed', subState: 'failed', mainPid: null, ...limit });
    await start();
    await host.run(systemctlStop({ unit, sudo: true }));
  });

  it('is failed when its start script fails', async () => {
    expect(await host.run(systemctlStart({ unit: broken, sudo: true }))).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(`Job for ${broken} failed`),
    });
    expect(await state(broken)).toMatchObject({ activeState: 'failed' });
  });

  it('is told from one that systemd does not know', async () => {
    expect(await state('nobody.service')).toMatchObject({ exists: false, activeState: 'inactive' });
    expect(await host.run(systemctlStart({ unit: 'nobody.service', sudo: true }))).toMatchObject({
      exitCode: 5,
      stderr: 'Failed to start nobody.service: Unit nobody.service not found.\n',
    });
  });

  it('is not started without the right to', async () => {
    expect(await host.run(systemctlStart({ unit, sudo: false }))).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('Interactive authentication required'),
    });
    expect(await state()).toEqual(inactive);
  });
});

describe('a unit that systemd starts so often and no more', () => {
  const often = 'starrocks-often.service';
  const sudoers = (verbs: readonly string[]) =>
    [
      '# the least that an owner of StarRocks needs',
      `Cmnd_Alias SRCTL = ${verbs.map((verb) => `/usr/bin/systemctl ${verb} starrocks-often`).join(', ')}`,
      'starrocks ALL=(root) NOPASSWD: SRCTL',
    ].join('\n');
  const text = () =>
    nodeUnit({ kind: 'be', deployDir }).replace('[Unit]\n', '[Unit]\nStartLimitIntervalSec=120\nStartLimitBurst=3\n');

  async function onHost(lines: string, work: (shell: Shell) => Promise<void>): Promise<void> {
    const other = await startHostFixture('127.0.1.79', {
      services: { units: { [often]: text() }, sudo: { sudoers: lines } },
    });
    try {
      await work(ssh.shell(other.target()));
    } finally {
      await other.stop();
    }
  }

  const again = async (shell: Shell) => {
    const answer = await shell.run(systemctlStart({ unit: often, sudo: true }));
    if (answer.exitCode === 0) {
      const found = identify(Number(await readFile(join(deployDir, 'bin', 'be.pid'), 'utf8')));
      if (found !== null) started.push(found);
      expect((await shell.run(systemctlStop({ unit: often, sudo: true }))).exitCode).toBe(0);
    }
    return answer;
  };

  it('is started all the same, by a user whose sudo lists these commands and no other, word by word', async () => {
    await onHost(sudoers(['start', 'stop', 'reset-failed']), async (shell) => {
      expect((await shell.run({ name: 'x', text: 'sudo -n true', effect: 'read' })).exitCode).toBe(1);
      const wrapped = `sudo -n sh -c 'systemctl start ${often}'`;
      expect((await shell.run({ name: 'x', text: wrapped, effect: 'read' })).stderr).toContain(
        'a password is required',
      );
      expect(parseUnitState((await shell.run(unitState({ unit: often }))).stdout)?.startLimit).toEqual({
        burst: 3,
        intervalMs: 120_000,
      });
      for (let round = 0; round < 3; round += 1) expect(await again(shell)).toMatchObject({ exitCode: 0, stdout: '' });
      expect(await again(shell)).toMatchObject({
        exitCode: 0,
        stdout: expect.stringContaining('the count is set back'),
      });
    });
  });

  it('is not started by a user who may not set the count back, and says why', async () => {
    await onHost(sudoers(['start', 'stop']), async (shell) => {
      const asRoot = (await shell.run({ name: 'x', text: 'id -u', effect: 'read' })).stdout === '0\n';
      for (let round = 0; round < 3; round += 1) expect((await again(shell)).exitCode).toBe(0);
      const refused = await again(shell);
      expect(refused.exitCode).not.toBe(0);
      // Who logs in as root needs no rule, but the stand-in for systemd obeys only who comes through sudo.
      expect(refused.stderr).toContain(asRoot ? 'Interactive authentication required' : 'a password is required');
      const failed = await shell.run({ name: 'x', text: `systemctl show --property=Result ${often}`, effect: 'read' });
      expect(failed.stdout).toBe('Result=start-limit-hit\n');
    });
  });
});

it('is started again by systemd when it dies and its unit says so, and not when it was told to stop', async () => {
  const name = 'starrocks-again.service';
  const text = nodeUnit({ kind: 'be', deployDir }).replace(
    'Type=forking\n',
    'Type=forking\nRestart=on-failure\nRestartSec=0\n',
  );
  const other = await startHostFixture('127.0.1.79', { services: { units: { [name]: text }, sudo: 'allowed' } });
  try {
    const shell = ssh.shell(other.target());
    const pid = async () => parseUnitState((await shell.run(unitState({ unit: name }))).stdout)?.mainPid ?? null;
    await shell.run(systemctlStart({ unit: name, sudo: true }));
    const first = await pid();
    process.kill(first ?? 0, 'SIGKILL');
    await expect.poll(async () => ![null, first].includes(await pid()), { timeout: 10_000 }).toBe(true);
    expect((await shell.run(systemctlStop({ unit: name, sudo: true }))).exitCode).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await pid()).toBeNull();
  } finally {
    await other.stop();
  }
});

describe('what a user may have systemd do', () => {
  it.each([
    ['start=yes\nstop=no\nreset-failed=no\nuser=sr\n', { start: true, stop: false, resetFailed: false, user: 'sr' }],
    ['start=yes\nstop=yes\n', null],
    ['', null],
    ['sudo: a password is required', null],
  ])('is read from %j', (stdout, wanted) => {
    expect(parseUnitRights(stdout)).toEqual(wanted);
  });

  it('is written as one line of sudoers that names the very commands', () => {
    expect(sudoersLine({ unit, user: 'starrocks' })).toBe(
      `starrocks ALL=(root) NOPASSWD: /usr/bin/systemctl start ${unit}, /usr/bin/systemctl stop ${unit}, /usr/bin/systemctl reset-failed ${unit}`,
    );
  });
});

it('says nothing of a unit when systemd did not answer', () => {
  expect(parseUnitState('')).toBeNull();
  expect(parseUnitState('System has not been booted with systemd as init system (PID 1).')).toBeNull();
});

describe('the name of a unit', () => {
  it.each(['starrocks-be.service', 'starrocks@be1.service', 'a:b_c.d.service'])('may be %j', (name) => {
    expect(isUnitName(name)).toBe(true);
    expect(systemctlStop({ unit: name, sudo: true }).text).toContain(`'${name}'`);
  });

  it.each([
    'starrocks-be',
    '--now.service',
    'a b.service',
    'x;reboot.service',
    "x'.service",
    '../x.service',
    '*.service',
    'x.service\n',
    'x.service --now',
    '.socket',
    `${'x'.repeat(250)}.service`,
  ])('may not be %j', (name) => {
    expect(isUnitName(name)).toBe(false);
    for (const build of [systemctlStart, systemctlStop]) {
      expect(() => build({ unit: name, sudo: true })).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
    }
    expect(() => unitState({ unit: name })).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
  });
});
