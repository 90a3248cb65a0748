import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fillDisk, freeDisk, mountDisk, unmountDisks } from '../../../sandbox/world/disks.ts';
import { linkArchive } from '../../../src/adapters/ssh/archive-commands.ts';
import { claimPlace } from '../../../src/adapters/ssh/claim-commands.ts';
import { hostFailureOf } from '../../../src/adapters/ssh/host-failure.ts';
import { beginFirstStart, installedState, putInPlace, writeConf } from '../../../src/adapters/ssh/install-commands.ts';
import type { ClaimedPlace } from '../../../src/adapters/ssh/place-script.ts';
import type { ShellCommand } from '../../../src/adapters/ssh/port.ts';
import { parseInstalled } from '../../../src/adapters/ssh/read-installed.ts';
import { stagedIdOf } from '../../../src/adapters/ssh/release-dirs.ts';
import { unpackRelease } from '../../../src/adapters/ssh/stage-commands.ts';
import { clearData, removeInstalled } from '../../../src/adapters/ssh/uninstall-commands.ts';
import { sha256Of } from '../../../src/domain/deploy/text-sum.ts';
import { canMount } from '../../sandbox/world/can-mount.ts';
import { type Archive, pack, runLocally, treeOf, writeTree } from './release-fixture.ts';

const mayMount = await canMount();
const runId = 'run_01J00000000000000000000000';
const conf = 'be_port = 9060\nstorage_root_path = /data1,medium:SSD\n';

let dir: string;
let archive: Archive;
let place: ClaimedPlace;
let stagedId: string;

beforeAll(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'install-')));
  writeTree(join(dir, 'StarRocks-3.5.0', 'be'), {
    'bin/start_be.sh': 'start',
    'lib/starrocks_be': 'binary',
    'www/index.html': 'page',
    'conf/be.conf': 'the default\n',
    'conf/hadoop_env.sh': 'export X=1\n',
    'storage/readme': 'not brought',
  });
  archive = await pack(join(dir, 'release.tar.gz'), dir, ['StarRocks-3.5.0']);
  stagedId = stagedIdOf({ version: '3.5.0', sha256: archive.sha256 });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

beforeEach(() => {
  const host = join(dir, 'host');
  place = {
    kind: 'backend',
    label: 'be 10.0.0.11:9050',
    runId,
    deployDir: join(host, 'opt', 'starrocks', 'be'),
    dataDirs: [join(host, 'data1', 'sr'), join(host, 'data2')],
  };
});
afterEach(() => rm(join(dir, 'host'), { recursive: true, force: true }));

const claim = (of: Partial<ClaimedPlace> & { ports?: readonly number[]; host?: string } = {}) =>
  claimPlace({ ...place, host: '10.0.0.11', ports: [], ...of });

async function does(command: ShellCommand): Promise<void> {
  expect(await runLocally(command)).toMatchObject({ exitCode: 0, stderr: '' });
}

async function refuses(command: ShellCommand, reason: string, words: string | RegExp): Promise<void> {
  const failure = hostFailureOf(await runLocally(command));
  expect(`${failure?.reason}: ${failure?.message}`).toMatch(new RegExp(`^${reason}: `));
  expect(failure?.message).toMatch(words);
}

async function state(of: Partial<ClaimedPlace> = {}) {
  const { stdout, stderr } = await runLocally(installedState({ ...place, ...of, stagedId, unit: null }));
  const found = parseInstalled(stdout);
  if (found === null) throw new Error(`not understood: ${stdout}${stderr}`);
  return found;
}

const owners = async (of: Partial<ClaimedPlace> = {}) => (await state(of)).dirs.map(({ owner }) => owner);

/** Everything below the machine's root, ours too. */
const everything = () => (existsSync(join(dir, 'host')) ? treeOf(join(dir, 'host'), { skip: [] }) : []);

async function unpack(): Promise<void> {
  const { deployDir } = place;
  const { sha256, path } = archive;
  await does(linkArchive({ deployDir, sha256, path }));
  await does(
    unpackRelease({ deployDir, archiveDeployDir: deployDir, part: 'be', version: '3.5.0', sha256, isNew: true }),
  );
}

