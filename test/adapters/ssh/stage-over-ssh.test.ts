import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { identify, killAll, type ProcessId } from '../../../sandbox/hosts/processes.ts';
import { linkArchive } from '../../../src/adapters/ssh/archive-commands.ts';
import { hostFailureOf } from '../../../src/adapters/ssh/host-failure.ts';
import type { Shell, ShellCall } from '../../../src/adapters/ssh/port.ts';
import { parseStagedState } from '../../../src/adapters/ssh/release-answers.ts';
import { stagedIdOf } from '../../../src/adapters/ssh/release-dirs.ts';
import { createSsh, type Ssh } from '../../../src/adapters/ssh/ssh2.ts';
import { stagedState, unpackRelease } from '../../../src/adapters/ssh/stage-commands.ts';
import { type HostFixture, startHostFixture } from './host-fixture.ts';
import { type Archive, newFrontend, oldFrontend, pack, treeOf, writeTree } from './release-fixture.ts';

/* What happens on a real host when the one who asked for the unpacking goes away, or asks twice. */

let dir: string;
let fixture: HostFixture;
let ssh: Ssh;
let host: Shell;
let archive: Archive;
let deployDir: string;
let stagedDir: string;
let id: string;

const gate = () => join(dir, 'gate');
const calls = () => join(dir, 'tar-calls');

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'stage-ssh-'));
  const half = Object.fromEntries(Object.entries(newFrontend).map(([path, text]) => [`fe/${path}`, text]));
  writeTree(join(dir, 'StarRocks-3.5.0'), half);
  archive = await pack(join(dir, 'release.tar.gz'), dir, ['StarRocks-3.5.0']);
  id = stagedIdOf({ version: '3.5.0', sha256: archive.sha256 });
  // A `tar` that is at work for as long as the gate is closed once it has unpacked.
  await mkdir(join(dir, 'bin'));
  const lines = [
    '#!/bin/sh',
    '/usr/bin/tar "$@"; code=$?',
    `case $1 in -x*) echo called >>'${calls()}'; while [ -e '${gate()}' ]; do sleep 0.05; done;; esac`,
    'exit $code',
  ];
  await writeFile(join(dir, 'bin', 'tar'), lines.join('\n'));
  await chmod(join(dir, 'bin', 'tar'), 0o755);
  fixture = await startHostFixture('127.0.1.77', { environment: { PATH: `${join(dir, 'bin')}:/usr/bin:/bin` } });
  ssh = createSsh();
  host = ssh.shell(fixture.target());
});
afterAll(async () => {
  await ssh?.close();
  await fixture?.stop();
  await rm(dir, { recursive: true, force: true });
});

beforeEach(async () => {
  deployDir = join(dir, 'it is $HOME', 'fe');
  stagedDir = join(deployDir, 'starwarden', 'staged');
  writeTree(deployDir, oldFrontend);
  const linked = await host.run(linkArchive({ deployDir, path: archive.path, sha256: archive.sha256 }));
  expect(linked).toMatchObject({ exitCode: 0, stderr: '' });
  await rm(calls(), { force: true });
});
afterEach(async () => {
  await rm(gate(), { force: true });
  await rm(join(dir, 'it is $HOME'), { recursive: true, force: true });
});

const close = () => writeFile(gate(), '');
const open = () => rm(gate());

function unpack(call: ShellCall = {}, waitSeconds = 30) {
  const { sha256 } = archive;
  const command = unpackRelease({
    deployDir,
    archiveDeployDir: deployDir,
    part: 'fe',
    version: '3.5.0',
    sha256,
    waitSeconds,
  });
  return host.run(command, call);
}

const state = async () => parseStagedState((await host.run(stagedState({ deployDir, id }))).stdout);
const isUnpacking = () => existsSync(join(stagedDir, `${id}.part`, 'lib', 'starrocks-fe.jar')) && existsSync(calls());
const tarCalls = async () => (await readFile(calls(), 'utf8')).trim().split('\n').length;

const expectStaged = async () => {
  expect(await state()).toBe('complete');
  expect(readdirSync(stagedDir)).toEqual([id]);
  expect(treeOf(join(stagedDir, id))).toEqual([
    `bin/.starwarden-release: ${id}\n`,
    'bin/start_fe.sh: new start',
    `lib/.starwarden-release: ${id}\n`,
    'lib/starrocks-fe.jar: new jar',
    `spark-dpp/.starwarden-release: ${id}\n`,
    'spark-dpp/spark-dpp.jar: new spark',
  ]);
};

/** Everything whose command line names the directory: the script, its subshells and what they started. */
function processesOf(name: string): ProcessId[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => commandLineOf(pid).includes(name))
    .flatMap((pid) => identify(Number(pid)) ?? []);
}

function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // It ended meanwhile.
    return '';
  }
}

describe('unpacking on a host', () => {
  it('is done once when it is asked for twice at the same time', async () => {
    const [first, second] = await Promise.all([unpack(), unpack()]);
    expect([first.stdout, second.stdout].sort()).toEqual([`${id} is staged already\n`, `${id} is staged\n`].sort());
    expect([first.exitCode, second.exitCode]).toEqual([0, 0]);
    expect(await tarCalls()).toBe(1);
    await expectStaged();
  });

  it('goes on when the connection breaks, and a second one waits for it and finds it done', async () => {
    await close();
    const first = unpack();
    const lost = expect(first).rejects.toMatchObject({ code: 'SSH_ANSWER_LOST' });
    await expect.poll(isUnpacking).toBe(true);
    await fixture.host.cut();
    await lost;
    expect(await state()).toBe('absent');
    let hasEnded = false;
    const second = unpack().finally(() => {
      hasEnded = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(hasEnded).toBe(false);
    await open();
    expect(await second).toMatchObject({ exitCode: 0, stdout: `${id} is staged already\n` });
    expect(await tarCalls()).toBe(1);
    await expectStaged();
  });

  it('says that another one is at work when that does not end within the wait', async () => {
    await close();
    const first = unpack();
    await expect.poll(isUnpacking).toBe(true);
    expect(hostFailureOf(await unpack({}, 0))).toEqual({
      reason: 'busy',
      message: `another change of ${deployDir} is still at work`,
    });
    await open();
    expect((await first).exitCode).toBe(0);
    await expectStaged();
  });

  it('cleans up when it is ended after its time, and is done when it is asked for again', async () => {
    await close();
    await expect(unpack({ timeoutMs: 1_500 })).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(readdirSync(stagedDir)).toEqual([]);
    await open();
    expect((await unpack()).stdout).toBe(`${id} is staged\n`);
    await expectStaged();
  });

  it('is done anew when the one before was killed in the middle, with nothing left of that', async () => {
    await close();
    const first = unpack();
    const killed = expect(first).rejects.toMatchObject({ code: 'COMMAND_FAILED' });
    await expect.poll(isUnpacking).toBe(true);
    killAll(processesOf(deployDir));
    await killed;
    writeTree(stagedDir, { [`${id}.part/lib/left-over.jar`]: 'left over' });
    expect(await state()).toBe('absent');
    await open();
    expect((await unpack()).stdout).toBe(`${id} is staged\n`);
    await expectStaged();
  });
});
