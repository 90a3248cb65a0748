import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { listNodes } from '../../src/store/clusters/inventory.ts';
import { saveTopology } from '../../src/store/clusters/topology.ts';
import { fleetOperations } from '../bot/fleet.ts';
import { type Api, as, startApi } from '../helpers/api.ts';
import { type Fleet, makeFleet } from '../helpers/lane-operations.ts';

const backend = 'be 10.0.0.2:9050';
const fleet: Fleet = makeFleet([]);
let api: Api;
let token: string;
let clusterId: string;

beforeAll(async () => {
  api = await startApi({ operations: fleetOperations(fleet) });
  token = await api.login('root', as.admin);
  clusterId = await api.engine.addCluster('fleet');
  const node = {
    kind: 'BACKEND' as const,
    host: '10.0.0.2',
    port: 9050,
    httpPort: null,
    queryPort: null,
    role: null,
    alive: true,
    decommissioning: false,
    version: '3.4.6',
    startedAt: null,
    tabletCount: null,
    maxDiskUsedPercent: null,
    location: null,
    errorMessage: null,
  };
  await saveTopology(api.engine.ctx.db, clusterId, { nodes: [node], runMode: 'shared_nothing' });
  api.engine.work();
});
beforeEach(() => {
  Object.assign(fleet, makeFleet(['a', backend, 'c']));
});
afterAll(() => api.close());

const asked = z.object({ renew: z.object({ run: z.object({ id: z.string() }) }) });
const query = `query ($id: ID!) { run(id: $id) {
  state finishedAt canGoOnWithout failure { code log }
  stages { name phase state width completed total lanes { name state completed total currentStep { title lane { name } } failure { message log } } }
  steps(first: 2) { nodes { title lane { stage name width } } }
} }`;

async function renew(): Promise<string> {
  const { data } = await api.ask(
    token,
    `mutation { renew(input: { clusterId: "${clusterId}", width: 1 }) { run { id } } }`,
  );
  return asked.parse(data).renew.run.id;
}

async function failAtBackend(): Promise<string> {
  fleet.broken.add(backend);
  const id = await renew();
  expect((await api.engine.until(id)).state).toBe('FAILED');
  return id;
}

const retry = (id: string, withoutNode: string) =>
  api.ask(
    token,
    'mutation ($id: ID!, $node: String) { retryRun(id: $id, withoutNode: $node, comment: "disk") { run { id } userErrors { code message path } } }',
    { id, node: withoutNode },
  );

describe('progress by stage', () => {
  it('is in the plan of a dry run already', async () => {
    const { data } = await api.ask(
      token,
      `mutation { renew(input: { clusterId: "${clusterId}" }, options: { dryRun: true }) { plan { steps { title lane { stage name width } } } } }`,
    );
    expect(data?.renew).toMatchObject({
      plan: {
        steps: expect.arrayContaining([
          { title: 'Set balancing off', lane: null },
          { title: 'Look at a', lane: { stage: 'machines', name: 'a', width: 2 } },
        ]),
      },
    });
  });

  it('says by lane what was done, what failed with its last log lines, and what was taken back', async () => {
    const id = await failAtBackend();
    const { data, errors } = await api.ask(token, query, { id });
    expect(errors).toBeUndefined();
    const lane = { completed: 0, total: 5, currentStep: null, failure: null };
    expect(data?.run).toMatchObject({
      state: 'FAILED',
      canGoOnWithout: [backend],
      failure: { code: 'HEALTH_GATE_TIMEOUT', log: [`log of ${backend}`, 'cannot start'] },
      stages: [
        { name: 'Set balancing off', phase: 'DO', state: 'DONE', lanes: [], completed: 1, total: 1 },
        {
          name: 'machines',
          phase: 'DO',
          state: 'TAKEN_BACK',
          width: 1,
          completed: 9,
          total: 15,
          lanes: [
            { ...lane, name: 'a', state: 'DONE', completed: 5 },
            {
              ...lane,
              name: backend,
              state: 'TAKEN_BACK',
              completed: 4,
              failure: { message: expect.stringContaining('is not well'), log: [`log of ${backend}`, 'cannot start'] },
            },
            { ...lane, name: 'c', state: 'PENDING', currentStep: { title: 'Look at c', lane: { name: 'c' } } },
          ],
        },
        { name: 'machines', phase: 'RECOVER', state: 'DONE', lanes: [{ name: backend, state: 'DONE', total: 3 }] },
        { name: 'Set balancing back to on', phase: 'RESTORE', state: 'DONE' },
      ],
      steps: { nodes: [{ lane: null }, { lane: { stage: 'machines', name: 'a', width: 1 } }] },
    });
  });
});

it('a run that is retried has not ended', async () => {
  const id = await failAtBackend();
  expect((await api.ask(token, query, { id })).data?.run).toMatchObject({ finishedAt: expect.any(String) });
  fleet.downMs = 2_000;
  fleet.broken.clear();
  await api.ask(token, 'mutation ($id: ID!) { retryRun(id: $id) { run { id } } }', { id });
  await api.engine.until(id, ['RUNNING']);
  expect((await api.ask(token, query, { id })).data?.run).toMatchObject({ state: 'RUNNING', finishedAt: null });
  await api.engine.until(id);
});

describe('a retry without a node', () => {
  it.each(['its label', 'its id'])('goes on without it, named by %s', async (how) => {
    const id = await failAtBackend();
    const [node] = await listNodes(api.engine.ctx.db, clusterId);
    const { data } = await retry(id, how === 'its id' ? (node?.id ?? '') : backend);
    expect(data?.retryRun).toEqual({ run: { id }, userErrors: [] });
    expect((await api.engine.until(id)).state).toBe('SUCCEEDED');
    const after = await api.ask(token, query, { id });
    expect(after.data?.run).toMatchObject({
      canGoOnWithout: [],
      stages: expect.arrayContaining([
        expect.objectContaining({
          name: 'machines',
          state: 'DONE',
          lanes: [
            expect.objectContaining({ name: 'a', state: 'DONE' }),
            expect.objectContaining({ name: backend, state: 'SKIPPED' }),
            expect.objectContaining({ name: 'c', state: 'DONE' }),
          ],
        }),
      ]),
    });
  });

  it('is refused for one that is needed, did not fail, or is not there', async () => {
    fleet.broken.add('a');
    const id = await renew();
    expect((await api.engine.until(id)).state).toBe('FAILED');
    expect((await api.ask(token, query, { id })).data?.run).toMatchObject({ canGoOnWithout: [] });
    const codeAndWords = async (word: string) => (await retry(id, word)).data?.retryRun;
    expect(await codeAndWords('a')).toMatchObject({
      run: null,
      userErrors: [{ code: 'PRECONDITION_FAILED', message: expect.stringContaining('a is needed') }],
    });
    expect(await codeAndWords('c')).toMatchObject({
      userErrors: [{ message: expect.stringContaining('did not fail at c') }],
    });
    expect(await codeAndWords('nod_01J00000000000000000000000')).toMatchObject({
      userErrors: [{ code: 'NOT_FOUND', path: ['withoutNode'] }],
    });
  });
});