async function install(): Promise<void> {
  await does(claim());
  await unpack();
  await does(putInPlace({ ...place, stagedId }));
  await does(writeConf({ ...place, text: conf, sha256: sha256Of(conf) }));
}

describe('a place for a new node', () => {
  it('is claimed with all directories on the way, once, and given back without a trace', async () => {
    await mkdir(join(dir, 'host', 'opt'), { recursive: true });
    const before = everything();
    expect(await owners()).toEqual(['nobody', 'nobody', 'nobody']);
    for (const _again of [1, 2]) await does(claim());
    expect(await state()).toMatchObject({
      dirs: [place.deployDir, ...place.dataDirs].map((path) => ({ path, owner: 'ours', problem: null, isEmpty: true })),
      binaries: 'none',
      confSha256: null,
      unit: null,
      isBegun: false,
    });
    for (const _again of [1, 2]) await does(removeInstalled(place));
    expect(everything()).toEqual(before);
  });

  it('is installed, configured and removed again, and was there before as an empty directory', async () => {
    await mkdir(place.deployDir, { recursive: true });
    await mkdir(join(dir, 'host', 'data2', 'lost+found'), { recursive: true });
    const before = everything();
    await install();
    expect(await state()).toMatchObject({ binaries: 'whole', confSha256: sha256Of(conf) });
    expect(treeOf(place.deployDir, { skip: ['starwarden', '.starwarden-node'] })).toEqual([
      `bin/.starwarden-release: ${stagedId}\n`,
      'bin/start_be.sh: start',
      `conf/.starwarden-release: ${stagedId}\n`,
      'conf/be.conf.release: the default\n',
      `conf/be.conf: ${conf}`,
      'conf/hadoop_env.sh: export X=1\n',
      `lib/.starwarden-release: ${stagedId}\n`,
      'lib/starrocks_be: binary',
      `www/.starwarden-release: ${stagedId}\n`,
      'www/index.html: page',
    ]);
    expect(statSync(join(place.deployDir, 'conf', 'be.conf')).mode & 0o777).toBe(0o640);
    for (const command of [
      putInPlace({ ...place, stagedId }),
      writeConf({ ...place, text: conf, sha256: sha256Of(conf) }),
    ])
      await does(command);
    await does(beginFirstStart(place));
    await writeFile(join(place.dataDirs[0] ?? '', 'cluster_id'), '1');
    await does(removeInstalled(place));
    expect(everything()).toEqual(before);
  });

  it.each([
    ['holds a file', async (path: string) => writeTree(path, { 'a file': 'x' }), /data2 is not empty/],
    ['is a file', async (path: string) => writeFile(path, 'x'), /data2 is no directory/],
    ['is a link', async (path: string) => symlink(dir, path), /data2 is a symbolic link/],
  ])('is not claimed where a directory %s, and nothing is made', async (_what, make, words) => {
    await mkdir(join(dir, 'host'), { recursive: true });
    await make(join(dir, 'host', 'data2'));
    const before = everything();
    await refuses(claim(), 'taken', words);
    expect(everything()).toEqual(before);
    expect((await state()).dirs[2]).toMatchObject({ owner: 'other', problem: expect.stringMatching(words) });
    await does(removeInstalled(place));
    expect(everything()).toEqual(before);
  });

  it('is not claimed through a link on the way', async () => {
    await mkdir(join(dir, 'host', 'real'), { recursive: true });
    await symlink('real', join(dir, 'host', 'opt'));
    await refuses(claim(), 'taken', `leads to ${join(dir, 'host', 'real', 'starrocks', 'be')}; give that path`);
    expect(existsSync(join(dir, 'host', 'real', 'starrocks'))).toBe(false);
  });

  it('is not claimed where something listens on one of its ports, whatever the address', async () => {
    for (const address of ['127.0.0.1', '::1']) {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, address, resolve));
      const at = server.address();
      const port = typeof at === 'object' && at !== null ? at.port : 0;
      await refuses(claim({ ports: [1, port] }), 'taken', `something listens on port ${port} already`);
      await refuses(claim({ host: '127.9.9.9', ports: [port] }), 'taken', `something listens on port ${port} already`);
      await new Promise((resolve) => server.close(resolve));
    }
    expect(existsSync(join(dir, 'host'))).toBe(false);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.9.9.8', resolve));
    const at = server.address();
    const ports = typeof at === 'object' && at !== null ? [at.port] : [];
    await refuses(claim({ host: '127.9.9.8', ports }), 'taken', /something listens/);
    await does(claim({ host: '127.9.9.9', ports }));
    await new Promise((resolve) => server.close(resolve));
  });

  it('belongs to one run and one node: others neither use nor remove it', async () => {
    await install();
    const before = everything();
    const elsewhere = join(dir, 'host', 'opt', 'be2');
    const others = [{ runId: 'run_01J00000000000000000000001' }, { deployDir: elsewhere }];
    for (const other of others) {
      expect((await owners(other)).slice(1)).toEqual(['other', 'other']);
      await refuses(claim(other), 'taken', /was claimed before: run=run_01J0+ node=be 10.0.0.11:9050/);
      await does(removeInstalled({ ...place, ...other }));
      expect(everything()).toEqual(before);
    }
    const other = { ...place, runId: 'run_01J00000000000000000000001' };
    await refuses(putInPlace({ ...other, stagedId }), 'taken', /was claimed before/);
    await refuses(clearData(other), 'taken', /was claimed before/);
    await refuses(beginFirstStart(other), 'taken', /was claimed before/);
    expect(everything()).toEqual(before);
  });

  it('is claimed by one of two runs that ask at the same time', async () => {
    await mkdir(place.deployDir, { recursive: true });
    const others = ['run_A', 'run_B', 'run_C', 'run_D'].map((id) => ({ runId: id }));
    const results = await Promise.all(others.map((other) => runLocally(claim(other))));
    expect(results.filter(({ exitCode }) => exitCode === 0)).toHaveLength(1);
    const winner = others[results.findIndex(({ exitCode }) => exitCode === 0)];
    expect(await owners(winner)).toEqual(['ours', 'ours', 'ours']);
  });

  it('is continued where a claim broke off, and taken away from there too', async () => {
    await does(claim());
    const marked = everything();
    const [first = '', second = ''] = place.dataDirs;
    const half = join(dir, 'host', `.data2.${runId}`);
    for (const take of [true, false]) {
      await rm(second, { recursive: true });
      await rm(join(first, '.starwarden-node'));
      await writeFile(join(first, `.starwarden-node.${runId}`), 'run=ru');
      writeTree(half, { '.starwarden-node': 'run=' });
      if (take) {
        await does(claim());
        expect(everything().map((line) => line.replace('was=empty', 'was=absent'))).toEqual(
          marked.map((line) => (line.startsWith('data1/') ? line.replace(/top=.*/, `top=${first}`) : line)),
        );
      } else await does(removeInstalled(place));
    }
    expect(everything()).toEqual(['data1/sr/']);
  });

  it('keeps what somebody put into a directory that a node has to leave', async () => {
    await does(claim());
    await rm(join(place.dataDirs[1] ?? '', '.starwarden-node'));
    await writeFile(join(place.dataDirs[1] ?? '', 'precious'), 'x');
    await does(removeInstalled(place));
    expect(everything()).toEqual(['data2/precious: x']);
  });

  it('is not taken away while a process has a file open in it', async () => {
    await does(claim());
    const open = { name: 'open', effect: 'change', text: `exec 7>'${place.dataDirs[1]}/LOCK'; ` } as const;
    const text = `${open.text}${removeInstalled(place).text}`;
    await refuses({ ...open, text }, 'nodeRuns', /process \d+ \(\w+\) works in .*data2/);
    await refuses({ ...open, text: `${open.text}${clearData(place).text}` }, 'nodeRuns', /works in .*data2/);
    expect(await owners()).toEqual(['ours', 'ours', 'ours']);
  });
});

