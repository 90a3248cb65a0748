import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { templateOf } from '../../src/domain/backup/template.ts';
import { fireSchedule } from '../../src/runs/schedules/fire.ts';
import * as manage from '../../src/runs/schedules/manage.ts';
import { ensurePerson } from '../../src/store/access/bootstrap-access.ts';
import { createPolicy } from '../../src/store/backups/policies.ts';
import { inTransaction } from '../../src/store/database.ts';
import { setPolicySchedules } from '../../src/store/schedules/policy-schedules.ts';
import { listDueSchedules } from '../../src/store/schedules/schedules.ts';
import { type Api, as, startApi } from '../helpers/api.ts';
import { makeToy, toyOperations } from '../helpers/toy-operations.ts';

/* Schedules as people make, see, change, approve and delete them, on a clock that the tests set. */

let api: Api;
let operator: string;
let other: string;
let approver: string;
let viewer: string;
let dev: string;
let prod: string;
let now: Date;
let number = 0;

beforeAll(async () => {
  api = await startApi({ operations: toyOperations(makeToy()), scheduleTime: async () => now });
  operator = await api.login('otto', as.operator);
  other = await api.login('olga', as.operator);
  approver = await api.login('lee', as.approver);
  viewer = await api.login('vic', as.viewer);
});
beforeEach(async () => {
  number += 1;
  dev = await api.engine.addCluster(`dev-${number}`);
  prod = await api.engine.addCluster(`prod-${number}`, 'prod');
  now = new Date('2027-01-05T01:00:00Z');
  await api.engine.ctx.db.deleteFrom('schedule').execute();
});
afterAll(() => api?.close());

const fields = `id name operation input cron timeZone jitterSeconds whenMissed isDryRun policyId policyPart state stateReason
  stateByName contentHash approvalsRequired approval { by { name } } nextAt nextTimes(count: 3) owner { name }
  whyNotNow { code message } allowedActions firings(first: 5) { slotAt outcome askedByName note run { number state }
  reason { code message } plan { summary notes steps } }`;
const schedule = z.looseObject({ id: z.string(), contentHash: z.string(), allowedActions: z.array(z.string()) });
const payload = z.object({
  schedule: schedule.nullable(),
  userErrors: z.array(z.looseObject({ code: z.string(), message: z.string(), path: z.array(z.string()).nullable() })),
});

async function mutate(token: string, call: string, variables: Record<string, unknown> = {}, types = '') {
  const answer = await api.ask(
    token,
    `mutation ${types} { it: ${call} { schedule { ${fields} } userErrors { code message path hint } } }`,
    variables,
  );
  if (answer.errors !== undefined)
    return { schedule: null, userErrors: [], stopped: answer.errors[0]?.extensions?.code ?? answer.text };
  return { ...payload.parse(answer.data?.it), stopped: null };
}

const create = (token: string, input: Record<string, unknown> = {}) =>
  mutate(
    token,
    'createSchedule(input: $input)',
    {
      input: {
        name: 'nightly',
        operation: 'setValues',
        operationInput: { clusterId: dev, keys: ['a'] },
        cron: '30 2 * * *',
        timeZone: 'Europe/Berlin',
        ...input,
      },
    },
    '($input: CreateScheduleInput!)',
  );
const update = (token: string, input: Record<string, unknown>) =>
  mutate(token, 'updateSchedule(input: $input)', { input }, '($input: UpdateScheduleInput!)');

async function made(token: string, input: Record<string, unknown> = {}) {
  const { schedule: found, ...rest } = await create(token, input);
  if (found === null) throw new Error(JSON.stringify(rest));
  return found;
}

async function read(token: string, id: string) {
  const answer = await api.ask(token, `query ($id: ID!) { schedule(id: $id) { ${fields} } }`, { id });
  expect(answer.errors, answer.text).toBeUndefined();
  return schedule.nullable().parse(answer.data?.schedule);
}

async function fireAt(at: string) {
  now = new Date(at);
  const { engine, db } = api.engine.ctx;
  for (const id of await listDueSchedules(db, { at: now, limit: 10 })) await fireSchedule(engine, id);
}

const auditOf = async (action: string) =>
  (
    await api.engine.ctx.db
      .selectFrom('audit_event')
      .select(['outcome', 'actor_name', 'subject'])
      .where('action', '=', action)
      .orderBy('id', 'desc')
      .limit(1)
      .execute()
  )[0];

