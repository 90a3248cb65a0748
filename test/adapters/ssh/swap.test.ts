import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mountDisk, unmountDisks } from '../../../sandbox/world/disks.ts';
import { hostFailureOf } from '../../../src/adapters/ssh/host-failure.ts';
import { parseBinariesState, parseKept } from '../../../src/adapters/ssh/release-answers.ts';
import { stagedIdOf } from '../../../src/adapters/ssh/release-dirs.ts';
import {
  binariesState,
  listKept,
  removeStarwardenDir,
  type Swap,
  swapBack,
  swapBinaries,
} from '../../../src/adapters/ssh/swap-commands.ts';
import { canMount } from '../../sandbox/world/can-mount.ts';
import { newFrontend, oldFrontend, runLocally, treeOf, writeTree } from './release-fixture.ts';

const stagedId = stagedIdOf({ version: '3.5.0', sha256: '0'.repeat(64) });
const keptName = '3.4.1-1a2b3c4_ABCDEFGH';

let dir: string;
let deployDir: string;
let swap: Swap;
let oldTree: string[];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'swap-'));
  // A `mv` that kills everything of the script, itself included, instead of the move that $KILL_AT names.
  await mkdir(join(dir, 'shim'));
  await writeFile(
    join(dir, 'shim', 'mv'),
    '#!/bin/sh\nread -r done <"$MOVES"\n[ "$done" -lt "$KILL_AT" ] || kill -9 0\necho $((done + 1)) >"$MOVES"\nexec /bin/mv "$@"\n',
  );
  await chmod(join(dir, 'shim', 'mv'), 0o755);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

beforeEach(async () => {
  deployDir = join(dir, `it's "fe" $(touch never)`);
  await rm(deployDir, { recursive: true, force: true });
  writeTree(deployDir, oldFrontend);
  const { 'conf/fe.conf': _conf, 'meta/readme': _meta, ...binaries } = newFrontend;
  for (const [name, content] of Object.entries(binaries)) {
    const part = name.slice(0, name.indexOf('/'));
    const staged = `starwarden/staged/${stagedId}`;
    writeTree(deployDir, {
      [`${staged}/${name}`]: content,
      [`${staged}/${part}/.starwarden-release`]: `${stagedId}\n`,
    });
  }
  swap = { deployDir, kind: 'frontend', stagedId, keptName };
  oldTree = treeOf(deployDir);
});

const newTree = [
  'bin/.starwarden-release: 3.5.0-00000000\n',
  'bin/start_fe.sh: new start',
  'conf/fe.conf: query_port = 9030\n',
  'lib/.starwarden-release: 3.5.0-00000000\n',
  'lib/starrocks-fe.jar: new jar',
  'log/fe.log: a line\n',
  'meta/image/VERSION: clusterId=1',
  'spark-dpp/.starwarden-release: 3.5.0-00000000\n',
  'spark-dpp/spark-dpp.jar: new spark',
  'udf/mine.jar: put there by people',
];

const stateOf = async () => parseBinariesState((await runLocally(binariesState(swap))).stdout)?.state;

/** Runs a command that is killed when it would make its nth move; the exit code is 137 when that came. */
async function killedAt(command: ReturnType<typeof swapBinaries>, killAt: number): Promise<number> {
  const moves = join(dir, 'moves');
  await writeFile(moves, '0\n');
  const environment = { MOVES: moves, KILL_AT: String(killAt), PATH: `${join(dir, 'shim')}:${process.env.PATH}` };
  return (await runLocally(command, { environment })).exitCode;
}

