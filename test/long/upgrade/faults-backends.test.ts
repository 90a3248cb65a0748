import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startQueryLoop } from '../../../sandbox/world/query-loop.ts';
import { undoRun } from '../../../src/runs/control.ts';
import { listSteps } from '../../../src/store/runs/runs.ts';
import { admin } from '../../helpers/engine.ts';
import type { EndState } from '../../helpers/upgrade-end-state.ts';
import { patientLease, startUpgradeLab, type UpgradeLab } from '../../helpers/upgrades.ts';

const to = '3.4.6';
let lab: UpgradeLab;
let before: EndState;

beforeAll(async () => {
  lab = await startUpgradeLab({ env: patientLease, version: '3.4.5' });
}, 120_000);
beforeEach(async () => {
  before = await lab.endState();
});
afterAll(() => lab?.close(), 120_000);

/** Upgrades with what is in the catalogue, to its bitter end. */
async function upgrade(more: Record<string, unknown> = {}, meanwhile = async (_runId: string) => {}) {
  const run = await lab.managed.ask('upgradeCluster', lab.input(to, more));
  const [ended] = await Promise.all([lab.work(run.id), meanwhile(run.id)]);
  return { run: ended, label: await lab.labelOf('be1') };
}

const asBefore = () => expect.poll(() => lab.endState()).toEqual(before);

/** The other nodes were not so much as looked at. */
async function expectOnlyCanary(runId: string, label: string): Promise<void> {
  const begun = (await listSteps(lab.engine.ctx.db, runId)).filter(
    (step) => step.phase === 'do' && step.kind === 'guardNode' && step.state !== 'pending',
  );
  expect(begun.map((step) => step.lane?.name)).toEqual([label]);
}

/** The way out of every failure: what was unpacked goes too. */
async function undo(runId: string): Promise<void> {
  await undoRun(lab.engine.ctx.engine, { runId, actor: admin });
  expect(await lab.work(runId)).toMatchObject({ state: 'UNDONE', failure: null });
  await asBefore();
  for (const { name } of lab.world.describe().hosts) expect(await lab.leftovers(name), name).toEqual([]);
}

describe('a backend that fails with its new binaries', () => {
  it('is put back when it comes up with the version from before, whatever the archive is called', async () => {
    await lab.addRelease({ version: to, variant: 'mislabelled', wrongParts: ['be'] });
    const { run, label } = await upgrade();
    expect(run).toMatchObject({ state: 'FAILED', failure: { code: 'POSTCHECK_FAILED' } });
    expect(run.failure?.message).toBe(`${label} came back with 3.4.5-35b71e0, not with ${to}`);
    await asBefore();
    await expectOnlyCanary(run.id, label);
    await undo(run.id);
  }, 180_000);

  it('is put back when its process lives and no heartbeat is answered', async () => {
    await lab.addRelease({ version: to, variant: 'never-alive', wrongParts: ['be'] });
    const { run, label } = await upgrade({ gateTimeoutSeconds: 600 }, (runId) =>
      lab.age(runId, { kind: 'awaitVersion', seconds: 601 }),
    );
    expect(run).toMatchObject({ state: 'FAILED', failure: { code: 'HEALTH_GATE_TIMEOUT' } });
    expect(run.failure?.message).toContain(`${label} is not alive yet`);
    await asBefore();
    await expectOnlyCanary(run.id, label);
    await undo(run.id);
  }, 180_000);

  it('is put back when it serves badly, but not before another backend is back that happens to be away', async () => {
    await lab.addRelease({ version: to, variant: 'flaky-queries' });
    const loop = await startQueryLoop(lab.world, { everyMs: 50 });
    const { run, label } = await upgrade({ soakSeconds: 3 }, async (runId) => {
      await lab.reached(runId, { kind: 'awaitTablets', state: 'done' });
      const [canary] = [lab.world.pidOf('be1'), await lab.world.kill('be3')];
      const other = await lab.labelOf('be3');
      await lab.reached(runId, { kind: 'noteProcess', progress: `${other} is down` });
      expect(lab.world.pidOf('be1')).toBe(canary);
      await lab.world.start('be3');
    });
    const { rowsFound, confirmedRows, centsFound, confirmedCents } = await loop.stop();
    expect(run).toMatchObject({ state: 'FAILED', failure: { code: 'POSTCHECK_FAILED' } });
    expect(run.failure?.message).toMatch(`Queries are worse off since ${label} is back: `);
    expect(run.failure?.log?.join(' ')).toContain('be.INFO');
    expect({ rowsFound, centsFound }).toEqual({ rowsFound: confirmedRows, centsFound: confirmedCents });
    await asBefore();
    await expectOnlyCanary(run.id, label);
    await undo(run.id);
  }, 240_000);
});
