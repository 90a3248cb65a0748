import { afterAll, beforeAll, expect, it } from 'vitest';
import { undoRun } from '../../../src/runs/control.ts';
import { listSteps } from '../../../src/store/runs/runs.ts';
import { admin } from '../../helpers/engine.ts';
import { patientLease, startUpgradeLab, type UpgradeLab } from '../../helpers/upgrades.ts';

/** The one fault of an upgrade that is tried with every change; the others are in `test/long/upgrade`. */
const to = '3.4.6';
let lab: UpgradeLab;

beforeAll(async () => {
  lab = await startUpgradeLab({ env: patientLease, version: '3.4.5' });
});
afterAll(() => lab?.close());

it('a backend that fails with its new binaries is put back when its process ends at once, and the log lines say why', async () => {
  await lab.addRelease({ version: to, variant: 'never-starts', wrongParts: ['be'] });
  const before = await lab.endState();
  const label = await lab.labelOf('be1');
  const { id } = await lab.managed.ask('upgradeCluster', lab.input(to));
  const run = await lab.work(id);
  expect(run.state).toBe('FAILED');
  expect(run.failure?.message).toContain(label);
  expect(run.failure?.log?.join('\n')).toContain('cannot open shared object file');
  await expect.poll(() => lab.endState()).toEqual(before);
  expect(await lab.aftermath(id)).toMatchObject({ changes: ['RESTORED'], locks: [] });
  // The other nodes were not so much as looked at.
  const begun = (await listSteps(lab.engine.ctx.db, id)).filter(
    (step) => step.phase === 'do' && step.kind === 'guardNode' && step.state !== 'pending',
  );
  expect(begun.map((step) => step.lane?.name)).toEqual([label]);
  expect(await lab.leftovers('be1')).toEqual([`staged/${to}`]);
  // The way out of every failure: what was unpacked goes too.
  await undoRun(lab.engine.ctx.engine, { runId: id, actor: admin });
  expect(await lab.work(id)).toMatchObject({ state: 'UNDONE', failure: null });
  await expect.poll(() => lab.endState()).toEqual(before);
  for (const { name } of lab.world.describe().hosts) expect(await lab.leftovers(name), name).toEqual([]);
});