describe('the files of a new node', () => {
  it('are not put over what is there', async () => {
    await does(claim());
    await unpack();
    writeTree(place.deployDir, { 'www/mine.html': 'x' });
    await refuses(putInPlace({ ...place, stagedId }), 'taken', /www is there already, and not of 3\.5\.0/);
    expect(existsSync(join(place.deployDir, 'bin'))).toBe(false);
  });

  it('are put in place from half-way', async () => {
    await does(claim());
    await unpack();
    await rm(join(place.deployDir, 'www'), { recursive: true, force: true });
    const staged = join(place.deployDir, 'starwarden', 'staged', stagedId);
    await rename(join(staged, 'conf', 'be.conf'), join(staged, 'conf', 'be.conf.release'));
    await rename(join(staged, 'bin'), join(place.deployDir, 'bin'));
    expect(await state()).toMatchObject({ binaries: 'half' });
    await does(putInPlace({ ...place, stagedId }));
    expect(await state()).toMatchObject({ binaries: 'whole' });
  });

  it('keep a conf file that somebody changed', async () => {
    await install();
    const file = join(place.deployDir, 'conf', 'be.conf');
    await writeFile(file, 'mine');
    await refuses(writeConf({ ...place, text: conf, sha256: sha256Of(conf) }), 'taken', /be\.conf is another one/);
    expect(await readFile(file, 'utf8')).toBe('mine');
  });

  it('hold any text of a conf file to the letter', async () => {
    await does(claim());
    await unpack();
    await does(putInPlace({ ...place, stagedId }));
    const odd = `JAVA_OPTS = "-Dx=$HOME '\`id\`' \\\\ %s %n"\nä = €\n\n`;
    await does(writeConf({ ...place, text: odd, sha256: sha256Of(odd) }));
    expect(readFileSync(join(place.deployDir, 'conf', 'be.conf'), 'utf8')).toBe(odd);
  });

  it('begin on empty data directories only, unless this run began there before', async () => {
    await install();
    const [first = ''] = place.dataDirs;
    await writeFile(join(first, 'cluster_id'), '1');
    await refuses(beginFirstStart(place), 'taken', /data1\/sr is not empty/);
    expect((await state()).isBegun).toBe(false);
    await rm(join(first, 'cluster_id'));
    await does(beginFirstStart(place));
    await writeFile(join(first, 'cluster_id'), '1');
    await does(beginFirstStart(place));
    expect(await state()).toMatchObject({ isBegun: true, dirs: [{}, { isEmpty: false }, { isEmpty: true }] });
    await does(clearData(place));
    expect(await state()).toMatchObject({
      isBegun: false,
      dirs: [{ owner: 'ours' }, { isEmpty: true }, { isEmpty: true }],
    });
  });
});

