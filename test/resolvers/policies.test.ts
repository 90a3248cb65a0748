import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { newId } from '../../src/ids.ts';
import { listSchedulesOfPolicy } from '../../src/store/schedules/schedules.ts';
import { createSteppedOperations } from '../bot/operations.ts';
import { type Api, as, startApi } from '../helpers/api.ts';

let api: Api;
let admin: string;
let other: string;
let operator: string;
let viewer: string;
let devOnly: string;
let dev: string;
let prod: string;

beforeAll(async () => {
  api = await startApi({
    operations: createSteppedOperations().operations,
    env: { STARWARDEN_APPROVAL_ENVIRONMENTS: 'prod' },
  });
  dev = await api.engine.addCluster('dev-one', 'dev');
  prod = await api.engine.addCluster('prod-one', 'prod');
  admin = await api.login('ana', as.admin);
  other = await api.login('ben', as.admin);
  operator = await api.login('kim', as.operator);
  viewer = await api.login('vic', as.viewer);
  devOnly = await api.login('deb', { role: 'ADMIN', scope: { kind: 'environment', environment: 'dev' } });
});
afterAll(() => api?.close());

const errors = 'userErrors { code message path hint }';
const fields = 'id name databases repository isArmed armedBy { name } owner { name } contentHash revision';

/** Sends one mutation and answers its payload. */
async function ask(
  token: string,
  name: string,
  args: string,
  variables: Record<string, unknown>,
  what = `policy { ${fields} }`,
) {
  const types: Record<string, string> = {
    createBackupPolicy: '$input: CreateBackupPolicyInput!',
    updateBackupPolicy: '$input: UpdateBackupPolicyInput!',
    armBackupPolicy: '$input: ArmBackupPolicyInput!',
    pinBackup: '$input: PinBackupInput!',
  };
  const query = `mutation (${types[name] ?? '$id: ID!'}) { ${name}(${args}) { ${what} ${errors} } }`;
  const answer = await api.ask(token, query, variables);
  if (answer.errors !== undefined) return { errors: answer.errors.map(({ extensions }) => extensions?.code) };
  return JSON.parse(JSON.stringify(answer.data?.[name]));
}

const create = (token: string, input: Record<string, unknown>) =>
  ask(token, 'createBackupPolicy', 'input: $input', {
    input: { clusterId: dev, repository: 'vault', databases: ['sales'], ...input },
  });
const update = (token: string, input: Record<string, unknown>) =>
  ask(token, 'updateBackupPolicy', 'input: $input', { input });
const arm = (token: string, input: Record<string, unknown>) =>
  ask(token, 'armBackupPolicy', 'input: $input', { input });
const byId = (token: string, name: string, id: string) => ask(token, name, 'id: $id', { id });

async function schedules(policyId: string) {
  const found = await listSchedulesOfPolicy(api.engine.ctx.db, policyId);
  return Object.fromEntries(
    found.map(({ policy, operation, isDryRun, approval, owner }) => [
      policy?.part,
      `${operation}${isDryRun ? ', dry' : ''}${approval === null ? '' : `, agreed by ${approval.byName}`} for ${owner.name}`,
    ]),
  );
}

async function audits(action: string) {
  const rows = await api.engine.ctx.db.selectFrom('audit_event').selectAll().where('action', '=', action).execute();
  return rows.map(({ actor_name, outcome }) => `${actor_name} ${outcome}`);
}

