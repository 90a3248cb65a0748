import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mountDisk, unmountDisks } from '../../../sandbox/world/disks.ts';
import { archiveState, linkArchive, removeArchive } from '../../../src/adapters/ssh/archive-commands.ts';
import { hostFailureOf } from '../../../src/adapters/ssh/host-failure.ts';
import { parseArchiveState, parseStagedState } from '../../../src/adapters/ssh/release-answers.ts';
import { stagedIdOf } from '../../../src/adapters/ssh/release-dirs.ts';
import { removeStaged, stagedState, unpackRelease } from '../../../src/adapters/ssh/stage-commands.ts';
import { swapBinaries } from '../../../src/adapters/ssh/swap-commands.ts';
import { canMount } from '../../sandbox/world/can-mount.ts';
import {
  type Archive,
  describeArchive,
  newFrontend,
  oldFrontend,
  pack,
  runLocally,
  treeOf,
  writeTree,
} from './release-fixture.ts';

const exec = promisify(execFile);
const mayMount = await canMount();

let dir: string;
let deployDir: string;
let good: Archive;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'stage-'));
  await writeRelease('StarRocks-3.5.0');
  good = await pack(join(dir, 'good.tar.gz'), dir, ['StarRocks-3.5.0']);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

beforeEach(() => {
  deployDir = join(dir, `it's "fe" $(touch never)`);
  writeTree(deployDir, oldFrontend);
});
afterEach(() => rm(deployDir, { recursive: true, force: true }));

async function writeRelease(top: string): Promise<void> {
  const half = (name: string) =>
    Object.fromEntries(Object.entries(newFrontend).map(([path, content]) => [`${name}/${path}`, content]));
  writeTree(join(dir, top), { ...half('fe'), ...half('be'), 'LICENSE.txt': 'a licence' });
  await chmod(join(dir, top, 'fe', 'bin', 'start_fe.sh'), 0o4755);
  await symlink('../lib/starrocks-fe.jar', join(dir, top, 'fe', 'bin', 'link.jar'));
}

const idOf = (archive: Archive) => stagedIdOf({ version: '3.5.0', sha256: archive.sha256 });
const stateOf = async (archive: Archive) =>
  parseStagedState((await runLocally(stagedState({ deployDir, id: idOf(archive) }))).stdout);

/** Takes the archive to the host and unpacks the frontend's part. */
async function stage(archive: Archive, options: { part?: 'fe' | 'be'; shell?: string } = {}) {
  const place = { deployDir, sha256: archive.sha256 };
  expect(await runLocally(linkArchive({ ...place, path: archive.path }))).toMatchObject({ exitCode: 0, stderr: '' });
  const { part = 'fe', shell } = options;
  const command = unpackRelease({ ...place, archiveDeployDir: deployDir, part, version: '3.5.0' });
  return runLocally(command, shell === undefined ? {} : { shell });
}

/** What is staged, and what of a staging was left. */
async function leftOf(): Promise<string[]> {
  return readdir(join(deployDir, 'starwarden', 'staged')).catch(() => []);
}

const stagedTree = (id: string) => [
  `bin/.starwarden-release: ${id}\n`,
  'bin/link.jar -> ../lib/starrocks-fe.jar',
  'bin/start_fe.sh: new start',
  `lib/.starwarden-release: ${id}\n`,
  'lib/starrocks-fe.jar: new jar',
  `spark-dpp/.starwarden-release: ${id}\n`,
  'spark-dpp/spark-dpp.jar: new spark',
];