it('leaves a full disk as it was, and goes on once there is room', async () => {
  if (!mayMount) return expect(mayMount).toBe(false);
  const disk = join(dir, 'host');
  await mkdir(disk);
  await mountDisk({ path: disk, sizeBytes: 400_000 });
  try {
    await fillDisk(disk);
    const before = everything();
    await refuses(claim(), 'noSpace', 'No space left on device');
    expect(everything()).toEqual(before);
    await freeDisk(disk);
    await does(claim());
    await unpack();
    await does(putInPlace({ ...place, stagedId }));
    await fillDisk(disk);
    const text = `# ${'x'.repeat(20_000)}\n`;
    const installed = everything();
    await refuses(writeConf({ ...place, text, sha256: sha256Of(text) }), 'noSpace', 'No space left on device');
    expect(everything()).toEqual(installed);
    await refuses(beginFirstStart(place), 'noSpace', 'No space left on device');
    expect((await state()).isBegun).toBe(false);
    await does(removeInstalled(place));
    await freeDisk(disk);
    expect(everything()).toEqual([]);
  } finally {
    await unmountDisks(dir);
  }
});

describe('a directory of a node', () => {
  it.each([
    '/',
    '/etc/starrocks',
    '/usr/lib/starrocks',
    '/opt',
    '/home',
    '/a/../b',
    '/a//b',
    'opt/be',
    '/a b',
    '/a;b',
    '/a$b',
  ])('is not %s', (path) => {
    const wrong = { ...place, deployDir: path };
    for (const make of [
      () => claimPlace({ ...wrong, host: '10.0.0.11', ports: [] }),
      () => removeInstalled(wrong),
      () => clearData(wrong),
    ])
      expect(make).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
    expect(() => removeInstalled({ ...place, dataDirs: [path] })).toThrow();
  });
});