describe('making a schedule', () => {
  it('shows the next times, in their zone, before and after it is saved', async () => {
    const preview = await api.ask(
      viewer,
      '{ scheduleTimes(cron: "30 2 * * *", timeZone: "Europe/Berlin", count: 2) { times userErrors { message } } }',
    );
    expect(preview.data?.scheduleTimes).toEqual({
      times: ['2027-01-05T01:30:00.000Z', '2027-01-06T01:30:00.000Z'],
      userErrors: [],
    });
    expect(await made(operator)).toMatchObject({
      operation: 'setValues',
      input: { clusterId: dev, keys: ['a'] },
      owner: { name: 'otto' },
      state: 'ACTIVE',
      whenMissed: 'RUN_ONCE',
      nextAt: '2027-01-05T01:30:00.000Z',
      nextTimes: ['2027-01-05T01:30:00.000Z', '2027-01-06T01:30:00.000Z', '2027-01-07T01:30:00.000Z'],
      approvalsRequired: 0,
      whyNotNow: null,
      allowedActions: ['UPDATE', 'PAUSE', 'RUN_NOW', 'DELETE'],
    });
    expect(await auditOf('createSchedule')).toEqual({
      outcome: 'DONE',
      actor_name: 'otto',
      subject: `dev-${number}/nightly`,
    });
  });

  it('says in a preview what is wrong with both', async () => {
    const preview = await api.ask(
      viewer,
      '{ scheduleTimes(cron: "0 0 30 2 *", timeZone: "Mars") { times userErrors { message path } } }',
    );
    expect(preview.data?.scheduleTimes).toMatchObject({
      times: [],
      userErrors: [
        { message: 'cron names a day that no year has', path: ['cron'] },
        { message: expect.stringContaining('timeZone must be an IANA time zone'), path: ['timeZone'] },
      ],
    });
  });

  it('names every mistake with its path', async () => {
    const { userErrors } = await create(operator, {
      name: 'no spaces',
      operationInput: { clusterId: dev, keys: 'a', more: 1 },
      cron: '* * * * *',
      jitterSeconds: -1,
    });
    expect(userErrors.map(({ path }) => path?.join('.'))).toEqual(
      expect.arrayContaining(['input.name', 'input.cron', 'input.jitterSeconds', 'input.operationInput.keys']),
    );
  });

  it.each([
    ['an operation that nobody knows', { operation: 'nothing' }, 'NOT_FOUND', 'input.operation'],
    [
      'a cluster that nobody knows',
      { operationInput: { clusterId: 'clu_01J00000000000000000000000' } },
      'NOT_FOUND',
      'input.operationInput.clusterId',
    ],
    [
      'a destructive operation without the name of its cluster',
      { operation: 'destroyValues' },
      'CONFIRMATION_MISMATCH',
      'input.confirm',
    ],
  ])('refuses %s', async (_what, input, code, path) => {
    const { userErrors } = await create(operator, input);
    expect(userErrors).toMatchObject([{ code, path: path.split('.') }]);
  });

  it('refuses what two people would have to look at, and a name that is taken', async () => {
    const { userErrors } = await create(operator, {
      operation: 'destroyValues',
      operationInput: { clusterId: prod, keys: ['a'] },
      confirm: `prod-${number}`,
    });
    expect(userErrors).toMatchObject([
      { code: 'PRECONDITION_FAILED', message: expect.stringContaining('needs 2 people') },
    ]);
    await made(operator);
    expect((await create(operator)).userErrors).toMatchObject([{ code: 'ALREADY_EXISTS', path: ['input', 'name'] }]);
    await made(operator, { operationInput: { clusterId: prod, keys: ['a'] } });
  });

  it('is for those who may do by hand what it does', async () => {
    expect(await create(viewer)).toMatchObject({ stopped: 'FORBIDDEN' });
    expect(await create(operator, { operation: 'manage' })).toMatchObject({ stopped: 'FORBIDDEN' });
    expect(await auditOf('createSchedule')).toMatchObject({ outcome: 'FORBIDDEN', actor_name: 'otto' });
  });
});

it('an operation that takes secrets cannot be scheduled', async () => {
  const real = await startApi();
  const token = await real.login('root', as.admin);
  const answer = await real.ask(
    token,
    `mutation { createSchedule(input: { name: "n", operation: "updateCluster", operationInput: {}, cron: "0 2 * * *", timeZone: "UTC" }) { userErrors { code message } } }`,
  );
  await real.close();
  expect(answer.data?.createSchedule).toMatchObject({
    userErrors: [{ code: 'PRECONDITION_FAILED', message: expect.stringContaining('takes secrets') }],
  });
});

