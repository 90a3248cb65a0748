import { writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { isAlive } from '../../../sandbox/hosts/processes.ts';
import { releases } from '../../../sandbox/releases/versions.ts';
import { Installed, type Kind, removeArchives } from '../../sandbox/releases/installed.ts';

const open: Installed[] = [];

async function install(version: string): Promise<Installed> {
  const installed = await Installed.unpack(version);
  open.push(installed);
  return installed;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((installed) => installed.remove()));
});

afterAll(removeArchives);

describe('start scripts', () => {
  it.each<{ kind: Kind; comm: string; refusal: string }>([
    { kind: 'fe', comm: 'java', refusal: 'Frontend running as process' },
    { kind: 'be', comm: 'starrocks_be', refusal: 'Backend running as process' },
    { kind: 'cn', comm: 'starrocks_be', refusal: 'Backend running as process' },
  ])('start $kind as $comm, and refuse a second one', async ({ kind, comm, refusal }) => {
    const installed = await install('3.5.0');
    const pid = await installed.start(kind);
    expect((await readFile(`/proc/${pid}/comm`, 'utf8')).trim()).toBe(comm);

    const second = await installed.script(kind, `start_${kind}.sh`, ['--daemon']);
    expect(second).toMatchObject({ exitCode: 1, stdout: `${refusal} ${pid}. Stop it first.\n` });
    expect(await installed.pid(kind)).toBe(pid);
    expect(isAlive(pid)).toBe(true);
  });

  it('hand --helper and --host_type on to the frontend', async () => {
    const installed = await install('3.3.15');
    await installed.start('fe', ['--helper', '127.0.0.1:9010', '--host_type', 'FQDN']);
    const started = await readFile(join(installed.home('fe'), 'log', 'signals'), 'utf8');
    expect(started).toBe('started --helper 127.0.0.1:9010 --host_type FQDN\n');
  });

  it('remove a pid file whose process is gone', async () => {
    const installed = await install('3.4.5');
    await writeFile(installed.pidFile('be'), '4194303\n');
    const pid = await installed.start('be');
    expect(pid).not.toBe(4_194_303);
    expect(isAlive(pid)).toBe(true);
  });

  it('write output to log/fe.out and the pid file where the conf says', async () => {
    const installed = await install('3.3.15');
    const elsewhere = join(installed.root, 'run');
    writeFileSync(join(installed.home('fe'), 'lib', 'program'), '/nonexistent/program.ts');
    await installed.configure('fe', `LOG_DIR = ${elsewhere}`);
    expect(await installed.script('fe', 'start_fe.sh', ['--daemon'])).toMatchObject({ exitCode: 0, stdout: '' });
    await expect.poll(() => readFile(join(elsewhere, 'fe.out'), 'utf8')).toContain('/nonexistent/program.ts');
  });

  it.each<{ version: string; major: number; compiler: boolean; exitCode: number }>([
    { version: '3.2.16', major: 8, compiler: true, exitCode: 0 },
    { version: '3.2.16', major: 10, compiler: true, exitCode: 255 },
    { version: '3.2.16', major: 11, compiler: false, exitCode: 1 },
    { version: '3.3.15', major: 8, compiler: true, exitCode: 255 },
    { version: '3.3.15', major: 11, compiler: true, exitCode: 0 },
    { version: '3.3.15', major: 11, compiler: false, exitCode: 1 },
    { version: '3.4.5', major: 11, compiler: false, exitCode: 0 },
    { version: '3.5.0', major: 11, compiler: true, exitCode: 255 },
    { version: '3.5.0', major: 17, compiler: false, exitCode: 0 },
  ])(
    'of $version on JDK $major (javac: $compiler) end with $exitCode',
    async ({ version, major, compiler, exitCode }) => {
      const installed = await install(version);
      await installed.configure('fe', await installed.jdk(major, { compiler }));
      if (exitCode === 0) expect(await installed.start('fe')).toBeGreaterThan(0);
      else expect((await installed.script('fe', 'start_fe.sh', ['--daemon'])).exitCode).toBe(exitCode);
    },
  );

  it('end with 1 for a frontend without JAVA_HOME, and only warn for a backend', async () => {
    const installed = await install('3.4.5');
    await installed.configure('fe', 'JAVA_HOME = /nonexistent');
    expect(await installed.script('fe', 'start_fe.sh', ['--daemon'])).toMatchObject({ exitCode: 1 });
    await installed.configure('be', 'JAVA_HOME = ');
    expect(await installed.start('be')).toBeGreaterThan(0);
  });

  it('know --cluster_snapshot and --jemalloc_debug from 3.4 on', async () => {
    const [old, recent] = [await install('3.3.15'), await install('3.4.5')];
    expect((await old.script('fe', 'start_fe.sh', ['--daemon', '--cluster_snapshot'])).exitCode).toBe(1);
    expect((await old.script('be', 'start_be.sh', ['--daemon', '--jemalloc_debug'])).exitCode).toBe(1);
    expect(await recent.start('fe', ['--cluster_snapshot'])).toBeGreaterThan(0);
    expect(await recent.start('be', ['--jemalloc_debug'])).toBeGreaterThan(0);
  });
});

