import { copyFile, stat } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { corruptArchive, truncateArchive } from '../../../sandbox/releases/damage.ts';
import { cancelRun, retryRun, undoRun } from '../../../src/runs/control.ts';
import { submit } from '../../../src/runs/submit.ts';
import { listSteps } from '../../../src/store/runs/runs.ts';
import { admin } from '../../helpers/engine.ts';
import type { EndState } from '../../helpers/upgrade-end-state.ts';
import { patientLease, startUpgradeLab, type UpgradeLab } from '../../helpers/upgrades.ts';
import { logLines } from '../../helpers/world.ts';

const to = '3.4.6';
const diskBytes = 64 * 1_048_576;
let lab: UpgradeLab;
let before: EndState;
let sent = 0;

beforeAll(async () => {
  lab = await startUpgradeLab({ env: patientLease, version: '3.4.5', diskBytes });
}, 120_000);
beforeEach(async () => {
  before = await lab.endState();
});
afterEach(async () => {
  for (const { name } of lab.world.describe().hosts) await lab.world.freeDisk(name);
});
afterAll(() => lab?.close());

const names = () => lab.world.describe().hosts.map(({ name }) => name);

/** Nodes and settings are as they were, no node was so much as told to stop, and nothing lies about half done. */
async function expectNothingStopped(runId: string): Promise<void> {
  await expect.poll(() => lab.endState()).toEqual(before);
  const left = (await Promise.all(names().map((name) => lab.leftovers(name)))).flat();
  expect(left.filter((entry) => entry.endsWith('.part'))).toEqual([]);
  const commands = (await logLines(lab.world.describe().logs.commands, sent)).map(({ command }) => String(command));
  expect(commands.filter((text) => /(stop|start)_(fe|be)\.sh/.test(text))).toEqual([]);
  // The scheduler was not paused yet: nothing had to be put back.
  expect(await lab.aftermath(runId)).toMatchObject({ state: 'FAILED', changes: [], locks: [] });
}

async function expectEmptyDisks(): Promise<void> {
  for (const name of names()) expect(await lab.leftovers(name), name).toEqual([]);
}

/** Every node comes to the target; then all of it is taken back for the next test. */
async function expectUpgraded(runId: string): Promise<void> {
  expect(await lab.work(runId)).toMatchObject({ state: 'SUCCEEDED', failure: null });
  expect(new Set(Object.values((await lab.endState()).versions))).toEqual(new Set([to]));
}

async function takeBack(runId: string): Promise<void> {
  await undoRun(lab.engine.ctx.engine, { runId, actor: admin });
  expect(await lab.work(runId)).toMatchObject({ state: 'UNDONE', failure: null });
  await expect.poll(() => lab.endState()).toEqual(before);
  await expectEmptyDisks();
}

const cancel = (runId: string) => cancelRun(lab.engine.ctx.engine, { runId, actor: admin });

/** What the hosts are told from then on is counted: the preflight only looks at the scripts. */
async function ask() {
  const run = await lab.managed.ask('upgradeCluster', lab.input(to));
  sent = (await logLines(lab.world.describe().logs.commands)).length;
  return run;
}

describe('an archive that is not what was registered', () => {
  it('is refused before it is sent when its bytes are damaged, and a retry with the sound file is an upgrade', async () => {
    const path = await lab.addRelease({ version: to });
    await copyFile(path, `${path}.sound`);
    await corruptArchive(path);
    const run = await ask();
    const ended = await lab.work(run.id);
    expect(ended.failure).toMatchObject({ code: 'COMMAND_FAILED' });
    expect(ended.failure?.message).toMatch(/archive of 3\.4\.6 at \/.*: it has the SHA-256 sum/);
    await expectNothingStopped(run.id);
    await expectEmptyDisks();
    await copyFile(`${path}.sound`, path);
    await retryRun(lab.engine.ctx.engine, { runId: run.id, actor: admin });
    await expectUpgraded(run.id);
    await takeBack(run.id);
  }, 240_000);

  it('is refused before it is sent when it breaks off after the check, and not even planned when it did before', async () => {
    const path = await lab.addRelease({ version: to });
    await copyFile(path, `${path}.sound`);
    const run = await ask();
    await truncateArchive(path);
    const ended = await lab.work(run.id);
    expect(ended.failure?.message).toMatch(/it has the SHA-256 sum .*unexpected end of file/s);
    await expectNothingStopped(run.id);
    await expectEmptyDisks();
    const refused = await submit(lab.engine.ctx.engine, {
      operation: 'upgradeCluster',
      input: lab.input(to),
      actor: admin,
    });
    expect(refused.run).toBeNull();
    expect(refused.userErrors.map((error) => error.message).join(' ')).toMatch(/archive/);
    await copyFile(`${path}.sound`, path);
  }, 120_000);

  it('stays refused while the wrong sum is in the catalogue, and is taken with the right one', async () => {
    const wrong = 'ab'.repeat(32);
    await lab.addRelease({ version: to, sha256: wrong });
    const run = await ask();
    expect((await lab.work(run.id)).failure).toMatchObject({
      message: expect.stringContaining(`not ${wrong}`),
      hint: 'The archive is not the one that was registered. Register the right one, then ask again.',
    });
    await expectNothingStopped(run.id);
    await lab.addRelease({ version: to });
    await retryRun(lab.engine.ctx.engine, { runId: run.id, actor: admin });
    expect((await lab.work(run.id)).failure?.message).toMatch(/is another archive in the catalogue now/);
    await expectNothingStopped(run.id);
    const again = await ask();
    // Staged everywhere is enough here: how an upgrade goes on from there is shown above.
    const [canceled] = await Promise.all([
      lab.work(again.id),
      lab.reached(again.id, { kind: 'noteJournal', state: 'done' }).then(() => cancel(again.id)),
    ]);
    expect(canceled.state).toBe('CANCELED');
    await takeBack(again.id);
  }, 120_000);
});

describe('a disk that is full in the middle of unpacking', () => {
  it('fails the run with nothing half unpacked, and a retry does not send the archive again', async () => {
    const path = await lab.addRelease({ version: to });
    const { size } = await stat(path);
    const run = await ask();
    await lab.world.fillDisk('be2', { leaveBytes: size + 150_000 });
    const ended = await lab.work(run.id);
    expect(ended.failure).toMatchObject({
      code: 'COMMAND_FAILED',
      message: expect.stringMatching(
        new RegExp(`^Unpacking ${to} for ${await lab.labelOf('be2')}: .*No space left on device`),
      ),
      hint: expect.stringContaining('Nothing was left half unpacked'),
    });
    await expectNothingStopped(run.id);
    expect(await lab.leftovers('be2')).toEqual(['archives/archive.tar.gz', 'archives/archive.tar.gz.verified']);
    await lab.world.freeDisk('be2');
    await retryRun(lab.engine.ctx.engine, { runId: run.id, actor: admin });
    await expectUpgraded(run.id);
    const fetched = (await listSteps(lab.engine.ctx.db, run.id)).filter((step) => step.kind === 'fetchArchive');
    expect(fetched.map((step) => step.attempt)).toEqual(names().map(() => 1));
    await takeBack(run.id);
  }, 240_000);
});