describe('approval', () => {
  const onProd = () => ({ operation: 'setCarefully', operationInput: { clusterId: prod, keys: ['a'] } });
  const approve = (token: string, id: string, contentHash: string) =>
    mutate(
      token,
      'approveSchedule(id: $id, contentHash: $contentHash)',
      { id, contentHash },
      '($id: ID!, $contentHash: String!)',
    );

  it('is given once by another person, for exactly what was shown, and begins the runs', async () => {
    const { id, contentHash } = await made(operator, onProd());
    expect(await read(operator, id)).toMatchObject({
      approvalsRequired: 1,
      approval: null,
      whyNotNow: { code: 'NOT_APPROVED' },
    });
    expect(await approve(operator, id, contentHash)).toMatchObject({ stopped: 'FORBIDDEN' });
    expect((await approve(approver, id, 'x'.repeat(64))).userErrors).toMatchObject([{ code: 'PLAN_STALE' }]);
    expect((await approve(approver, id, contentHash)).schedule).toMatchObject({
      approval: { by: { name: 'lee' } },
      whyNotNow: null,
    });
    expect(await auditOf('approveSchedule')).toMatchObject({ outcome: 'DONE', actor_name: 'lee' });
    await fireAt('2027-01-05T01:30:00Z');
    expect(await read(viewer, id)).toMatchObject({ firings: [{ outcome: 'STARTED', run: { state: 'QUEUED' } }] });
  });

  it('is asked for anew after any change, of which the one who made it is the owner', async () => {
    const { id, contentHash } = await made(operator, onProd());
    await approve(approver, id, contentHash);
    const changed = await update(other, { id, jitterSeconds: 30 });
    expect(changed.schedule).toMatchObject({
      owner: { name: 'olga' },
      approval: null,
      jitterSeconds: 30,
      cron: '30 2 * * *',
    });
    expect(changed.schedule?.contentHash).not.toBe(contentHash);
    await fireAt('2027-01-05T01:31:00Z');
    expect(await read(viewer, id)).toMatchObject({
      firings: [{ outcome: 'SKIPPED', reason: { code: 'NOT_APPROVED' } }],
    });
  });

  it('is not to be had for what needs none', async () => {
    const { id, contentHash } = await made(operator);
    expect((await approve(approver, id, contentHash)).userErrors).toMatchObject([{ code: 'PRECONDITION_FAILED' }]);
  });
});

describe('a schedule', () => {
  const pause = (token: string, id: string, reason = 'we move house') =>
    mutate(token, 'pauseSchedule(id: $id, reason: $reason)', { id, reason }, '($id: ID!, $reason: String!)');
  const one = (token: string, mutation: string, id: string) =>
    mutate(token, `${mutation}(id: $id)`, { id }, '($id: ID!)');

  it('is paused with a reason, fires nothing, and goes on with its next time', async () => {
    const { id } = await made(operator);
    expect((await pause(operator, id, ' ')).userErrors).toMatchObject([{ code: 'INVALID_INPUT' }]);
    expect((await pause(operator, id)).schedule).toMatchObject({
      ...{ state: 'PAUSED', stateReason: 'we move house', stateByName: 'otto', nextAt: null },
      allowedActions: ['UPDATE', 'RESUME', 'RUN_NOW', 'DELETE'],
    });
    expect((await pause(operator, id)).userErrors).toMatchObject([{ code: 'PRECONDITION_FAILED' }]);
    await fireAt('2027-01-09T12:00:00Z');
    expect((await one(operator, 'resumeSchedule', id)).schedule).toMatchObject({
      ...{ state: 'ACTIVE', stateReason: null, nextAt: '2027-01-10T01:30:00.000Z', firings: [] },
    });
  });

  it('runs now as a command of the one who asks, with an approval of its own', async () => {
    const { id } = await made(operator, {
      operation: 'setCarefully',
      operationInput: { clusterId: prod, keys: ['a'] },
    });
    const ask = () =>
      api.ask(
        other,
        'mutation ($id: ID!) { runScheduleNow(id: $id) { run { requestedBy { name } requestedVia state } firing { askedByName outcome } userErrors { code message } } }',
        { id },
      );
    expect((await ask()).data?.runScheduleNow).toEqual({
      run: { requestedBy: { name: 'olga' }, requestedVia: 'API', state: 'AWAITING_APPROVAL' },
      firing: { askedByName: 'olga', outcome: 'STARTED' },
      userErrors: [],
    });
    expect((await ask()).data?.runScheduleNow).toMatchObject({
      run: null,
      userErrors: [{ code: 'PRECONDITION_FAILED', message: expect.stringContaining('goes on (AWAITING_APPROVAL)') }],
    });
    expect(await read(operator, id)).toMatchObject({ nextAt: '2027-01-05T01:30:00.000Z' });
  });

  it('is deleted by those who manage schedules only, and is not there for those who may not see its cluster', async () => {
    const { id } = await made(operator);
    const stranger = await api.login(`stranger-${number}`, {
      role: 'ADMIN',
      scope: { kind: 'environment', environment: 'elsewhere' },
    });
    expect(await read(stranger, id)).toBeNull();
    expect((await one(stranger, 'deleteSchedule', id)).userErrors).toMatchObject([{ code: 'NOT_FOUND' }]);
    expect(await one(viewer, 'deleteSchedule', id)).toMatchObject({ stopped: 'FORBIDDEN' });
    expect((await one(operator, 'deleteSchedule', id)).schedule).toMatchObject({ id });
    expect(await read(operator, id)).toBeNull();
  });

  it('is listed by name, cluster, operation and state, and found by its id', async () => {
    const { id } = await made(operator);
    await made(operator, { name: 'weekly', cron: '0 3 * * 0' });
    await made(operator, { operationInput: { clusterId: prod, keys: ['a'] } });
    await pause(operator, id);
    const list = async (filter: Record<string, unknown>) => {
      const answer = await api.ask(
        viewer,
        'query ($filter: ScheduleFilter) { schedules(filter: $filter) { totalCount nodes { name cluster { name } } } }',
        { filter },
      );
      return answer.data?.schedules;
    };
    expect(await list({ clusterId: dev })).toMatchObject({
      totalCount: 2,
      nodes: [{ name: 'nightly' }, { name: 'weekly' }],
    });
    expect(await list({ state: 'PAUSED' })).toMatchObject({
      totalCount: 1,
      nodes: [{ cluster: { name: `dev-${number}` } }],
    });
    expect(await list({ operation: 'setCarefully' })).toMatchObject({ totalCount: 0 });
    const found = await api.ask(viewer, 'query ($id: ID!) { node(id: $id) { __typename id } }', { id });
    expect(found.data?.node).toEqual({ __typename: 'Schedule', id });
  });
});