describe('a backup policy', () => {
  it('is made of the shipped template, with a schedule for each tier and one that only shows what it would delete', async () => {
    const { policy } = await create(operator, { name: 'usual' });
    expect(policy).toMatchObject({ name: 'usual', isArmed: false, armedBy: null, owner: { name: 'kim' } });
    expect(await schedules(policy.id)).toEqual({
      weekly: 'runBackupPolicy for kim',
      daily: 'runBackupPolicy for kim',
      'six-hourly': 'runBackupPolicy for kim',
      retention: 'pruneBackups, dry for kim',
    });
    const shown = await api.ask(
      viewer,
      `{ node(id: "${policy.id}") { ... on BackupPolicy { name promiseHours tiers { name kind nextTimes(first: 2) keep { rule hours } } nextRetentionTimes(first: 3) notes } } }`,
    );
    expect(shown.data?.node).toMatchObject({
      tiers: [
        {
          name: 'weekly',
          kind: 'FULL',
          keep: [{ rule: 'AGE', hours: 672 }],
          nextTimes: [expect.any(String), expect.any(String)],
        },
        { name: 'daily', kind: 'INCREMENTAL', keep: [{ rule: 'AGE', hours: 168 }] },
        { name: 'six-hourly', kind: 'INCREMENTAL', keep: [{ rule: 'AGE', hours: 24 }] },
      ],
      notes: ['The databases of the cluster could not be read, so their names were not compared.'],
    });
    expect(await audits('createBackupPolicy')).toEqual(['kim DONE']);
  });

  it('has a name of its own on its cluster', async () => {
    expect((await create(admin, { name: 'usual' })).userErrors).toMatchObject([
      { code: 'ALREADY_EXISTS', path: ['input', 'name'] },
    ]);
    expect((await create(admin, { name: 'usual', clusterId: prod })).userErrors).toEqual([]);
  });

  const tier = (rest: Record<string, unknown> = {}) => ({
    ...{ name: 'weekly', kind: 'FULL', cron: '0 1 * * 0', keep: [{ rule: 'COUNT', count: 4 }] },
    ...rest,
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['no databases', { databases: [] }, 'databases'],
    ['a system database', { databases: ['information_schema'] }, 'databases.0'],
    ['a database named twice', { databases: ['a', 'a'] }, 'databases.1'],
    ['a bad repository', { repository: '../up' }, 'repository'],
    ['a time zone that is none', { timeZone: 'Mars/Olympus' }, 'timeZone'],
    ['a bad cron', { tiers: [tier({ cron: '* *' })] }, 'tiers.0.cron'],
    ['two tiers of one name', { tiers: [tier(), tier()] }, 'tiers.1.name'],
    ['no full tier', { tiers: [tier({ kind: 'INCREMENTAL' })] }, 'tiers'],
    ['a tier that keeps nothing', { tiers: [tier({ keep: [] })] }, 'tiers.0.keep'],
    ['a rule without its number', { tiers: [tier({ keep: [{ rule: 'AGE' }] })] }, 'tiers.0.keep.0'],
    [
      'a rule with the number of another',
      { tiers: [tier({ keep: [{ rule: 'COUNT', count: 1, hours: 2 }] })] },
      'tiers.0.keep.0',
    ],
    ['periods of nothing', { tiers: [tier({ keep: [{ rule: 'GFS' }] })] }, 'tiers.0.keep.0'],
    ['the name of what deletes', { tiers: [tier({ name: 'retention' })] }, 'tiers.0.name'],
    ['no floor', { keepUsableFulls: 0 }, 'keepUsableFulls'],
    ['a bad name', { name: 'a b' }, 'name'],
  ])('is refused with %s, at its place', async (_what, rest, path) => {
    const { userErrors, policy } = await create(admin, { name: 'bad', ...rest });
    expect(policy).toBeNull();
    expect(userErrors).toMatchObject([
      { code: 'INVALID_INPUT', path: ['input', ...path.split('.')], hint: expect.any(String) },
    ]);
  });

  it('is made, changed, armed and seen only by those who may', async () => {
    expect(await create(viewer, { name: 'mine' })).toEqual({ errors: ['FORBIDDEN'] });
    expect(await audits('createBackupPolicy')).toContain('vic FORBIDDEN');
    expect((await create(devOnly, { name: 'mine', clusterId: prod })).userErrors).toMatchObject([
      { code: 'NOT_FOUND' },
    ]);
    const { policy } = await create(operator, { name: 'guarded', clusterId: prod });
    const agreed = { policyId: policy.id, contentHash: policy.contentHash, confirm: 'guarded' };
    expect(await arm(operator, agreed)).toEqual({ errors: ['FORBIDDEN'] });
    for (const name of ['removeBackupPolicy', 'disarmBackupPolicy'])
      expect((await byId(devOnly, name, policy.id)).userErrors).toMatchObject([{ code: 'NOT_FOUND' }]);
    expect((await arm(devOnly, agreed)).userErrors).toMatchObject([{ code: 'NOT_FOUND' }]);
    const query = `{ backupPolicies { nodes { name } totalCount } retentionPlan(policyId: "${policy.id}") { deleteCount } node(id: "${policy.id}") { id } }`;
    const seen = await api.ask(devOnly, query);
    expect(seen.data).toMatchObject({
      backupPolicies: { nodes: [{ name: 'usual' }], totalCount: 1 },
      retentionPlan: null,
      node: null,
    });
  });
});