describe('stop scripts', () => {
  it.each<{ version: string; kind: Kind; args: string[]; signals: string[] }>([
    { version: '3.3.15', kind: 'fe', args: [], signals: ['SIGTERM'] },
    { version: '3.3.15', kind: 'fe', args: ['-g', '--timeout', '1'], signals: ['SIGTERM'] },
    { version: '3.4.5', kind: 'fe', args: [], signals: ['SIGTERM'] },
    { version: '3.4.5', kind: 'fe', args: ['--graceful'], signals: ['SIGUSR1'] },
    { version: '3.3.15', kind: 'be', args: ['-g'], signals: ['SIGTERM'] },
    { version: '3.3.15', kind: 'be', args: [], signals: [] },
    { version: '3.4.5', kind: 'be', args: ['-g', '--timeout', '30'], signals: ['SIGTERM'] },
    { version: '3.4.5', kind: 'be', args: [], signals: [] },
  ])('of $version stop $kind with $args by $signals', async ({ version, kind, args, signals }) => {
    const installed = await install(version);
    const pid = await installed.start(kind);
    const stopped = await installed.script(kind, `stop_${kind}.sh`, args);
    expect(stopped.exitCode).toBe(0);
    expect(stopped.stdout).toContain(`stop ${kind === 'fe' ? 'java' : 'starrocks_be'}, and remove pid file.`);
    expect(isAlive(pid)).toBe(false);
    expect(await installed.pid(kind)).toBeNull();
    expect(await installed.signals(kind)).toEqual(signals);
  });

  it.each<{ kind: Kind; graceful: string }>([
    { kind: 'fe', graceful: 'SIGUSR1' },
    { kind: 'be', graceful: 'SIGTERM' },
  ])('of 3.4 kill a $kind that does not end before --timeout', async ({ kind, graceful }) => {
    const installed = await install('3.4.6');
    await installed.configure(kind, 'pretend_stop_ms = never');
    const pid = await installed.start(kind);
    const stopped = await installed.script(kind, `stop_${kind}.sh`, ['-g', '--timeout', '1']);
    expect(stopped).toMatchObject({ exitCode: 0, stderr: '' });
    expect(stopped.stdout).toContain('graceful exit timeout, forced termination of the process');
    expect(isAlive(pid)).toBe(false);
    expect(await installed.signals(kind)).toEqual([graceful]);
  });

  it('wait for a node that takes its time', async () => {
    const installed = await install('3.3.15');
    await installed.configure('be', 'pretend_stop_ms = 700');
    await installed.start('be');
    const startedAt = performance.now();
    expect(await installed.script('be', 'stop_be.sh', ['-g'])).toMatchObject({ exitCode: 0, stderr: '' });
    expect(performance.now() - startedAt).toBeGreaterThan(650);
  });

  it.each(releases)('of $version do nothing without a pid file, except for a compute node', async ({ version }) => {
    const installed = await install(version);
    expect(await installed.script('fe', 'stop_fe.sh')).toMatchObject({ exitCode: 0, stdout: '' });
    expect(await installed.script('be', 'stop_be.sh')).toMatchObject({ exitCode: 0, stdout: '' });
    const missing = { exitCode: 1, stdout: `${installed.pidFile('cn')} does not exist\n` };
    expect(await installed.script('cn', 'stop_cn.sh')).toMatchObject(missing);
  });

  it('do not wait for a compute node, and remove its pid file at once', async () => {
    const installed = await install('3.5.1');
    await installed.configure('cn', 'pretend_stop_ms = 2000');
    const pid = await installed.start('cn');
    expect((await installed.script('cn', 'stop_cn.sh', ['-g'])).exitCode).toBe(0);
    expect(await installed.pid('cn')).toBeNull();
    expect(isAlive(pid)).toBe(true);
    process.kill(pid, 'SIGKILL');
  });

  it.each<{ version: string; kind: Kind; exitCode: number; killed: boolean }>([
    { version: '3.3.15', kind: 'fe', exitCode: 0, killed: true },
    { version: '3.3.15', kind: 'be', exitCode: 1, killed: false },
    { version: '3.4.5', kind: 'fe', exitCode: 1, killed: false },
    { version: '3.4.5', kind: 'be', exitCode: 1, killed: false },
  ])('of $version seeing a foreign pid in the file of $kind end with $exitCode (killed: $killed)', async (row) => {
    const installed = await install(row.version);
    await installed.configure(row.kind, 'pretend_name = python3');
    const pid = await installed.start(row.kind);
    const stopped = await installed.script(row.kind, `stop_${row.kind}.sh`);
    expect(stopped.stdout).toContain('ERROR: pid process may not be');
    expect(stopped.exitCode).toBe(row.exitCode);
    expect(isAlive(pid)).toBe(!row.killed);
  });
});

describe('version scripts', () => {
  it.each(releases)('of $version print it without starting anything', async ({ version, commit }) => {
    const installed = await install(version);
    const frontend = await installed.script('fe', 'show_fe_version.sh');
    expect(frontend.stdout).toContain(`Build version: ${version}\nCommit hash: ${commit}\n`);
    const backend = await installed.script('be', 'show_be_version.sh');
    expect(backend.stdout).toMatch(new RegExp(`^${version}-${commit}\nBuildType: RELEASE\n`));
  });
});
