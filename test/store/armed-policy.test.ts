import { afterAll, beforeAll, expect, it } from 'vitest';
import { policyHash } from '../../src/domain/backup/policy-rules.ts';
import { templateOf } from '../../src/domain/backup/template.ts';
import { armPolicy, createPolicy } from '../../src/store/backups/policies.ts';
import { inTransaction } from '../../src/store/database.ts';
import { listSchedulesOfPolicy } from '../../src/store/schedules/schedules.ts';
import { admin, approver, type Engine, person, startEngine } from '../helpers/engine.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine?.close());

it('agrees to its schedule of deletion when a policy is armed, for exactly what that does', async () => {
  const { db } = engine.ctx;
  const clusterId = await engine.addCluster('armed');
  const content = templateOf({ repository: 'vault', databases: ['*'] });
  const policy = await createPolicy(db, { clusterId, name: 'armed', content }, { actor: admin, requestId: null });
  const contentHash = policyHash(policy.content);
  const another = person(approver.name, 'ADMIN');
  await armPolicy(
    db,
    { policyId: policy.id, contentHash, confirm: 'armed', approvalEnvironments: ['dev'] },
    { actor: another, requestId: null },
  );
  const schedules = await inTransaction(db, (tx) => listSchedulesOfPolicy(tx, policy.id));
  const retention = schedules.find((schedule) => schedule.policy?.part === 'retention');
  expect(retention).toMatchObject({ isDryRun: false, approval: { byId: another.id } });
  expect(retention?.approval?.contentHash).toBe(retention?.contentHash);
});