describe('unpacking a release', () => {
  it.each(['sh', 'bash'])(
    'puts the binaries of its half beside those that run, in %s, and nothing else',
    async (shell) => {
      const before = treeOf(deployDir);
      expect(await stateOf(good)).toBe('absent');
      expect(await stage(good, { shell })).toMatchObject({ exitCode: 0, stderr: '' });
      expect(treeOf(join(deployDir, 'starwarden', 'staged', idOf(good)))).toEqual(stagedTree(idOf(good)));
      expect(await leftOf()).toEqual([idOf(good)]);
      expect(await stateOf(good)).toBe('complete');
      expect(treeOf(deployDir)).toEqual(before);
    },
  );

  it('keeps no setuid bit, and gives everything to the owner of what runs', async () => {
    const isRoot = process.getuid?.() === 0;
    if (isRoot) await exec('chown', ['-R', '12345:12345', join(deployDir, 'bin')]);
    await stage(good);
    const script = await stat(join(deployDir, 'starwarden', 'staged', idOf(good), 'bin', 'start_fe.sh'));
    expect(script.mode & 0o7777).toBe(0o755);
    expect(script.uid).toBe(isRoot ? 12_345 : process.getuid?.());
  });

  it.each([
    ['names that begin with ./', ['./StarRocks-3.5.0']],
    ['another name on top', ['--transform', 's,^StarRocks-3.5.0,sr 3.5 (vendor),', 'StarRocks-3.5.0']],
    ['another name on top behind ./', ['--transform', 's,^./StarRocks-3.5.0,./*,', './StarRocks-3.5.0']],
  ])('takes an archive with %s', async (_what, words) => {
    const archive = await pack(join(dir, 'other.tar.gz'), dir, words);
    expect(await stage(archive)).toMatchObject({ exitCode: 0 });
    expect(treeOf(join(deployDir, 'starwarden', 'staged', idOf(archive)))).toEqual(stagedTree(idOf(archive)));
  });

  it('does nothing when it is staged, or in place', async () => {
    await stage(good);
    const marker = join(deployDir, 'starwarden', 'staged', idOf(good), 'lib', 'added');
    await writeFile(marker, '');
    expect((await stage(good)).stdout).toBe(`${idOf(good)} is staged already\n`);
    expect(await readFile(marker, 'utf8')).toBe('');
    const swap = { deployDir, kind: 'frontend', stagedId: idOf(good), keptName: '3.4.1_ABCDEFGH' } as const;
    expect((await runLocally(swapBinaries(swap))).exitCode).toBe(0);
    expect(await stateOf(good)).toBe('absent');
  });

  it('is undone without a trace, but not while it is half in place', async () => {
    const before = treeOf(deployDir);
    await stage(good);
    const remove = async () => hostFailureOf(await runLocally(removeStaged({ deployDir, id: idOf(good) })));
    await rm(join(deployDir, 'lib'), { recursive: true });
    expect(await remove()).toMatchObject({ reason: 'half' });
    writeTree(deployDir, { 'lib/starrocks-fe.jar': 'old jar' });
    expect(await remove()).toBeNull();
    expect(await stateOf(good)).toBe('absent');
    expect(await leftOf()).toEqual([]);
    expect((await runLocally(removeArchive({ deployDir, sha256: good.sha256 }))).exitCode).toBe(0);
    expect(await remove()).toBeNull();
    expect(treeOf(deployDir, { skip: [] })).toEqual(before);
  });
});

describe('an archive that must not be unpacked', () => {
  const expectRefusal = async (archive: Archive, wanted: { reason: string; message: unknown }) => {
    const before = treeOf(deployDir);
    expect(hostFailureOf(await stage(archive))).toEqual(wanted);
    expect(await leftOf()).toEqual([]);
    expect(treeOf(deployDir)).toEqual(before);
  };
  const bad = (message: string) => ({ reason: 'badArchive', message: expect.stringContaining(message) });

  it('has bytes that cannot be read', async () => {
    const content = await readFile(good.path);
    const middle = Math.floor(content.length / 2);
    content.fill(0x55, middle, middle + 40);
    await writeFile(join(dir, 'corrupt.tar.gz'), content);
    await expectRefusal(describeArchive(join(dir, 'corrupt.tar.gz')), bad('the archive cannot be read'));
  });

  it('is cut off', async () => {
    await writeFile(join(dir, 'short.tar.gz'), await readFile(good.path));
    await truncate(join(dir, 'short.tar.gz'), Math.floor(good.sizeBytes / 2));
    await expectRefusal(describeArchive(join(dir, 'short.tar.gz')), bad('the archive cannot be read'));
  });

  it('is no archive', async () => {
    await writeFile(join(dir, 'page.tar.gz'), '<!doctype html><title>404</title>');
    await expectRefusal(describeArchive(join(dir, 'page.tar.gz')), bad('the archive cannot be read'));
  });

  it.each([
    ['an absolute path', '/tmp/starwarden-escaped', 'absolute path'],
    ['a path that leads out', 'StarRocks-3.5.0/fe/bin/../../../../starwarden-escaped', 'leads out of it'],
    ['a second name on top', 'Other/fe/bin/x', 'more than one directory on top'],
    ['a file of macOS', 'StarRocks-3.5.0/fe/lib/._x.jar', 'a file of macOS'],
    ['a path that leads out, behind a line end', 'StarRocks-3.5.0/fe\n/../../x', 'leads out of it'],
  ])('has a member with %s', async (_what, name, message) => {
    await writeFile(join(dir, 'extra'), 'extra');
    const words = ['-P', '--transform', `flags=r;s,^extra$,${name},`, 'StarRocks-3.5.0', 'extra'];
    await expectRefusal(await pack(join(dir, 'hostile.tar.gz'), dir, words), bad(message));
  });

  it('has a member that is neither file nor directory nor link', async () => {
    await exec('mkfifo', [join(dir, 'StarRocks-3.5.0', 'fe', 'bin', 'pipe')]);
    const archive = await pack(join(dir, 'pipe.tar.gz'), dir, ['StarRocks-3.5.0']);
    await rm(join(dir, 'StarRocks-3.5.0', 'fe', 'bin', 'pipe'));
    await expectRefusal(archive, bad('no file, directory or link'));
  });

  it.each(['/etc/passwd', '../../be/lib/x', '../../../x', '../../fe/bin/start_fe.sh'])(
    'has a link to %s',
    async (target) => {
      const path = join(dir, 'StarRocks-3.5.0', 'fe', 'lib', 'link');
      await symlink(target, path);
      const archive = await pack(join(dir, 'linking.tar.gz'), dir, ['StarRocks-3.5.0']);
      await rm(path);
      await expectRefusal(archive, bad('the archive has a link that leads out'));
    },
  );

  it.each([
    ['no directory around its parts', ['-C', 'StarRocks-3.5.0', 'fe'], 'no directory around fe and be'],
    [
      'another version',
      ['--transform', 's,^StarRocks-3.5.0,StarRocks-3.4.6,', 'StarRocks-3.5.0'],
      'of another version',
    ],
  ])('has %s', async (_what, words, message) => {
    await expectRefusal(await pack(join(dir, 'wrong.tar.gz'), dir, words), bad(message));
  });

  it('is taken with links that stay within', async () => {
    const path = join(dir, 'StarRocks-3.5.0', 'fe', 'lib', 'link');
    await symlink('../bin/./start_fe.sh', path);
    const archive = await pack(join(dir, 'within.tar.gz'), dir, ['./StarRocks-3.5.0']);
    await rm(path);
    expect(await stage(archive)).toMatchObject({ exitCode: 0 });
  });

  it('has a link where a part must be', async () => {
    await mkdir(join(dir, 'linked', 'top', 'fe', 'bin'), { recursive: true });
    await mkdir(join(dir, 'precious'));
    await symlink(join(dir, 'precious'), join(dir, 'linked', 'top', 'fe', 'lib'));
    writeTree(join(dir, 'linked', 'top', 'fe', 'bin'), { x: 'x' });
    const archive = await pack(join(dir, 'linked.tar.gz'), join(dir, 'linked'), ['top']);
    expect(hostFailureOf(await stage(archive))).toMatchObject({
      reason: expect.stringMatching(/badArchive|partMissing/),
    });
    expect(await leftOf()).toEqual([]);
    expect(await readdir(join(dir, 'precious'))).toEqual([]);
  });

  it('has nothing for that kind of node', async () => {
    const archive = await pack(join(dir, 'half.tar.gz'), dir, ['--exclude=be', 'StarRocks-3.5.0']);
    expect(hostFailureOf(await stage(archive, { part: 'be' }))).toEqual({
      reason: 'partMissing',
      message: 'the archive has no be/bin',
    });
    expect(await leftOf()).toEqual([]);
  });

  it('has changed since its sum was compared', async () => {
    await writeFile(join(dir, 'changing.tar.gz'), await readFile(good.path));
    const place = { deployDir, sha256: good.sha256 };
    await runLocally(linkArchive({ ...place, path: join(dir, 'changing.tar.gz') }));
    await writeFile(join(dir, 'changing.tar.gz'), await readFile(good.path));
    const command = unpackRelease({ ...place, archiveDeployDir: deployDir, part: 'fe', version: '3.5.0' });
    expect(parseArchiveState((await runLocally(archiveState(place))).stdout)).toMatchObject({ state: 'unverified' });
    expect(hostFailureOf(await runLocally(command))).toMatchObject({ reason: 'noArchive' });
    expect(await leftOf()).toEqual([]);
  });
});