describe('a schedule of a policy', () => {
  const part = (change: object = {}) => ({
    ...{ part: 'retention', operation: 'destroyValues', input: { clusterId: dev, keys: ['a'] } },
    ...{
      cron: '0 4 * * *',
      timeZone: 'UTC',
      jitterSeconds: 0,
      whenMissed: 'SKIP' as const,
      isDryRun: true,
      approval: null,
    },
    ...change,
  });
  async function policy(parts: readonly ReturnType<typeof part>[]) {
    const owner = await api.engine.ctx.db
      .selectFrom('person')
      .selectAll()
      .where('name', '=', 'otto')
      .executeTakeFirstOrThrow();
    const of = { id: 'bpl_1', name: 'standard', clusterId: dev, owner: { id: owner.id, name: owner.name } };
    await inTransaction(api.engine.ctx.db, (tx) => setPolicySchedules(tx, { ...of, parts, now }));
    const answer = await api.ask(viewer, `{ schedules(filter: { policyId: "bpl_1" }) { nodes { ${fields} } } }`);
    expect(answer.errors, answer.text).toBeUndefined();
    return z.object({ nodes: z.array(schedule) }).parse(answer.data?.schedules).nodes;
  }

  it('only makes plans until the policy is armed, and then begins runs without asking again', async () => {
    const [first] = await policy([part()]);
    expect(first).toMatchObject({
      name: 'standard-retention',
      policyId: 'bpl_1',
      policyPart: 'retention',
      isDryRun: true,
    });
    await fireAt('2027-01-05T04:00:00Z');
    const [dry] = await policy([part()]);
    expect(dry).toMatchObject({
      id: first?.id,
      nextAt: '2027-01-06T04:00:00.000Z',
      firings: [
        { outcome: 'DRY_RUN', run: null, plan: { summary: 'destroyValues while calm', steps: ['Set a to gone'] } },
      ],
    });
    const lee = await api.engine.ctx.db
      .selectFrom('person')
      .selectAll()
      .where('name', '=', 'lee')
      .executeTakeFirstOrThrow();
    const [armed] = await policy([part({ isDryRun: false, approval: { byId: lee.id, byName: lee.name, at: now } })]);
    expect(armed).toMatchObject({
      id: first?.id,
      nextAt: '2027-01-06T04:00:00.000Z',
      approvalsRequired: 1,
      whyNotNow: null,
    });
    await fireAt('2027-01-06T04:00:00Z');
    expect(await read(viewer, first?.id ?? '')).toMatchObject({
      firings: [{ outcome: 'STARTED', run: { state: 'QUEUED' } }, { outcome: 'DRY_RUN' }],
    });
  });

  it('can be paused and run now by hand, and changed and deleted through its policy only', async () => {
    const [first] = await policy([part()]);
    const id = first?.id ?? '';
    expect((await read(operator, id))?.allowedActions).toEqual(['PAUSE', 'RUN_NOW']);
    const { userErrors } = await update(operator, { id, cron: '0 5 * * *' });
    expect(userErrors).toMatchObject([
      { code: 'PRECONDITION_FAILED', message: 'standard-retention belongs to policy bpl_1' },
    ]);
    expect((await mutate(operator, 'deleteSchedule(id: $id)', { id }, '($id: ID!)')).userErrors).toMatchObject([
      { code: 'PRECONDITION_FAILED' },
    ]);
    const ran = await api.ask(
      operator,
      'mutation ($id: ID!) { runScheduleNow(id: $id) { run { id } firing { outcome askedByName plan { steps } } userErrors { message } } }',
      { id },
    );
    expect(ran.data?.runScheduleNow).toMatchObject({ run: null, firing: { outcome: 'DRY_RUN', askedByName: 'otto' } });
  });

  it('keeps its pause and its time when the policy is saved again, gets new times with a new expression, and goes with its part', async () => {
    const [first] = await policy([part(), part({ part: 'daily', cron: '0 1 * * *' })]);
    const id = first?.id ?? '';
    await mutate(operator, 'pauseSchedule(id: $id, reason: "hold on")', { id }, '($id: ID!)');
    const later = await policy([part({ cron: '0 5 * * *' }), part({ part: 'daily', cron: '0 2 * * *' })]);
    expect(later).toMatchObject([
      { policyPart: 'daily', state: 'PAUSED', cron: '0 2 * * *', nextAt: null },
      { policyPart: 'retention', nextAt: '2027-01-05T05:00:00.000Z' },
    ]);
    expect(await policy([part()])).toHaveLength(1);
    expect(await policy([])).toEqual([]);
  });
});

