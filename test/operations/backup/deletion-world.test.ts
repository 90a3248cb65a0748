import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Backup } from '../../../src/domain/backup/backup.ts';
import { policyHash } from '../../../src/domain/backup/policy-rules.ts';
import { approveRun } from '../../../src/runs/control.ts';
import { submit } from '../../../src/runs/submit.ts';
import { armPolicy, disarmPolicy } from '../../../src/store/backups/policies.ts';
import { admin, approver } from '../../helpers/engine.ts';
import { type FaultLab, startFaultLab } from './fault-lab.ts';

/* Deletion on a cluster of 4.2, the first that deletes a snapshot itself. */

let lab: FaultLab;
beforeAll(async () => {
  lab = await startFaultLab({ version: '4.2.0' });
  await lab.world.createRepository('attic', 's3://backups/attic');
  const run = await lab.ask('takeOverRepository', { clusterId: lab.clusterId, name: 'attic' });
  expect(await lab.ended(run.id)).toMatchObject({ state: 'SUCCEEDED' });
  // The policy keeps two, whatever is asked for.
  for (const tier of ['weekly', 'weekly'] as const) await lab.fire(tier);
});
afterEach(() => lab.world.cluster.setFaults([]));
afterAll(() => lab?.close());

const find = (backup: Backup) => lab.engine.ctx.connections.catalogue.find(backup.id);
const drops = () =>
  lab.world.cluster
    .statements()
    .filter(({ text }) => text.startsWith('DROP SNAPSHOT'))
    .map(({ text }) => text);
const allKeys = async () => (await lab.world.objects('')).map(({ key }) => key).toSorted();

/** In a repository whose objects Starwarden does not reach. */
async function backUpToAttic(): Promise<Backup> {
  const run = await lab.ask('backUpDatabase', { clusterId: lab.clusterId, database: 'shop', repository: 'attic' });
  await lab.ended(run.id);
  return lab.backupOf(run);
}

async function remove({ id }: Backup) {
  return lab.ended((await lab.ask('deleteBackup', { clusterId: lab.clusterId, backupId: id })).id);
}

it('lets StarRocks drop a snapshot, and sees itself that no object is left', async () => {
  const before = await allKeys();
  const backup = await lab.fire('weekly');
  expect(await remove(backup)).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
  expect(drops().map((text) => text.replace(/\s+/g, ' '))).toEqual([
    `DROP SNAPSHOT \`${backup.snapshot}\` ON \`vault\``,
  ]);
  expect(await allKeys()).toEqual(before);
  expect(await find(backup)).toMatchObject({ state: 'DELETED', deletedAt: expect.any(Date) });
});

it('removes the objects itself when StarRocks refuses to', async () => {
  const before = await allKeys();
  const backup = await lab.fire('weekly');
  lab.world.cluster.setFaults([{ id: 'no', kind: 'sql-error', match: '^DROP SNAPSHOT', message: 'not today' }]);
  expect(await remove(backup)).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
  expect(await allKeys()).toEqual(before);
  expect(await find(backup)).toMatchObject({ state: 'DELETED' });
});

it('leaves a repository that only StarRocks reaches to it', async () => {
  const before = await allKeys();
  const backup = await backUpToAttic();
  expect(backup).toMatchObject({ state: 'AVAILABLE', objectCount: null });
  expect(await remove(backup)).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
  expect(await allKeys()).toEqual(before);
  expect(await find(backup)).toMatchObject({ state: 'DELETED' });
});

it('drops once when the answer is lost, and says that it is deleted', async () => {
  const before = await allKeys();
  const backup = await backUpToAttic();
  lab.world.cluster.setFaults([{ id: 'lost', kind: 'sql-drop-after', match: '^DROP SNAPSHOT', times: 1 }]);
  const run = await remove(backup);
  expect(run.failure).toBeNull();
  expect(run).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
  expect(await allKeys()).toEqual(before);
  expect(await find(backup)).toMatchObject({ state: 'DELETED' });
});

it('does not say that it is deleted when StarRocks refuses and nobody else can', async () => {
  const backup = await backUpToAttic();
  const before = await allKeys();
  lab.world.cluster.setFaults([{ id: 'never', kind: 'sql-error', match: '^DROP SNAPSHOT', message: 'not today' }]);
  expect(await remove(backup)).toMatchObject({
    state: 'FAILED',
    failure: { message: expect.stringMatching(/not today/) },
  });
  expect(await allKeys()).toEqual(before);
  expect(await find(backup)).toMatchObject({ state: 'DELETING', deletedAt: null });
  lab.world.cluster.setFaults([]);
  expect(await remove(backup)).toMatchObject({ state: 'SUCCEEDED' });
  expect(await find(backup)).toMatchObject({ state: 'DELETED' });
});

it('shows what a policy would delete before it is armed, and starts nothing; also not when it is disarmed meanwhile', async () => {
  const { engine, clusterId, policyId } = lab;
  const before = await allKeys();
  const ask = (options: { dryRun?: boolean; confirm?: string }) =>
    submit(engine.ctx.engine, { operation: 'pruneBackups', input: { clusterId, policyId }, actor: admin, options });
  const shown = await ask({ dryRun: true });
  expect(shown).toMatchObject({
    run: null,
    userErrors: [],
    plan: { notes: expect.arrayContaining([expect.stringMatching(/not armed/)]) },
  });
  expect(await ask({ confirm: 'faults' })).toMatchObject({
    run: null,
    userErrors: [{ code: 'PRECONDITION_FAILED', message: expect.stringMatching(/^standard is not armed/) }],
  });
  const policy = await engine.ctx.connections.catalogue.findPolicy(policyId);
  const contentHash = policy === null ? '' : policyHash(policy.content);
  const arming = { policyId, contentHash, confirm: 'standard', approvalEnvironments: [] };
  await armPolicy(engine.ctx.db, arming, { actor: { ...approver, bindings: admin.bindings }, requestId: null });
  lab.world.cluster.setFaults([{ id: 'held', kind: 'upload-delay', ms: 1_500_000 }]);
  const busy = await lab.ask('backUpDatabase', { clusterId, database: 'shop', repository: 'vault' });
  const { run, userErrors } = await ask({ confirm: 'faults' });
  expect(userErrors).toEqual([]);
  await approveRun(engine.ctx.engine, { runId: run?.id ?? '', actor: approver });
  await engine.ctx.db
    .updateTable('run')
    .set({ created_at: sql`created_at - INTERVAL 60 SECOND` })
    .where('id', '=', run?.id ?? '')
    .execute();
  await disarmPolicy(engine.ctx.db, policyId, { actor: admin, requestId: null });
  await lab.ended(busy.id);
  expect(await lab.ended(run?.id ?? '')).toMatchObject({
    state: 'FAILED',
    startedAt: null,
    failure: { code: 'PLAN_STALE', message: expect.stringMatching(/standard is not armed/) },
  });
  expect((await allKeys()).filter((key) => before.includes(key))).toEqual(before);
});
