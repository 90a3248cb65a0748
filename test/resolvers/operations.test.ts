import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createSteppedOperations } from '../bot/operations.ts';
import { type Answer, type Api, as, startApi } from '../helpers/api.ts';

const stepped = createSteppedOperations();
const payload = `{
  run { id number state operation title clusterName input reason requestedBy { name } requestedVia allowedActions revision
    approval { number state required planHash votes { by { name } vote } } retryOf { id }
    steps { nodes { position kind title state phase } } failure { code } }
  plan { operation summary hash notes steps { kind title params } }
  replayed
  userErrors { code message path hint retryable }
}`;
const touch = `mutation ($input: TouchClusterInput!, $options: RunOptions) { touchCluster(input: $input, options: $options) ${payload} }`;
const wipe = `mutation ($input: WipeClusterInput!, $options: RunOptions) { wipeCluster(input: $input, options: $options) ${payload} }`;
const decide = (name: string) =>
  `mutation ($id: ID!, $comment: String) { ${name}(id: $id, comment: $comment) { run { id state allowedActions approval { state votes { by { name } vote comment via } } } userErrors { code message hint } } }`;

const answered = z.object({
  run: z.object({ id: z.string(), state: z.string() }).nullable(),
  plan: z.object({ hash: z.string() }).nullish(),
  userErrors: z.array(z.looseObject({ code: z.string() })),
  replayed: z.boolean().optional(),
});

function payloadOf({ data, errors }: Answer) {
  expect(errors).toBeUndefined();
  return answered.parse(Object.values(data ?? {})[0]);
}

function runIdOf(answer: Answer): string {
  const { run, userErrors } = payloadOf(answer);
  expect(userErrors).toEqual([]);
  if (run === null) throw new Error('no run was started');
  return run.id;
}

let api: Api;
let clusterId: string;
let operator: string;
let approver: string;
beforeAll(async () => {
  api = await startApi({ operations: stepped.operations });
  clusterId = await api.engine.addCluster('target', 'dev');
  operator = await api.login('otto', as.operator);
  approver = await api.login('anna', as.approver);
});
afterAll(() => api.close());

