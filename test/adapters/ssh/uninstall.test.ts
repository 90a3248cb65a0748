import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mountDisk, unmountDisks } from '../../../sandbox/world/disks.ts';
import { claimPlace } from '../../../src/adapters/ssh/claim-commands.ts';
import { hostFailureOf } from '../../../src/adapters/ssh/host-failure.ts';
import { beginFirstStart, installedState } from '../../../src/adapters/ssh/install-commands.ts';
import type { ClaimedPlace } from '../../../src/adapters/ssh/place-script.ts';
import type { ShellCommand } from '../../../src/adapters/ssh/port.ts';
import { parseInstalled } from '../../../src/adapters/ssh/read-installed.ts';
import { clearData, removeInstalled } from '../../../src/adapters/ssh/uninstall-commands.ts';
import { canMount } from '../../sandbox/world/can-mount.ts';
import { runLocally, treeOf, writeTree } from './release-fixture.ts';

/* What an undo leaves alone in directories that are ours: see `install.test.ts` for what it removes. */

const mayMount = await canMount();
let dir: string;
let place: ClaimedPlace;

beforeAll(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'uninstall-')));
});
afterAll(() => rm(dir, { recursive: true, force: true }));
beforeEach(() => {
  place = {
    ...{ kind: 'backend', label: 'be 10.0.0.11:9050', runId: 'run_01J00000000000000000000000' },
    deployDir: join(dir, 'host', 'opt', 'starrocks', 'be'),
    dataDirs: [join(dir, 'host', 'data1', 'sr'), join(dir, 'host', 'data2')],
  };
});
afterEach(() => rm(join(dir, 'host'), { recursive: true, force: true }));

const everything = () => (existsSync(join(dir, 'host')) ? treeOf(join(dir, 'host'), { skip: [] }) : []);
const claim = () => claimPlace({ ...place, host: '10.0.0.11', ports: [] });

async function does(command: ShellCommand): Promise<void> {
  expect(await runLocally(command)).toMatchObject({ exitCode: 0, stderr: '' });
}

async function refuses(command: ShellCommand, reason: string, words: string | RegExp): Promise<void> {
  const failure = hostFailureOf(await runLocally(command));
  expect(failure?.reason).toBe(reason);
  expect(failure?.message).toMatch(words);
}

async function owners() {
  const command = installedState({ ...place, stagedId: '3.5.0-01234567', unit: null });
  return parseInstalled((await runLocally(command)).stdout)?.dirs.map(({ owner }) => owner);
}

async function install(): Promise<void> {
  await does(claim());
  const files = { 'bin/start_be.sh': 'start', 'lib/starrocks_be': 'binary', 'conf/be.conf': 'conf' };
  writeTree(place.deployDir, { ...files, 'starwarden/.lock': '' });
}

describe('a place of a new node', () => {
  it.each([
    ['notes.txt in the deploy directory', 'opt/starrocks/be/notes.txt', /be holds notes\.txt, which neither/],
    ['a directory in one of data', 'data1/sr/backup/x', /sr holds backup, which neither/],
    ['a hidden file', 'data2/.keep', /data2 holds \.keep, which neither/],
  ])('is not taken away while somebody keeps %s there', async (_what, path, words) => {
    await install();
    await does(beginFirstStart(place));
    writeTree(join(dir, 'host'), {
      'data1/sr/data/1/t.dat': 'tablet',
      'opt/starrocks/be/log/be.INFO': 'x',
      [path]: 'x',
    });
    const before = everything();
    await refuses(removeInstalled(place), 'taken', words);
    // It only empties the directories of data, and so asks only about them.
    if (!path.startsWith('opt')) await refuses(clearData(place), 'taken', words);
    expect(everything()).toEqual(before);
    await rm(join(dir, 'host', path.replace(/\/x$/, '')), { recursive: true });
    await does(clearData(place));
    await does(removeInstalled(place));
    expect(everything()).toEqual([]);
  });

  it('keeps data that came to be there although the node was never started', async () => {
    await install();
    writeTree(place.dataDirs[0] ?? '', { 'data/1/t.dat': 'tablet' });
    const before = everything();
    await refuses(removeInstalled(place), 'taken', /sr holds data, which neither/);
    expect(everything()).toEqual(before);
  });

  it('keeps what lies beside its own directories of data within its deploy directory', async () => {
    place = { ...place, dataDirs: [join(place.deployDir, 'disks', 'a'), join(place.deployDir, 'disks', 'b')] };
    await install();
    await does(beginFirstStart(place));
    writeTree(place.deployDir, { 'disks/a/cluster_id': '1', 'disks/other': 'x' });
    await refuses(removeInstalled(place), 'taken', /disks holds other, which neither/);
    await rm(join(place.deployDir, 'disks', 'other'));
    await does(removeInstalled(place));
    expect(everything()).toEqual([]);
  });

  it('is not taken away while something is mounted in it, whose files stay', async () => {
    if (!mayMount) return expect(mayMount).toBe(false);
    await install();
    await does(beginFirstStart(place));
    const mounted = join(place.dataDirs[0] ?? '', 'data');
    await mkdir(mounted);
    await mountDisk({ path: mounted, sizeBytes: 400_000 });
    try {
      await writeFile(join(mounted, 'precious'), 'x');
      await refuses(removeInstalled(place), 'taken', `something is mounted at ${mounted}`);
      await refuses(clearData(place), 'taken', `something is mounted at ${mounted}`);
      expect(await readFile(join(mounted, 'precious'), 'utf8')).toBe('x');
    } finally {
      await unmountDisks(dir);
    }
    await does(removeInstalled(place));
    expect(everything()).toEqual([]);
  });

  it('is not said to be taken away where a directory cannot be looked at', async () => {
    await does(claim());
    await rename(join(dir, 'host', 'data1'), join(dir, 'host', 'away'));
    await writeFile(join(dir, 'host', 'data1'), 'in the way');
    expect(await owners()).toEqual(['ours', 'unknown', 'ours']);
    await refuses(removeInstalled(place), 'denied', /data1\/sr cannot be looked at: .*Not a directory/);
    expect(await owners()).toEqual(['ours', 'unknown', 'ours']);
  });

  it('is not brought back by a script that waited for it while it was taken away', async () => {
    await install();
    const lock = join(place.deployDir, 'starwarden', '.lock');
    const holding = runLocally({
      name: 'hold',
      effect: 'change',
      text: `exec 9>>'${lock}'; flock 9; sleep 1; rm -rf '${place.deployDir}'`,
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await refuses(beginFirstStart(place), 'failed', /No such file or directory/);
    await holding;
    expect(existsSync(place.deployDir)).toBe(false);
  });
});
