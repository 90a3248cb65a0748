import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { upgradeCluster } from '../../../src/operations/upgrade/upgrade-cluster/upgrade-cluster.ts';
import { retryRun, undoRun } from '../../../src/runs/control.ts';
import { allowedActions } from '../../../src/runs/run-actions.ts';
import { submit } from '../../../src/runs/submit.ts';
import { listSteps, readRun } from '../../../src/store/runs/runs.ts';
import { admin } from '../../helpers/engine.ts';
import { deployDirOf, type EndState } from '../../helpers/upgrade-end-state.ts';
import { patientLease, startUpgradeLab, type UpgradeLab } from '../../helpers/upgrades.ts';

const to = '3.5.0';
let lab: UpgradeLab;
let before: EndState;

beforeAll(async () => {
  lab = await startUpgradeLab({ env: patientLease, version: '3.4.6', backends: 2 });
}, 120_000);
beforeEach(async () => {
  before = await lab.endState();
});
afterAll(() => lab?.close());

const consent = { approval: null, now: new Date(), approvalEnvironments: ['prod'] };
const control = () => lab.engine.ctx.engine;
const ask = () => lab.managed.ask('upgradeCluster', lab.input(to, { gateTimeoutSeconds: 600 }));

/** The backends are there already; no frontend is, and nothing else differs from before. */
async function expectFrontendsBack(): Promise<void> {
  const versions = { ...before.versions, be1: to, be2: to };
  await expect.poll(() => lab.endState()).toEqual({ ...before, versions });
}

async function undo(runId: string): Promise<void> {
  await undoRun(control(), { runId, actor: admin });
  expect(await lab.work(runId)).toMatchObject({ state: 'UNDONE', failure: null });
  await expect.poll(() => lab.endState()).toEqual(before);
  for (const { name } of lab.world.describe().hosts) expect(await lab.leftovers(name), name).toEqual([]);
}

/** Another JDK for a frontend, as somebody who tidies up a host might leave it. */
async function setJavaHome(name: string, major: number): Promise<void> {
  const file = join(deployDirOf(lab.world, name), 'conf', 'fe.conf');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace(/^(JAVA_HOME = .*jdk-)\d+$/m, `$1${major}`));
}

describe('a frontend whose JDK is too old for the target', () => {
  it('stops the upgrade before it begins, with its address and what it has', async () => {
    await lab.addRelease({ version: to });
    await setJavaHome('fe2', 11);
    const { run, userErrors } = await submit(control(), {
      operation: 'upgradeCluster',
      input: lab.input(to),
      actor: admin,
    });
    await setJavaHome('fe2', 17);
    expect(run).toBeNull();
    const message = userErrors.map((error) => error.message).join(' ');
    expect(message).toContain(lab.managed.host('fe2').address);
    expect(message).toMatch(/11\.0\.11 at JAVA_HOME/);
    expect(await lab.endState()).toEqual(before);
  });

  it('is put back when that happened after the check, says what its script said, and goes with the rest of a retry', async () => {
    await lab.addRelease({ version: to });
    const run = await ask();
    await setJavaHome('fe2', 11);
    const belongings = (await lab.endState()).belongings;
    const ended = await lab.work(run.id);
    expect(ended).toMatchObject({ state: 'FAILED', failure: { code: 'COMMAND_FAILED' } });
    expect(ended.failure?.message).toContain(await lab.labelOf('fe2'));
    expect(ended.failure?.message).toMatch(/JDK|java/i);
    expect(ended.failure?.log?.length).toBeGreaterThan(0);
    const versions = { ...before.versions, be1: to, be2: to };
    await expect.poll(() => lab.endState()).toEqual({ ...before, versions, belongings });
    expect(await lab.aftermath(run.id)).toMatchObject({ changes: ['RESTORED'], locks: [] });
    await setJavaHome('fe2', 17);
    await retryRun(control(), { runId: run.id, actor: admin });
    expect(await lab.work(run.id)).toMatchObject({ state: 'SUCCEEDED', failure: null });
    expect(new Set(Object.values((await lab.endState()).versions))).toEqual(new Set([to]));
    await undo(run.id);
  }, 240_000);
});

describe('a frontend that does not come up with its new binaries', () => {
  it('is put back when its process ends at once, the other frontends stay, and all of it can be undone', async () => {
    await lab.addRelease({ version: to, variant: 'never-starts', wrongParts: ['fe'] });
    const run = await ask();
    const ended = await lab.work(run.id);
    expect(ended.state).toBe('FAILED');
    expect(ended.failure?.message).toContain(await lab.labelOf('fe2'));
    expect(ended.failure?.log?.join('\n')).toMatch(/error|exception/i);
    await expectFrontendsBack();
    expect(await lab.aftermath(run.id)).toMatchObject({ changes: ['RESTORED'], locks: [] });
    await expect(
      retryRun(control(), { runId: run.id, actor: admin, withoutLane: await lab.labelOf('fe2') }),
    ).rejects.toThrow(/is a frontend, and frontends of two versions must not stay/);
    await undo(run.id);
  }, 240_000);

  it('is put back when it never joins; a sound archive needs a new run, and the old one says so', async () => {
    await lab.addRelease({ version: to, variant: 'never-alive', wrongParts: ['fe'] });
    const run = await ask();
    const [ended] = await Promise.all([
      lab.work(run.id),
      lab
        .reached(run.id, { kind: 'startForMove', state: 'done', lane: await lab.labelOf('fe2') })
        .then(() => lab.age(run.id, { kind: 'awaitVersion', seconds: 601 })),
    ]);
    expect(ended).toMatchObject({ state: 'FAILED', failure: { code: 'HEALTH_GATE_TIMEOUT' } });
    expect(ended.failure?.message).toContain(await lab.labelOf('fe2'));
    await expectFrontendsBack();
    await lab.addRelease({ version: to });
    await retryRun(control(), { runId: run.id, actor: admin });
    expect((await lab.work(run.id)).failure).toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringMatching(/is another archive in the catalogue now/),
      hint: expect.stringMatching(/^Undo this run, then ask for the same again/),
    });
    await expectFrontendsBack();
    const again = await ask();
    expect(await lab.work(again.id)).toMatchObject({ state: 'SUCCEEDED', failure: null });
    const after = await lab.endState();
    expect(after).toEqual({
      ...before,
      versions: Object.fromEntries(Object.keys(before.versions).map((name) => [name, to])),
    });
    const finalized = await lab.managed.ask('finalizeUpgrade', { clusterId: lab.clusterId });
    expect(await lab.work(finalized.id)).toMatchObject({ state: 'SUCCEEDED' });
    for (const { name } of lab.world.describe().hosts) expect(await lab.leftovers(name), name).toEqual([]);
    const { db } = lab.engine.ctx;
    const good = await readRun(db, again.id);
    expect(allowedActions(good, upgradeCluster, await listSteps(db, again.id), consent)).toEqual([]);
    await expect(undoRun(control(), { runId: again.id, actor: admin })).rejects.toMatchObject({
      code: 'NOT_UNDOABLE',
      message: expect.stringContaining('The old binaries were removed when the upgrade was finalized'),
    });
    expect(await readRun(db, again.id)).toEqual(good);
    expect(good).toMatchObject({ state: 'SUCCEEDED', failure: null });
  }, 300_000);
});
