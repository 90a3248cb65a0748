import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { lanesPutBack } from '../../../src/bot/views/run-now.ts';
import { retryRun, undoRun } from '../../../src/runs/control.ts';
import { listSteps } from '../../../src/store/runs/runs.ts';
import { admin } from '../../helpers/engine.ts';
import { deployDirOf, type EndState } from '../../helpers/upgrade-end-state.ts';
import { patientLease, startUpgradeLab, type UpgradeLab } from '../../helpers/upgrades.ts';
import { logLines } from '../../helpers/world.ts';

const home = '3.4.5';
const near = '3.4.6';
const far = '3.5.0';
let lab: UpgradeLab;
let before: EndState;

beforeAll(async () => {
  lab = await startUpgradeLab({ env: patientLease, version: home });
  await lab.addRelease({ version: near });
  await lab.addRelease({ version: far });
}, 120_000);
beforeEach(async () => {
  before = await lab.endState();
});
afterAll(() => lab?.close());

const control = () => lab.engine.ctx.engine;
const all = (version: string) => Object.fromEntries(Object.keys(before.versions).map((name) => [name, version]));
const expectState = (versions: EndState['versions']) =>
  expect.poll(() => lab.endState()).toEqual({ ...before, versions });

/** The catalogue names another archive for this version from now on; answers the sum that it named before. */
async function registerAs(version: string, sha256: string): Promise<string> {
  const { db } = lab.engine.ctx;
  const before = await db
    .selectFrom('release')
    .select('sha256')
    .where('version', '=', version)
    .executeTakeFirstOrThrow();
  await db.updateTable('release').set({ sha256 }).where('version', '=', version).execute();
  return before.sha256;
}

async function undo(runId: string): Promise<void> {
  await undoRun(control(), { runId, actor: admin });
  const undone = await lab.work(runId);
  expect(undone).toMatchObject({ state: 'UNDONE', failure: null, postCheck: { passed: true } });
  // Its own look at the cluster, not that of the upgrade: they are back on the version from before.
  const seen = undone.postCheck?.checks.find(({ name }) => name === 'nodes-on-version')?.observed;
  expect(seen).toMatch(new RegExp(`^\\d+ nodes on ${home}-\\w+$`));
  await expectState(before.versions);
}

describe('a host whose connection is cut while its backend stops', () => {
  it('is waited for, and the upgrade goes on where it was', async () => {
    const { logs } = lab.world.describe();
    const run = await lab.managed.ask('upgradeCluster', lab.input(near));
    const sent = (await logLines(logs.commands)).length; // the preflight names the scripts too
    const cut = async () => {
      await lab.world.nextCommand('be1', /stop_be\.sh/);
      await lab.world.host('be1').refuse();
      await lab.reached(run.id, { kind: 'stopForMove', progress: 'tries again' });
      await sleep(2_000); // the script ends meanwhile, with nobody to hear it
      await lab.world.host('be1').accept();
    };
    const [ended] = await Promise.all([lab.work(run.id), cut()]);
    expect(ended).toMatchObject({ state: 'SUCCEEDED', failure: null });
    await expectState(all(near));
    expect(await lab.aftermath(run.id)).toMatchObject({ changes: ['RESTORED'], locks: [] });
    const commands = (await logLines(logs.commands, sent)).filter(({ host }) => host === 'be1');
    const starts = commands.filter(({ command }) => /start_be\.sh\S* --daemon/.test(String(command)));
    expect(starts).toHaveLength(1);
    await undo(run.id);
  }, 240_000);

  it('ends the run when it does not come back in time, with the node and what is not known of it', async () => {
    const run = await lab.managed.ask('upgradeCluster', lab.input(near));
    const label = await lab.labelOf('be1');
    const cut = async () => {
      await lab.world.nextCommand('be1', /stop_be\.sh/);
      await lab.world.host('be1').refuse();
      await lab.reached(run.id, { kind: 'stopForMove', progress: 'tries again' });
      await lab.age(run.id, { kind: 'stopForMove', seconds: 361 });
      await lab.age(run.id, { kind: 'startForMove', phase: 'recover', seconds: 181 });
    };
    const [ended] = await Promise.all([lab.work(run.id), cut()]);
    expect(ended).toMatchObject({ state: 'FAILED', failure: { code: 'RECOVERY_FAILED' } });
    expect(ended.failure?.message).toMatch(`${label} could not be put back to how it was: Start ${label} with ${home}`);
    expect(ended.failure?.message).toContain('It had failed before: ');
    expect(ended.postCheck?.checks.find(({ name }) => name === 'nodes-alive')?.observed).toMatch(`down: ${label}`);
    expect(ended.failure?.message).toContain(lab.managed.host('be1').address);
    // Stopped, with its old binaries in place; nothing else was begun, and nothing temporary is left.
    await expect.poll(() => lab.versions()).toEqual({ ...before.versions, be1: `${home} (down)` });
    const { scheduling, belongings } = await lab.endState();
    expect({ scheduling, belongings }).toEqual({ scheduling: before.scheduling, belongings: before.belongings });
    expect(await lab.leftovers('be1')).toEqual([`staged/${near}`]);
    expect(await lab.aftermath(run.id)).toMatchObject({ changes: ['RESTORED'], locks: [] });
    await lab.world.host('be1').accept();
    // A retry that fails before it touches the backend brings it back all the same: it was this run that took it away.
    const registered = await registerAs(near, '0'.repeat(64));
    await retryRun(control(), { runId: run.id, actor: admin });
    const second = await lab.work(run.id);
    expect(second).toMatchObject({ state: 'FAILED', failure: { code: 'PRECONDITION_FAILED' } });
    await expectState(before.versions);
    const said = lanesPutBack(await listSteps(lab.engine.ctx.db, run.id));
    expect(said).toEqual([expect.stringMatching(`^${label} was put back to ${home}-`)]);
    await registerAs(near, registered);
    await retryRun(control(), { runId: run.id, actor: admin });
    expect(await lab.work(run.id)).toMatchObject({ state: 'SUCCEEDED', failure: null });
    await expectState(all(near));
    await undo(run.id);
  }, 240_000);
});