describe('asking for an operation', () => {
  it('answers with the run and its plan before any work is done', async () => {
    const answer = await api.ask(operator, touch, {
      input: { clusterId, steps: ['first', 'second'] },
      options: { reason: 'because' },
    });
    expect(answer.data?.touchCluster).toMatchObject({
      run: {
        state: 'QUEUED',
        operation: 'touchCluster',
        title: 'Touch a cluster',
        clusterName: 'target',
        input: { clusterId, steps: ['first', 'second'] },
        reason: 'because',
        requestedBy: { name: 'otto' },
        requestedVia: 'API',
        allowedActions: ['CANCEL', 'PAUSE'],
        steps: { nodes: [{ position: 0, title: 'do first', state: 'PENDING', phase: 'DO' }, { position: 1 }] },
      },
      plan: { operation: 'touchCluster', summary: 'Touch with 2 steps' },
      userErrors: [],
      replayed: false,
    });
    expect(stepped.applied).toEqual([]);
  });

  it('takes null for an optional field as if it were left out', async () => {
    const answer = await api.ask(operator, touch, { input: { clusterId, steps: null }, options: null });
    expect(answer.data?.touchCluster).toMatchObject({ plan: { summary: 'Touch with 3 steps' }, userErrors: [] });
  });

  it('with dryRun shows the plan and starts nothing', async () => {
    const before = await countRuns();
    const answer = await api.ask(operator, touch, { input: { clusterId }, options: { dryRun: true } });
    expect(answer.data?.touchCluster).toMatchObject({
      run: null,
      userErrors: [],
      plan: { steps: [{ kind: 'wait-for-test', params: { name: 'one' } }, {}, {}] },
    });
    expect(await countRuns()).toBe(before);
  });

  it('starts nothing but the plan that was shown', async () => {
    const dry = payloadOf(await api.ask(operator, touch, { input: { clusterId }, options: { dryRun: true } }));
    const other = await api.ask(operator, touch, {
      input: { clusterId, steps: ['other'] },
      options: { planHash: dry.plan?.hash },
    });
    expect(payloadOf(other)).toMatchObject({
      run: null,
      userErrors: [{ code: 'PLAN_STALE', path: ['options', 'planHash'] }],
    });
    runIdOf(await api.ask(operator, touch, { input: { clusterId }, options: { planHash: dry.plan?.hash } }));
  });

  it('again with the same key answers with the same run, and with another input is refused', async () => {
    const options = { idempotencyKey: 'once-only' };
    const first = runIdOf(await api.ask(operator, touch, { input: { clusterId }, options }));
    const again = payloadOf(await api.ask(operator, touch, { input: { clusterId }, options }));
    expect(again).toMatchObject({ run: { id: first }, replayed: true });
    const other = payloadOf(await api.ask(operator, touch, { input: { clusterId, steps: ['x'] }, options }));
    expect(other.userErrors).toMatchObject([{ code: 'IDEMPOTENCY_KEY_REUSED' }]);
    const somebodyElse = await api.login('same-key', as.operator);
    expect(runIdOf(await api.ask(somebodyElse, touch, { input: { clusterId }, options }))).not.toBe(first);
  });

  it('ten times at once with one key starts one run', async () => {
    const options = { idempotencyKey: 'all-at-once' };
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => api.ask(operator, touch, { input: { clusterId }, options })),
    );
    expect(new Set(answers.map(runIdOf)).size).toBe(1);
  });

  it('that is destructive needs the name of the cluster, typed', async () => {
    for (const confirm of [undefined, 'Target', 'target ']) {
      const answer = payloadOf(await api.ask(operator, wipe, { input: { clusterId }, options: { confirm } }));
      expect(answer.userErrors).toMatchObject([{ code: 'CONFIRMATION_MISMATCH', path: ['options', 'confirm'] }]);
    }
  });

  it.each([
    ['a cluster id that is none', { clusterId: 'prod' }, ['input', 'clusterId'], 'INVALID_INPUT'],
    [
      'a cluster that is not there',
      { clusterId: 'clu_01J00000000000000000000000' },
      ['input', 'clusterId'],
      'NOT_FOUND',
    ],
  ])('refuses %s with a user error', async (_what, input, path, code) => {
    expect(payloadOf(await api.ask(operator, touch, { input }))).toMatchObject({
      run: null,
      userErrors: [{ code, path }],
    });
  });

  it('is refused as FORBIDDEN to who may only look, and that is audited with the request id', async () => {
    const viewer = await api.login('vic', as.viewer);
    const answer = await api.ask(viewer, touch, { input: { clusterId } }, { 'x-request-id': 'req-forbidden' });
    expect(answer.errors).toMatchObject([
      { extensions: { code: 'FORBIDDEN', hint: expect.stringContaining('backup:create') } },
    ]);
    const audit = await api.ask(
      approver,
      '{ audit(filter: { outcome: "FORBIDDEN" }) { nodes { action requestId actor { name } cluster { name } } } }',
    );
    expect(audit.data?.audit).toMatchObject({
      nodes: [
        { action: 'touchCluster', requestId: 'req-forbidden', actor: { name: 'vic' }, cluster: { name: 'target' } },
      ],
    });
  });
});