it('leaves the disk as it was when it becomes full while unpacking, and goes through once there is room', async () => {
  if (!mayMount) {
    await expect(mountDisk({ path: dir, sizeBytes: 1_048_576 })).rejects.toThrow('start without --disk-mb');
    return;
  }
  await rm(deployDir, { recursive: true });
  deployDir = join(dir, 'disk', 'fe');
  await mkdir(join(dir, 'disk'));
  await mountDisk({ path: join(dir, 'disk'), sizeBytes: 3_000_000 });
  try {
    writeTree(deployDir, oldFrontend);
    // 6 MB that shrink to next to nothing: the archive fits, what is in it does not.
    writeTree(join(dir, 'StarRocks-3.5.0'), { 'fe/lib/large.jar': 'x'.repeat(6_000_000) });
    const large = await pack(join(dir, 'large.tar.gz'), dir, ['StarRocks-3.5.0']);
    await rm(join(dir, 'StarRocks-3.5.0', 'fe', 'lib', 'large.jar'));
    await runLocally(linkArchive({ deployDir, path: large.path, sha256: large.sha256 }));
    const usedBytes = async () => Number((await exec('du', ['-sb', join(dir, 'disk')])).stdout.split('\t')[0]);
    const before = { tree: treeOf(deployDir), usedBytes: await usedBytes() };
    expect(hostFailureOf(await stage(large))).toMatchObject({
      reason: 'noSpace',
      message: expect.stringContaining('No space left on device'),
    });
    expect(await leftOf()).toEqual([]);
    expect(treeOf(deployDir)).toEqual(before.tree);
    await rm(join(deployDir, 'starwarden', 'staged'), { recursive: true, force: true });
    expect(await usedBytes()).toBe(before.usedBytes);

    await exec('mount', ['-o', 'remount,size=16000000', join(dir, 'disk')]);
    expect(hostFailureOf(await stage(large))).toBeNull();
    expect(await stateOf(large)).toBe('complete');
  } finally {
    await unmountDisks(dir);
  }
});

it('runs nothing that stands in a name', async () => {
  await expect(readFile(join(dir, 'never'))).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(readFile('never')).rejects.toMatchObject({ code: 'ENOENT' });
});