/** The staged binaries of one backend turn out to be those of another version: a failure of this backend alone. */
async function spoilStaged(runId: string, name: string): Promise<() => Promise<void>> {
  await lab.reached(runId, { kind: 'noteJournal', state: 'done' });
  const staged = join(deployDirOf(lab.world, name), 'starwarden', 'staged');
  const [id = ''] = await readdir(staged);
  const file = join(staged, id, 'lib', 'starrocks-release.json');
  const sound = await readFile(file, 'utf8');
  await writeFile(file, sound.replace(/"version":\s*"[^"]*"/, `"version": "${home}"`));
  return () => writeFile(file, sound);
}

describe('a backend that failed', () => {
  it('can be left out when its version may stay beside the other, and follows when the same is asked for again', async () => {
    const run = await lab.managed.ask('upgradeCluster', lab.input(near));
    const [ended, mend] = await Promise.all([lab.work(run.id), spoilStaged(run.id, 'be2')]);
    const label = await lab.labelOf('be2');
    expect(ended.failure?.message).toContain(`${label} came back with ${home}`);
    await expectState({ ...before.versions, be1: near });
    await retryRun(control(), { runId: run.id, actor: admin, withoutLane: label });
    const gone = await lab.work(run.id);
    expect(gone).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
    expect(gone.postCheck?.checks.find(({ name }) => name === 'left-out')?.observed).toContain(label);
    await expectState({ ...all(near), be2: home });
    await mend();
    const again = await lab.managed.ask('upgradeCluster', lab.input(near));
    expect(await lab.work(again.id)).toMatchObject({ state: 'SUCCEEDED', failure: null });
    await expectState(all(near));
    await undoRun(control(), { runId: again.id, actor: admin });
    expect((await lab.work(again.id)).state).toBe('UNDONE');
    await undo(run.id);
  }, 300_000);

  it('cannot be left behind alive by frontends of another line; a retry with it goes on', async () => {
    const run = await lab.managed.ask('upgradeCluster', lab.input(far));
    const [ended, mend] = await Promise.all([lab.work(run.id), spoilStaged(run.id, 'be2')]);
    const label = await lab.labelOf('be2');
    expect(ended.failure?.message).toContain(label);
    await retryRun(control(), { runId: run.id, actor: admin, withoutLane: label });
    expect(await lab.work(run.id)).toMatchObject({
      state: 'FAILED',
      failure: {
        code: 'PRECONDITION_FAILED',
        message: expect.stringMatching(
          new RegExp(`^${label} \\(${home}-\\w+\\) is not on 3\\.5 yet, and frontends must not run ahead of backends`),
        ),
      },
    });
    await expectState({ ...before.versions, be1: far, be3: far });
    expect(await lab.aftermath(run.id)).toMatchObject({ locks: [] });
    await mend();
    await retryRun(control(), { runId: run.id, actor: admin });
    expect(await lab.work(run.id)).toMatchObject({ state: 'SUCCEEDED', failure: null });
    await expectState(all(far));
  }, 300_000);
});