describe('while no login is needed', () => {
  const anonymous = { id: 'per_anonymous', name: 'anonymous', via: 'API', bindings: [as.admin] } as const;
  const engine = () => api.engine.ctx.engine;
  const refused = { code: 'PRECONDITION_FAILED', message: expect.stringContaining('nobody is logged in') };
  const times = { cron: '30 2 * * *', timeZone: 'UTC', jitterSeconds: 0, whenMissed: 'SKIP', confirm: null } as const;

  it('nobody makes, changes or approves a schedule as whom no rights would be found later', async () => {
    const content = { name: 'n', operation: 'setValues', operationInput: { clusterId: dev, keys: ['a'] }, ...times };
    const request = { actor: anonymous };
    await expect(manage.createSchedule(engine(), content, request)).rejects.toMatchObject(refused);
    const { id, contentHash } = await made(operator, { name: 'of-somebody' });
    await expect(manage.updateSchedule(engine(), { id, name: 'm' }, request)).rejects.toMatchObject(refused);
    const approve = manage.approveSchedule(engine(), { id, contentHash }, request);
    await expect(approve).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    expect(await read(operator, id)).toMatchObject({ name: 'of-somebody' });
    await manage.pauseSchedule(engine(), { id, reason: 'no login' }, request);
  });

  it('nobody makes a backup policy', async () => {
    const wanted = { clusterId: dev, name: 'p', content: templateOf({ repository: 'vault', databases: ['sales'] }) };
    const policy = createPolicy(api.engine.ctx.db, wanted, { actor: anonymous, requestId: null });
    await expect(policy).rejects.toMatchObject(refused);
  });

  it('a schedule that was made so says what has to be done', async () => {
    const { id } = await made(operator, { name: 'left-over' });
    const { db } = api.engine.ctx;
    const { id: owner_id } = await ensurePerson(db, 'anonymous');
    await db.updateTable('schedule').set({ owner_id, owner_name: 'anonymous' }).where('id', '=', id).execute();
    await fireAt('2027-01-05T01:30:00Z');
    expect(await read(operator, id)).toMatchObject({
      firings: [
        {
          outcome: 'SKIPPED',
          reason: {
            code: 'OWNER_NOT_ENTITLED',
            message: expect.stringContaining('a person with a role has to change it'),
          },
        },
      ],
    });
  });
});
