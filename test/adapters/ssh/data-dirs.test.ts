import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mountDisk, unmountDisks } from '../../../sandbox/world/disks.ts';
import { countDataDir, type DataDir, deleteDataIn } from '../../../src/adapters/ssh/data-dir-commands.ts';
import { parseDataDir, readIdentities } from '../../../src/adapters/ssh/data-dirs.ts';
import { hostFailureOf } from '../../../src/adapters/ssh/host-failure.ts';
import { canMount } from '../../sandbox/world/can-mount.ts';
import { runLocally, treeOf, writeTree } from './release-fixture.ts';

const mayMount = await canMount();
const token = '7c1f9c1e-aaaa-bbbb-cccc-000000000001';
const signal = new AbortController().signal;

let root: string;
let home: string;
let data: string;
let dir: DataDir;
const started: ChildProcess[] = [];

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'purge-')));
});
afterAll(() => rm(root, { recursive: true, force: true }));

beforeEach(() => {
  home = join(root, 'host', 'opt', 'be');
  data = join(root, 'host', 'data1', 'sr');
  writeTree(home, {
    'bin/start_be.sh': 'start',
    'conf/be.conf': `storage_root_path = ${data}\n`,
    'lib/starrocks_be': 'x',
  });
  writeTree(data, {
    cluster_id: `4711-${token}`,
    'data/0/1/a.dat': '12345',
    'data/0/2/b.dat': '67890',
    'meta/rocks': 'kv',
    '.starwarden-node': 'run=run_1\n',
    'lost+found/piece': 'of the file system',
  });
  writeTree(join(root, 'host', 'elsewhere'), { 'precious/file': 'kept' });
  dir = { kind: 'backend', path: data, what: 'data', deployDir: home, dataDirs: [data], removalId: 'rmn_1' };
});
afterEach(async () => {
  for (const child of started.splice(0)) {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
  await unmountDisks(root);
  await rm(join(root, 'host'), { recursive: true, force: true });
});

const everything = () => treeOf(join(root, 'host'), { skip: [] });

async function seen(of: Partial<DataDir> = {}) {
  const { stdout, stderr } = await runLocally(countDataDir({ ...dir, seconds: 20, ...of }));
  const found = parseDataDir(stdout, of.path ?? data);
  if (found === null) throw new Error(`not understood: ${stdout}${stderr}`);
  return found;
}

async function identity(kind: 'BACKEND' | 'FRONTEND' = 'BACKEND', path = data): Promise<string> {
  const all = await readIdentities({ run: (command) => runLocally(command) }, { kind, dirs: [path] }, signal);
  return all[path] ?? '';
}

async function remove(whose: string, of: Partial<DataDir> = {}) {
  return runLocally(deleteDataIn({ ...dir, identity: whose, seconds: 20, ...of }));
}

/** Neither counted nor deleted, and nothing has changed. */
async function untouched(reason: string, words: string | RegExp, of: Partial<DataDir> = {}): Promise<void> {
  const whose = (await identity()) || 'cluster 4711, sum 0';
  const before = everything();
  const counted = await seen(of);
  if (reason !== 'taken') expect(counted).toMatchObject({ state: 'unsafe', why: expect.stringMatching(words) });
  const failure = hostFailureOf(await remove(whose, of));
  expect(failure).toMatchObject({ reason, message: expect.stringMatching(words) });
  expect(everything()).toEqual(before);
}

/** A program that runs until it is stopped. */
async function run(program: string, args: readonly string[], options: { cwd?: string } = {}): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'], ...options });
  started.push(child);
  await once(child, 'spawn');
  await new Promise((resolve) => setTimeout(resolve, 200));
}