describe.each(['sh', 'bash'])('swapping binaries in %s', (shell) => {
  const run = (command: ReturnType<typeof swapBinaries>) => runLocally(command, { shell });

  it('puts the new ones in place, keeps the old ones, and touches nothing else', async () => {
    expect(await stateOf()).toBe('old');
    expect(await run(swapBinaries(swap))).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await stateOf()).toBe('new');
    expect(treeOf(deployDir)).toEqual(newTree);
    expect(treeOf(join(deployDir, 'starwarden', 'kept'))).toEqual([
      `${keptName}/bin/fe.pid: 4194305`,
      `${keptName}/bin/start_fe.sh: old start`,
      `${keptName}/lib/starrocks-fe.jar: old jar`,
      `${keptName}/www/index.html: old page`,
    ]);
    const [kept, ...others] = parseKept(await run(listKept({ deployDir })));
    expect(others).toEqual([]);
    expect(kept?.name).toBe(keptName);
    expect(kept?.sizeBytes).toBeGreaterThan(0);
  });

  it('is not taken for none where the host does not say what is kept', async () => {
    expect(parseKept(await run(listKept({ deployDir })))).toEqual([]);
    for (const stdout of ['', 'Welcome\n', '120 3.4.6-1_AAAAAAAA\n']) {
      expect(() => parseKept({ stdout, stderr: '' })).toThrow(expect.objectContaining({ code: 'COMMAND_FAILED' }));
    }
  });

  it('changes nothing when it is asked for again, and everything back when it is taken back', async () => {
    await run(swapBinaries(swap));
    expect((await run(swapBinaries(swap))).exitCode).toBe(0);
    expect(treeOf(deployDir)).toEqual(newTree);
    expect((await run(swapBack(swap))).exitCode).toBe(0);
    expect(treeOf(deployDir)).toEqual(oldTree);
    expect(await stateOf()).toBe('old');
    expect((await run(swapBack(swap))).exitCode).toBe(0);
    expect(treeOf(deployDir)).toEqual(oldTree);
    expect((await run(swapBinaries(swap))).exitCode).toBe(0);
    expect(treeOf(deployDir)).toEqual(newTree);
  });
});

describe('a swap that was killed', () => {
  const movesOfASwap = 6;
  const before = (name: string) => join(dir, name);

  it.each(Array.from({ length: movesOfASwap + 1 }, (_, killAt) => [killAt]))(
    'before move %d is completed, or taken back, from whatever it left, and so is the taking back',
    async (killAt) => {
      expect(await killedAt(swapBinaries(swap), killAt)).toBe(killAt < movesOfASwap ? 137 : 0);
      expect(await stateOf()).toBe(killAt === 0 ? 'old' : killAt < movesOfASwap ? 'half' : 'new');
      await rm(before('left'), { recursive: true, force: true });
      await cp(deployDir, before('left'), { recursive: true });
      const startAgain = async () => {
        await rm(deployDir, { recursive: true });
        await cp(before('left'), deployDir, { recursive: true });
      };

      expect((await runLocally(swapBinaries(swap))).exitCode).toBe(0);
      expect(treeOf(deployDir)).toEqual(newTree);
      expect(await stateOf()).toBe('new');

      // Each move made has one that takes it back. Killed at each of them after a whole swap and after half of one.
      const isThorough = killAt === movesOfASwap || killAt === 3;
      for (let killBackAt = isThorough ? 0 : killAt; killBackAt <= killAt; killBackAt += 1) {
        await startAgain();
        expect(await killedAt(swapBack(swap), killBackAt)).toBe(killBackAt < killAt ? 137 : 0);
        await rm(before('left back'), { recursive: true, force: true });
        await cp(deployDir, before('left back'), { recursive: true });
        expect((await runLocally(swapBack(swap))).exitCode).toBe(0);
        expect(treeOf(deployDir)).toEqual(oldTree);
        expect(await stateOf()).toBe('old');
        await rm(deployDir, { recursive: true });
        await cp(before('left back'), deployDir, { recursive: true });
        expect((await runLocally(swapBinaries(swap))).exitCode).toBe(0);
        expect(treeOf(deployDir)).toEqual(newTree);
      }
    },
  );
});