describe('arming', () => {
  it('agrees to exactly what was looked at, by its name, and lets the schedule delete', async () => {
    const { policy } = await create(operator, { name: 'armed-one' });
    const { id: policyId, contentHash } = policy;
    expect((await arm(admin, { policyId, contentHash, confirm: 'wrong' })).userErrors).toMatchObject([
      { code: 'CONFIRMATION_MISMATCH' },
    ]);
    expect((await arm(admin, { policyId, contentHash: 'other', confirm: 'armed-one' })).userErrors).toMatchObject([
      { code: 'PLAN_STALE' },
    ]);
    const armed = await arm(admin, { policyId, contentHash, confirm: 'armed-one' });
    expect(armed.policy).toMatchObject({ isArmed: true, armedBy: { name: 'ana' } });
    expect((await schedules(policyId)).retention).toBe('pruneBackups, agreed by ana for kim');
  });

  it('ends with any change of what the policy says, whose owner is then who changed it', async () => {
    const { policy } = await create(admin, { name: 'changed-one' });
    await arm(admin, { policyId: policy.id, contentHash: policy.contentHash, confirm: 'changed-one' });
    const same = await update(other, { id: policy.id, keepUsableFulls: 2 });
    expect(same.policy).toMatchObject({ isArmed: true, owner: { name: 'ana' } });
    const changed = await update(other, { id: policy.id, keepUsableFulls: 3 });
    expect(changed.policy).toMatchObject({ isArmed: false, owner: { name: 'ben' } });
    expect((await schedules(policy.id)).retention).toBe('pruneBackups, dry for ben');
    expect((await update(other, { id: policy.id, revision: 0, keepUsableFulls: 4 })).userErrors).toMatchObject([
      { code: 'PRECONDITION_FAILED', path: ['input', 'revision'] },
    ]);
  });

  it('takes another person than the owner where the environment asks for approvals', async () => {
    const { policy } = await create(admin, { name: 'two-people', clusterId: prod });
    const agreed = { policyId: policy.id, contentHash: policy.contentHash, confirm: 'two-people' };
    expect(await arm(admin, agreed)).toEqual({ errors: ['FORBIDDEN'] });
    expect((await arm(other, agreed)).policy).toMatchObject({ isArmed: true, armedBy: { name: 'ben' } });
    expect((await byId(operator, 'disarmBackupPolicy', policy.id)).policy).toMatchObject({ isArmed: false });
  });

  it('shows for an unarmed policy on a cluster that does not answer that nothing would be deleted, and why', async () => {
    const { policy } = await create(admin, { name: 'lonely' });
    const { data } = await api.ask(
      viewer,
      `{ retentionPlan(policyId: "${policy.id}") { deleteCount keepCount contentHash blockers } cluster(id: "${dev}") { backupPolicies { name } recoveryPoints { database isKept notCovered } } }`,
    );
    expect(data?.retentionPlan).toMatchObject({
      deleteCount: 0,
      contentHash: policy.contentHash,
      blockers: [
        expect.stringMatching(/^lonely is not armed/),
        expect.stringMatching(/^The cluster could not be looked at/),
      ],
    });
    expect(data?.cluster).toMatchObject({
      recoveryPoints: [
        { database: 'sales', isKept: false, notCovered: ['The databases of the cluster could not be read.'] },
      ],
    });
  });
});

