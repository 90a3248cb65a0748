import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { mountDisk, unmountDisks } from '../../../sandbox/world/disks.ts';
import { writeJdk } from '../../../sandbox/world/jdk.ts';
import { readConf } from '../../../src/adapters/ssh/conf-commands.ts';
import {
  parseClock,
  parseJava,
  parseNodeLogs,
  parseSwapPlace,
  parseTools,
} from '../../../src/adapters/ssh/host-answers.ts';
import {
  clock,
  hasTools,
  javaVersionFor,
  readNodeLogs,
  sameFileSystem,
} from '../../../src/adapters/ssh/host-commands.ts';
import { neededTools } from '../../../src/adapters/ssh/host-tools.ts';
import { canMount } from '../../sandbox/world/can-mount.ts';
import { type LocalRun, runLocally, writeTree } from './release-fixture.ts';

const exec = promisify(execFile);
const mayMount = await canMount();
const dir = await mkdtemp(join(tmpdir(), 'host-commands-'));
const deployDir = join(dir, `it's "fe" $(touch never)`);

beforeEach(async () => {
  await rm(deployDir, { recursive: true, force: true });
  writeTree(deployDir, { 'bin/x': '', 'lib/x': '', 'conf/fe.conf': '' });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const conf = (text: string) => writeTree(deployDir, { 'conf/fe.conf': text });

describe('the JDK of a frontend', () => {
  const java = async ({ home = null, ...run }: LocalRun & { home?: string | null } = {}) => {
    const { exitCode, stdout } = await runLocally(javaVersionFor({ home }), run);
    expect(exitCode).toBe(0);
    return parseJava(stdout);
  };

  it.each(['sh', 'bash'])('is the one that is named, asked in %s', async (shell) => {
    await writeJdk({ dir: join(deployDir, 'jdk-17'), major: 17 });
    const home = join(deployDir, 'jdk-17');
    expect(await java({ home, shell, environment: { JAVA_HOME: '/elsewhere' } })).toEqual({
      from: 'conf',
      home,
      version: '17.0.11',
      major: 17,
      hasCompiler: true,
    });
  });

  it('is that of the environment where fe.conf names none, and may lack a compiler', async () => {
    await writeJdk({ dir: join(dir, 'jre-8'), major: 8, compiler: false });
    expect(await java({ environment: { JAVA_HOME: join(dir, 'jre-8') } })).toEqual({
      from: 'environment',
      home: join(dir, 'jre-8'),
      version: '1.8.0_412',
      major: 8,
      hasCompiler: false,
    });
  });

  it('is the one that is found where nothing is named', async () => {
    await writeJdk({ dir: join(dir, 'jdk-11'), major: 11 });
    await mkdir(join(dir, 'links'), { recursive: true });
    await symlink(join(dir, 'jdk-11', 'bin', 'java'), join(dir, 'links', 'java'));
    const environment = { JAVA_HOME: '', PATH: `${join(dir, 'links')}:${process.env.PATH}` };
    expect(await java({ environment })).toMatchObject({ from: 'path', home: join(dir, 'jdk-11'), major: 11 });
  });

  it('is none where the place that is named has none, and nothing of the name is run', async () => {
    const home = `/opt/$(touch ${join(dir, 'never')})`;
    expect(await java({ home })).toEqual({ from: 'conf', home, version: null, major: null, hasCompiler: false });
    await expect(readFile(join(dir, 'never'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('is not made up from an answer that is none', () => {
    expect(parseJava('')).toBeNull();
    expect(parseJava('from=somewhere\nhome=/x\n')).toBeNull();
  });
});

describe('a conf file', () => {
  it('comes with what looks like a secret masked, and everything else as it is', async () => {
    conf(
      [
        '# StarRocks',
        'query_port = 9030',
        'mysql_password = canary-1',
        '#ldap_admin_Secret=canary-2',
        'aws_s3_access_key = canary-3',
        'AWS_S3_SECRET_KEY=canary-4',
        'azure_blob_shared_key = canary-5',
        'JAVA_OPTS = "-Xmx8g -Djavax.net.ssl.trustStorePassword=canary-6 -Dx=y -Dfs.s3a.secret.key=canary-7"',
        'ranger_url = http://admin:canary-8@ranger:6080/',
        'ldap_password: canary-9',
        'api_key canary-10',
        '  !old.secret : canary-11',
        'bind_password = canary-12\\',
        '  canary-13\\\\\\',
        'canary-14',
        'p\\u0061ssword = canary-15',
        'http_port: 8030',
        'priority_networks = 10.0.0.0/8;192.168.0.0/16',
        '',
      ].join('\n'),
    );
    const { stdout, exitCode } = await runLocally(readConf({ deployDir, kind: 'frontend' }));
    expect(exitCode).toBe(0);
    expect(stdout).not.toContain('canary');
    expect(stdout.split('\n')).toEqual([
      '# StarRocks',
      'query_port = 9030',
      'mysql_password = ***',
      '#ldap_admin_Secret=***',
      'aws_s3_access_key = ***',
      'AWS_S3_SECRET_KEY=***',
      'azure_blob_shared_key = ***',
      'JAVA_OPTS = "-Xmx8g -Djavax.net.ssl.trustStorePassword=*** -Dx=y -Dfs.s3a.secret.key=***"',
      'ranger_url = http://***@ranger:6080/',
      'ldap_password: ***',
      'api_key ***',
      '  !old.secret : ***',
      'bind_password = ***\\',
      '***\\',
      '***',
      'p\\u0061ssword = ***',
      'http_port: 8030',
      'priority_networks = 10.0.0.0/8;192.168.0.0/16',
      '',
    ]);
  });

  it.each(['a = 1', 'a = 1\n', 'a = 1\r\n\n', '', '\n'])('comes with its end as it is: %j', async (text) => {
    conf(text);
    expect((await runLocally(readConf({ deployDir, kind: 'frontend' }))).stdout).toBe(text);
  });

  it('is not half read, and what cannot be read is told apart from one that is empty', async () => {
    conf(`${'# a comment of forty characters, or so..\n'.repeat(10_000)}`);
    expect(await runLocally(readConf({ deployDir, kind: 'frontend' }))).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: `${join(deployDir, 'conf', 'fe.conf')} is longer than 256 KiB\n`,
    });
    expect(await runLocally(readConf({ deployDir, kind: 'backend' }))).toMatchObject({
      exitCode: 1,
      stderr: `${join(deployDir, 'conf', 'be.conf')} cannot be read\n`,
    });
  });
});

describe('the logs of a node', () => {
  const logs = async (kind: 'frontend' | 'backend', [outDir, logDir]: readonly [string, string]) =>
    parseNodeLogs((await runLocally(readNodeLogs({ kind, outDir, logDir, lines: 2 }))).stdout);

  it('are read from where the node writes them, the last lines of each', async () => {
    writeTree(deployDir, { 'out here/fe.out': 'one\n3 fe.log\nthree\n', 'log/fe.log': 'not this one\n' });
    writeTree(join(dir, 'logs'), { 'fe.log': `four\n${'x'.repeat(5_000)}\n`, 'fe.warn.log': '' });
    expect(await logs('frontend', [join(deployDir, 'out here'), join(dir, 'logs')])).toEqual([
      { name: 'fe.out', lines: ['3 fe.log', 'three'] },
      { name: 'fe.warn.log', lines: [] },
      { name: 'fe.log', lines: ['four', 'x'.repeat(2_000)] },
    ]);
  });

  it('are none where there are none', async () => {
    const log = join(deployDir, 'log');
    writeTree(log, { 'be.INFO': 'started\0\n' });
    expect(await logs('backend', [log, log])).toEqual([{ name: 'be.INFO', lines: ['started'] }]);
    expect(await logs('frontend', [log, log])).toEqual([]);
  });
});

describe('where binaries are to be swapped', () => {
  const look = async () => parseSwapPlace((await runLocally(sameFileSystem({ deployDir }))).stdout);

  it('is one file system that may be written', async () => {
    expect(await look()).toEqual({ sameFileSystem: true, writable: true, problems: [] });
  });

  it('may have links for binaries, but none for what is ours', async () => {
    await rm(join(deployDir, 'lib'), { recursive: true });
    await symlink('/usr/lib', join(deployDir, 'lib'));
    expect(await look()).toMatchObject({ sameFileSystem: true });
    await symlink(dir, join(deployDir, 'starwarden'));
    expect(await look()).toMatchObject({ sameFileSystem: false, problems: ['starwarden is a symbolic link'] });
  });

  it('is not where a part is missing, or the directory itself', async () => {
    await rm(join(deployDir, 'bin'), { recursive: true });
    expect(await look()).toMatchObject({ sameFileSystem: false, problems: ['bin is not there'] });
    await rm(deployDir, { recursive: true });
    expect(await look()).toMatchObject({ writable: false, problems: ['The directory is not there'] });
    expect(parseSwapPlace('')).toBeNull();
  });

  it('is not one file system where a part is mounted, be it from the same device', async () => {
    const lib = join(deployDir, 'lib');
    if (!mayMount) {
      await expect(mountDisk({ path: lib, sizeBytes: 1_048_576 })).rejects.toThrow('start without --disk-mb');
      return;
    }
    await mountDisk({ path: lib, sizeBytes: 1_048_576 });
    try {
      expect(await look()).toMatchObject({
        sameFileSystem: false,
        problems: [expect.stringContaining(`lib is on the file system ${lib}`)],
      });
    } finally {
      await unmountDisks(dir);
    }
    await exec('mount', ['--bind', lib, lib]);
    try {
      expect(await look()).toMatchObject({ sameFileSystem: false });
    } finally {
      await exec('umount', [lib]);
    }
    expect(await look()).toMatchObject({ sameFileSystem: true });
  });
});

describe('the tools of a host', () => {
  it('are all here', async () => {
    expect(parseTools((await runLocally(hasTools())).stdout)).toEqual({ missing: [], downloader: 'curl' });
  });

  it('are missed by name, and a tar of another kind is none', async () => {
    const bin = join(dir, 'other-tools');
    await mkdir(bin, { recursive: true });
    for (const name of ['tar', 'gzip', 'stat', 'wget']) {
      await writeFile(join(bin, name), '#!/bin/sh\necho "BusyBox v1.36.1"\n');
      await chmod(join(bin, name), 0o755);
    }
    const { stdout } = await runLocally(hasTools(), { shell: '/bin/sh', environment: { PATH: bin } });
    const present = ['tar', 'gzip', 'stat'];
    const missing = [...neededTools.filter((name) => !present.includes(name)), 'GNU tar', 'GNU stat'];
    expect(parseTools(stdout)).toEqual({ missing, downloader: 'wget' });
  });
});

it('tells the time to the millisecond, and no other answer for one', async () => {
  const before = Date.now();
  const told = parseClock((await runLocally(clock())).stdout)?.getTime() ?? 0;
  expect(told).toBeGreaterThanOrEqual(before);
  expect(told).toBeLessThanOrEqual(Date.now());
  expect(parseClock('1700000000N\n')).toBeNull();
});