describe('a swap that must not be', () => {
  const refusal = async (command: ReturnType<typeof swapBinaries>) => hostFailureOf(await runLocally(command));
  let node: ChildProcess | null = null;

  /** A process that `ps` calls `java`, as a frontend is; ended by the test that started it. */
  const startNode = async (environment: Record<string, string> = {}) => {
    await cp('/bin/sleep', join(dir, 'java'));
    node = spawn(join(dir, 'java'), ['60'], { stdio: 'ignore', env: environment });
    await new Promise((resolve) => node?.once('spawn', resolve));
    return String(node.pid);
  };
  const endNode = async () => {
    const ended = new Promise((resolve) => node?.once('exit', resolve));
    node?.kill('SIGKILL');
    await ended;
  };

  it.each([
    ['swapBinaries', swapBinaries],
    ['swapBack', swapBack],
  ])('%s moves nothing while the process of the pid file runs, wherever that file is', async (_name, build) => {
    const pid = await startNode();
    try {
      await mkdir(join(deployDir, 'run'));
      for (const place of ['bin', `starwarden/kept/${keptName}/bin`, 'run']) {
        writeTree(deployDir, { 'conf/fe.conf': `PID_DIR = \${STARROCKS_HOME}/run\n`, [`${place}/fe.pid`]: pid });
        const left = treeOf(deployDir, { skip: [] }).filter((line) => !line.includes('.lock'));
        expect(await refusal(build(swap))).toEqual({
          reason: 'nodeRuns',
          message: `the node in ${deployDir} runs as process ${pid}`,
        });
        expect(treeOf(deployDir, { skip: [] }).filter((line) => !line.includes('.lock'))).toEqual(left);
        await rm(join(deployDir, place, 'fe.pid'));
        await rm(join(deployDir, 'starwarden', 'kept'), { recursive: true, force: true });
      }
      // A stale file that names a process of another kind is none of the node's.
      writeTree(deployDir, { 'bin/fe.pid': String(process.pid) });
      expect(await refusal(build(swap))).toBeNull();
    } finally {
      await endNode();
    }
  });

  it('moves nothing while a process that the node’s scripts started runs, though its pid file is gone', async () => {
    const pid = await startNode({ STARROCKS_HOME: deployDir });
    try {
      expect(await refusal(swapBinaries(swap))).toMatchObject({
        reason: 'nodeRuns',
        message: expect.stringContaining(pid),
      });
      expect(await refusal(swapBinaries({ ...swap, kind: 'backend' }))).toBeNull();
    } finally {
      await endNode();
    }
  });

  it('moves nothing when a needed part was not staged', async () => {
    await rm(join(deployDir, 'starwarden', 'staged', stagedId, 'lib'), { recursive: true });
    expect(await refusal(swapBinaries(swap))).toEqual({
      reason: 'nothingThere',
      message: `${stagedId} is not staged: it has no lib`,
    });
    expect(treeOf(deployDir)).toEqual(oldTree);
    expect(await stateOf()).toBe('nothing-staged');
  });

  it('moves nothing when what was staged is of another release', async () => {
    writeTree(deployDir, { [`starwarden/staged/${stagedId}/lib/.starwarden-release`]: '3.5.0-11111111\n' });
    expect(await refusal(swapBinaries(swap))).toMatchObject({ reason: 'nothingThere' });
    expect(treeOf(deployDir)).toEqual(oldTree);
  });

  it('takes nothing back that was not kept', async () => {
    await runLocally(swapBinaries(swap));
    await rm(join(deployDir, 'starwarden', 'kept', keptName, 'lib'), { recursive: true });
    expect(await refusal(swapBack(swap))).toMatchObject({ reason: 'nothingThere' });
    expect(treeOf(deployDir)).toEqual(newTree);
  });

  it('writes over nothing when somebody put other binaries in place meanwhile', async () => {
    await runLocally(swapBinaries(swap));
    await rm(join(deployDir, 'lib', '.starwarden-release'));
    const left = treeOf(deployDir);
    expect(await refusal(swapBinaries(swap))).toMatchObject({ reason: 'nothingThere' });
    expect(await refusal(swapBack(swap))).toEqual({ reason: 'inTheWay', message: 'lib is both in place and kept' });
    expect(treeOf(deployDir)).toEqual(left);
  });

  it('moves a part that is a link as a link', async () => {
    await rename(join(deployDir, 'lib'), join(dir, 'lib-elsewhere'));
    await symlink(join(dir, 'lib-elsewhere'), join(deployDir, 'lib'));
    const linked = treeOf(deployDir);
    expect(await refusal(swapBinaries(swap))).toBeNull();
    expect(treeOf(deployDir)).toEqual(newTree);
    expect(await refusal(swapBack(swap))).toBeNull();
    expect(treeOf(deployDir)).toEqual(linked);
    expect(await readFile(join(dir, 'lib-elsewhere', 'starrocks-fe.jar'), 'utf8')).toBe('old jar');
  });

  it('moves nothing when a part is a file system of its own', async () => {
    const pages = join(deployDir, 'www');
    if (!(await canMount())) {
      await expect(mountDisk({ path: pages, sizeBytes: 1_048_576 })).rejects.toThrow('start without --disk-mb');
      return;
    }
    await mountDisk({ path: pages, sizeBytes: 1_048_576 });
    try {
      expect(await refusal(swapBinaries(swap))).toEqual({
        reason: 'unsafe',
        message: `${pages} is on another file system than ${join(deployDir, 'starwarden')}`,
      });
    } finally {
      await unmountDisks(dir);
    }
    expect(treeOf(deployDir)).toEqual(oldTree);
  });

  it.each(['../../etc', 'a b', '', '3.5.0', '-rf-00000000', '3.5.0-00000000\n', '..-00000000'])(
    'refuses %j for a name of ours',
    (name) => {
      const invalid = expect.objectContaining({ code: 'INVALID_INPUT' });
      expect(() => swapBinaries({ ...swap, stagedId: name })).toThrow(invalid);
      expect(() => swapBack({ ...swap, keptName: name })).toThrow(invalid);
    },
  );

  it.each(['/', '', 'opt/fe', '/opt/../etc', '/..', '//', '/./'])('refuses the directory %j', (path) => {
    const invalid = expect.objectContaining({ code: 'INVALID_INPUT' });
    expect(() => swapBinaries({ ...swap, deployDir: path })).toThrow(invalid);
    expect(() => removeStarwardenDir({ deployDir: path })).toThrow(invalid);
  });
});