describe('deciding about a run', () => {
  const askForWipe = async () =>
    runIdOf(await api.ask(operator, wipe, { input: { clusterId }, options: { confirm: 'target' } }));

  it('takes another person than the one who asked, once, with what they may do shown to each', async () => {
    const both = await api.login('both-roles', as.operator, as.approver);
    const id = runIdOf(await api.ask(both, wipe, { input: { clusterId }, options: { confirm: 'target' } }));
    const actions = '($id: ID!) { run(id: $id) { allowedActions } }';
    expect((await api.ask(both, `query ${actions}`, { id })).data?.run).toEqual({ allowedActions: ['CANCEL'] });
    expect((await api.ask(approver, `query ${actions}`, { id })).data?.run).toEqual({
      allowedActions: ['APPROVE', 'REJECT'],
    });

    const own = await api.ask(both, decide('approveRun'), { id });
    expect(own.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    const answer = await api.ask(approver, decide('approveRun'), { id, comment: 'go ahead' });
    expect(answer.data?.approveRun).toMatchObject({
      run: {
        state: 'QUEUED',
        approval: {
          state: 'APPROVED',
          votes: [{ by: { name: 'anna' }, vote: 'APPROVE', comment: 'go ahead', via: 'API' }],
        },
      },
      userErrors: [],
    });
    const again = await api.ask(approver, decide('approveRun'), { id });
    expect(again.data?.approveRun).toMatchObject({ run: null, userErrors: [{ code: 'PRECONDITION_FAILED' }] });
  });

  it('binds an approval to the plan that was seen', async () => {
    const id = await askForWipe();
    const query = 'mutation ($id: ID!) { approveRun(id: $id, planHash: "0000") { run { id } userErrors { code } } }';
    expect((await api.ask(approver, query, { id })).data?.approveRun).toEqual({
      run: null,
      userErrors: [{ code: 'PLAN_STALE' }],
    });
  });

  it('ends with the first no', async () => {
    const id = await askForWipe();
    const answer = await api.ask(approver, decide('rejectRun'), { id, comment: 'not today' });
    expect(answer.data?.rejectRun).toMatchObject({ run: { state: 'REJECTED', allowedActions: [] } });
  });

  it('cancels, and says what else is possible when it is not', async () => {
    const id = runIdOf(await api.ask(operator, touch, { input: { clusterId } }));
    expect((await api.ask(operator, decide('cancelRun'), { id })).data?.cancelRun).toMatchObject({
      run: { state: 'CANCELED' },
    });
    for (const name of ['cancelRun', 'pauseRun', 'resumeRun', 'undoRun']) {
      const answer = await api.ask(operator, decide(name), { id });
      expect(answer.data?.[name]).toMatchObject({
        run: null,
        userErrors: [{ code: 'PRECONDITION_FAILED', hint: expect.stringContaining('retry') }],
      });
    }
  });

  it('refuses a comment that is too long, and a run that is not there', async () => {
    const id = await askForWipe();
    const long = await api.ask(approver, decide('rejectRun'), { id, comment: 'x'.repeat(100_000) });
    expect(long.data?.rejectRun).toMatchObject({ run: null, userErrors: [{ code: 'INVALID_INPUT' }] });
    const none = await api.ask(approver, decide('rejectRun'), { id: 'run_none' });
    expect(none.data?.rejectRun).toMatchObject({ run: null, userErrors: [{ code: 'NOT_FOUND' }] });
  });

  it('carries a run through pause, resume, success and undo, with a worker at work', async () => {
    const worker = api.engine.work();
    try {
      const other = await api.engine.addCluster('through', 'dev');
      const id = runIdOf(await api.ask(operator, touch, { input: { clusterId: other, steps: ['w1', 'w2'] } }));
      await api.engine.until(id, ['RUNNING']);
      expect((await api.ask(operator, decide('pauseRun'), { id })).data?.pauseRun).toMatchObject({ userErrors: [] });
      stepped.open('w1');
      await api.engine.until(id, ['PAUSED']);
      stepped.open('w2');
      expect((await api.ask(operator, decide('resumeRun'), { id })).data?.resumeRun).toMatchObject({
        run: { state: expect.stringMatching(/QUEUED|RUNNING|SUCCEEDED/) },
      });
      await api.engine.until(id, ['SUCCEEDED']);
      const done = await api.ask(
        operator,
        'query ($id: ID!) { run(id: $id) { state finishedAt postCheck { passed checks { name status } } steps { nodes { state } } cluster { lastRun { id } lockedBy { id } } } }',
        { id },
      );
      expect(done.data?.run).toMatchObject({
        state: 'SUCCEEDED',
        finishedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        postCheck: { passed: true, checks: [{ name: 'looked', status: 'PASS' }] },
        steps: { nodes: [{ state: 'DONE' }, { state: 'DONE' }] },
        cluster: { lastRun: { id }, lockedBy: null },
      });
      expect((await api.ask(operator, decide('undoRun'), { id })).data?.undoRun).toMatchObject({ userErrors: [] });
      await api.engine.until(id, ['UNDONE']);
      expect(stepped.applied).not.toContain('w1');
    } finally {
      await worker.stop();
    }
  });
});

async function countRuns(): Promise<number> {
  const row = await api.engine.ctx.db
    .selectFrom('run')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return row.count;
}