describe('the directories of a node that has left', () => {
  it('are counted, say whose they are without the secret in it, and are emptied; what is beside them stays', async () => {
    const whose = await identity();
    expect(whose).toMatch(/^cluster 4711, sum [0-9a-f]{16}$/);
    expect(whose).not.toContain('7c1f');
    await symlink(join(root, 'host', 'elsewhere'), join(data, 'data', 'away'));
    expect(await seen()).toEqual({
      ...{ state: 'full', files: 6, links: 1, isWhole: true, identity: whose, other: null, hasBegun: false },
      bytes: expect.any(Number),
    });
    expect(await remove(whose)).toMatchObject({ exitCode: 0, stdout: 'empty\n', stderr: '' });
    expect(treeOf(data, { skip: [] })).toEqual(['lost+found/piece: of the file system']);
    expect(await seen()).toEqual({ state: 'empty', hasBegun: false });
    expect(await readFile(join(root, 'host', 'elsewhere', 'precious', 'file'), 'utf8')).toBe('kept');
    expect(existsSync(join(home, 'lib', 'starrocks_be'))).toBe(true);
  });

  it('are continued where a deletion broke off, for the same removal only', async () => {
    const whose = await identity();
    // A program that is stopped by the clock after it has deleted something.
    const bin = join(root, 'host', 'bin');
    const late = `#!/bin/sh\nrm -rf '${join(data, 'data')}'\nexit 124\n`;
    writeTree(bin, { timeout: late });
    await chmod(join(bin, 'timeout'), 0o755);
    const environment = { PATH: `${bin}:${process.env.PATH ?? ''}` };
    expect(await runLocally(deleteDataIn({ ...dir, identity: whose, seconds: 1 }), { environment })).toMatchObject({
      exitCode: 0,
      stdout: 'more\n',
    });
    const half = await seen();
    expect(half).toMatchObject({ state: 'full', hasBegun: true });
    await rm(join(data, 'cluster_id'));
    expect(await seen()).toMatchObject({ identity: null, hasBegun: true });
    const other = hostFailureOf(await remove(whose, { removalId: 'rmn_2' }));
    expect(other).toMatchObject({ reason: 'taken', message: expect.stringMatching(/belongs to nobody/) });
    expect(existsSync(join(data, 'meta', 'rocks'))).toBe(true);
    expect(await remove(whose)).toMatchObject({ exitCode: 0, stdout: 'empty\n' });
    expect(treeOf(data, { skip: ['lost+found'] })).toEqual([]);
  });

  it('are those of a frontend too, by its name', async () => {
    const meta = join(root, 'host', 'meta');
    writeTree(meta, {
      'image/ROLE': '#now\nrole=FOLLOWER\nname=10.0.0.1_9010_1\n',
      'image/VERSION': `clusterId=4711\ntoken=${token}\n`,
      'image/image.10': 'i',
      'bdb/0.jdb': 'j',
    });
    const of = { kind: 'frontend', path: meta, dataDirs: [meta] } as const;
    const whose = await identity('FRONTEND', meta);
    expect(whose).toBe('cluster 4711, frontend 10.0.0.1_9010_1');
    await writeFile(join(meta, 'image', 'ROLE'), 'role=FOLLOWER\nname=10.0.0.1_9010_2\n');
    expect(hostFailureOf(await remove(whose, of))).toMatchObject({
      reason: 'taken',
      message: expect.stringMatching(/_2/),
    });
    await writeFile(join(meta, 'image', 'ROLE'), 'role=FOLLOWER\nname=10.0.0.1_9010_1\n');
    expect(await remove(whose, of)).toMatchObject({ exitCode: 0 });
    expect(treeOf(meta, { skip: [] })).toEqual([]);
  });

  it('are binaries only when asked for, once the data in them is gone', async () => {
    const inside = join(home, 'storage');
    writeTree(inside, { cluster_id: `4711-${token}`, 'data/x': 'x' });
    const of = { dataDirs: [inside] };
    const binaries = { ...of, what: 'binaries', path: home } as const;
    expect(await seen(binaries)).toMatchObject({ files: 3, identity: 'be binaries', other: null });
    expect(hostFailureOf(await remove('be binaries', binaries))).toMatchObject({ reason: 'taken' });
    expect(existsSync(join(home, 'lib', 'starrocks_be'))).toBe(true);
    expect(await remove(await identity('BACKEND', inside), { ...of, path: inside })).toMatchObject({ exitCode: 0 });
    expect(await remove('be binaries', binaries)).toMatchObject({ exitCode: 0, stdout: 'empty\n' });
    expect(treeOf(home, { skip: [] })).toEqual([]);
  });
});

describe('nothing is deleted', () => {
  it('where the directory belongs to another cluster, or nothing says to whom', async () => {
    const whose = await identity();
    for (const [text, words] of [
      ['815-x', /belongs to cluster 815/],
      [null, /belongs to nobody/],
    ] as const) {
      if (text === null) await rm(join(data, 'cluster_id'));
      else await writeFile(join(data, 'cluster_id'), text);
      const before = everything();
      expect(hostFailureOf(await remove(whose))).toMatchObject({
        reason: 'taken',
        message: expect.stringMatching(words),
      });
      expect(everything()).toEqual(before);
    }
    await symlink(join(root, 'host', 'elsewhere', 'precious', 'file'), join(data, 'cluster_id'));
    expect(await identity()).toBe('');
  });

  it('through a symbolic link, at the end of the path or on the way', async () => {
    await rename(data, `${data}-real`);
    await symlink(`${data}-real`, data);
    await untouched('unsafe', /is a symbolic link/);
    await rm(data);
    await rename(`${data}-real`, data);
    await symlink(join(root, 'host', 'data1'), join(root, 'host', 'disk'));
    await untouched('unsafe', /leads to/, { path: join(root, 'host', 'disk', 'sr') });
  });

  it.runIf(mayMount)('where another file system is mounted inside', async () => {
    mkdirSync(join(data, 'data', 'ssd'));
    await mountDisk({ path: join(data, 'data', 'ssd'), sizeBytes: 65_536 });
    await untouched('unsafe', /another file system is mounted at .*ssd/);
  });

  it('while a program runs from there, has a file open there, or stands there', async () => {
    await run('tail', ['-f', join(data, 'meta', 'rocks')]);
    await untouched('nodeRuns', /process \d+ \(tail\) works in/);
    started.splice(0).forEach((child) => void child.kill('SIGKILL'));
    await run('sleep', ['60'], { cwd: join(data, 'meta') });
    await untouched('nodeRuns', /process \d+ \(sleep\) works in/);
  });

  it('in a home, in a file, and in directories of the system', async () => {
    const { HOME } = process.env;
    process.env.HOME = join(data, 'meta');
    await untouched('unsafe', /is the home of a user/);
    process.env.HOME = HOME;
    await untouched('unsafe', /is no directory/, { path: join(data, 'cluster_id') });
    for (const path of ['/', '/usr', '/home', '/var/lib', '/etc/x', '/data/../etc', '/data 1', 'data'])
      expect(() => deleteDataIn({ ...dir, path, identity: 'x', seconds: 1 })).toThrow();
  });

  it('of a directory in which something of another node is found', async () => {
    await mkdir(join(data, 'other'));
    writeTree(join(data, 'other'), { 'storage/cluster_id': '9-x' });
    expect(await seen()).toMatchObject({ other: join(data, 'other', 'storage', 'cluster_id') });
    await rm(join(data, 'other'), { recursive: true });
    writeTree(join(data, 'fe2'), { 'image/ROLE': 'x' });
    expect(await seen()).toMatchObject({ other: join(data, 'fe2', 'image', 'ROLE') });
  });
});