it('removing a policy takes its schedules and leaves its name free', async () => {
  const { policy } = await create(admin, { name: 'gone' });
  expect((await byId(admin, 'removeBackupPolicy', policy.id)).policy).toMatchObject({ name: 'gone' });
  expect(await schedules(policy.id)).toEqual({});
  expect((await byId(admin, 'removeBackupPolicy', policy.id)).userErrors).toMatchObject([{ code: 'NOT_FOUND' }]);
  expect((await create(admin, { name: 'gone' })).userErrors).toEqual([]);
});

describe('a pin', () => {
  const pin = (token: string, input: Record<string, unknown>) =>
    ask(token, 'pinBackup', 'input: $input', { input }, 'backup { id pin { reason byName until } }');
  const unpin = (token: string, id: string) =>
    ask(token, 'unpinBackup', 'id: $id', { id }, 'backup { pin { reason } }');

  async function addBackup(environment: string, state = 'AVAILABLE'): Promise<string> {
    const { db } = api.engine.ctx;
    const clusterId = environment === 'dev' ? dev : prod;
    const asked = await api.ask(
      admin,
      `mutation { touchCluster(input: { clusterId: "${clusterId}" }) { run { id } } }`,
    );
    const { run } = z.object({ run: z.object({ id: z.string() }) }).parse(asked.data?.touchCluster);
    const [id, runId, now] = [newId('bak'), run.id, new Date()];
    await db
      .insertInto('backup')
      .values({
        ...{ id, cluster_id: clusterId, run_id: runId, database_name: 'sales', repository: 'vault', snapshot: 's1' },
        ...{ backup_timestamp: 'x', started_at: now, verified_at: now, state },
      })
      .execute();
    return id;
  }

  it('keeps a backup with a reason until a time, is replaced, and is taken off', async () => {
    const backupId = await addBackup('dev');
    const until = new Date(Date.now() + 3_600_000).toISOString();
    expect((await pin(operator, { backupId, reason: 'audit', until })).backup).toMatchObject({
      pin: { reason: 'audit', byName: 'kim', until },
    });
    expect((await pin(admin, { backupId, reason: 'year end' })).backup.pin).toEqual({
      reason: 'year end',
      byName: 'ana',
      until: null,
    });
    expect((await unpin(operator, backupId)).backup.pin).toBeNull();
    expect((await unpin(operator, backupId)).userErrors).toEqual([]);
    expect(await audits('pinBackup')).toEqual(['kim DONE', 'ana DONE']);
    expect(await audits('unpinBackup')).toEqual(['kim DONE']);
  });

  it('is refused in the past, without a reason, on what is deleted, and to those who may not', async () => {
    const backupId = await addBackup('prod');
    const past = new Date(Date.now() - 1_000).toISOString();
    expect((await pin(admin, { backupId, reason: 'x', until: past })).userErrors).toMatchObject([
      { code: 'INVALID_INPUT' },
    ]);
    expect((await pin(admin, { backupId, reason: ' ' })).userErrors).toMatchObject([{ code: 'INVALID_INPUT' }]);
    expect((await pin(admin, { backupId: await addBackup('dev', 'DELETING'), reason: 'x' })).userErrors).toMatchObject([
      { code: 'PRECONDITION_FAILED' },
    ]);
    expect(await pin(viewer, { backupId, reason: 'x' })).toEqual({ errors: ['FORBIDDEN'] });
    expect((await pin(devOnly, { backupId, reason: 'x' })).userErrors).toMatchObject([{ code: 'NOT_FOUND' }]);
    expect(await audits('pinBackup')).toContain('vic FORBIDDEN');
  });
});