it('means one directory however its path is written', () => {
  const text = removeStarwardenDir({ deployDir: '/opt/fe' }).text;
  expect(removeStarwardenDir({ deployDir: '/opt//./fe/' }).text).toBe(text);
});

describe('removing what is kept', () => {
  const remove = async () => hostFailureOf(await runLocally(removeStarwardenDir({ deployDir })));

  it('leaves the node as it runs, and is done when it is asked for again', async () => {
    await runLocally(swapBinaries(swap));
    expect(await remove()).toBeNull();
    expect(treeOf(deployDir, { skip: [] })).toEqual(newTree);
    expect(await remove()).toBeNull();
    expect(treeOf(deployDir, { skip: [] })).toEqual(newTree);
    expect(await stateOf()).toBe('new');
  });

  it('follows no link', async () => {
    writeTree(join(dir, 'precious'), { 'data.txt': 'precious' });
    await symlink(join(dir, 'precious'), join(deployDir, 'starwarden', 'kept'));
    expect(await remove()).toBeNull();
    await rm(join(deployDir, 'starwarden'), { recursive: true, force: true });
    await symlink(join(dir, 'precious'), join(deployDir, 'starwarden'));
    expect(await remove()).toMatchObject({ reason: 'unsafe', message: expect.stringContaining('is a symbolic link') });
    expect(treeOf(join(dir, 'precious'))).toEqual(['data.txt: precious']);
  });

  it.each([1, 2, 3])('removes nothing while the binaries are half swapped by %d moves', async (killAt) => {
    await killedAt(swapBinaries(swap), killAt);
    expect(await remove()).toMatchObject({ reason: 'half' });
    expect((await runLocally(swapBack(swap))).exitCode).toBe(0);
    expect(treeOf(deployDir)).toEqual(oldTree);
  });
});
