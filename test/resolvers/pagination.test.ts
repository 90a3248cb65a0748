import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { newId } from '../../src/ids.ts';
import { createSteppedOperations } from '../bot/operations.ts';
import { type Api, as, startApi } from '../helpers/api.ts';

const page = z.object({
  nodes: z.array(z.record(z.string(), z.json())),
  edges: z.array(z.object({ cursor: z.string() })),
  pageInfo: z.object({
    hasNextPage: z.boolean(),
    hasPreviousPage: z.boolean(),
    startCursor: z.string().nullable(),
    endCursor: z.string().nullable(),
  }),
  totalCount: z.int(),
});

const lists = {
  clusters: 'name',
  runs: 'id',
  backups: 'id',
  audit: 'id',
  persons: 'name',
} as const;

let api: Api;
let admin: string;
beforeAll(async () => {
  api = await startApi({ operations: createSteppedOperations().operations });
  admin = await api.login('root', as.admin);
  for (let count = 0; count < 7; count += 1) {
    await api.login(`person-${count}`, as.viewer);
    const clusterId = await api.engine.addCluster(`cluster-${count}`);
    const asked = await api.ask(
      admin,
      `mutation { touchCluster(input: { clusterId: "${clusterId}" }) { run { id } } }`,
    );
    const runId = z.object({ run: z.object({ id: z.string() }) }).parse(asked.data?.touchCluster).run.id;
    await api.engine.ctx.db
      .insertInto('backup')
      .values({
        id: newId('bak'),
        cluster_id: clusterId,
        run_id: runId,
        database_name: 'd',
        repository: 'r',
        snapshot: 's',
        state: 'AVAILABLE',
        backup_timestamp: null,
        started_at: new Date(1_700_000_000_000),
        verified_at: null,
      })
      .execute();
  }
});
afterAll(() => api.close());

async function read(list: keyof typeof lists, args: string) {
  const { data, errors } = await api.ask(
    admin,
    `{ ${list}${args} { nodes { ${lists[list]} } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount } }`,
  );
  expect(errors).toBeUndefined();
  return page.parse(data?.[list]);
}

it.each(Object.keys(lists).filter((list): list is keyof typeof lists => list in lists))(
  '%s: pages of 3 show everything once, in one order',
  async (list) => {
    const whole = await read(list, '(first: 100)');
    expect(whole.nodes.length).toBeGreaterThanOrEqual(7);
    const seen: unknown[] = [];
    let after: string | null = null;
    do {
      const part: z.infer<typeof page> = await read(
        list,
        after === null ? '(first: 3)' : `(first: 3, after: "${after}")`,
      );
      expect(part.edges.at(-1)?.cursor ?? null).toBe(part.pageInfo.endCursor);
      seen.push(...part.nodes);
      after = part.pageInfo.hasNextPage ? part.pageInfo.endCursor : null;
    } while (after !== null);
    expect(seen).toEqual(whole.nodes);
    expect(whole.totalCount).toBe(whole.nodes.length);
  },
);

it.each(Object.keys(lists).filter((list): list is keyof typeof lists => list in lists))(
  '%s: pages of the last 3 show everything once too, in the same order, and say how many there are',
  async (list) => {
    const whole = await read(list, '(first: 100)');
    const seen: unknown[] = [];
    let before: string | null = null;
    do {
      const part: z.infer<typeof page> = await read(
        list,
        before === null ? '(last: 3)' : `(last: 3, before: "${before}")`,
      );
      expect(part.pageInfo.hasNextPage).toBe(before !== null);
      expect(part.totalCount).toBe(whole.nodes.length);
      seen.unshift(...part.nodes);
      before = part.pageInfo.hasPreviousPage ? part.pageInfo.startCursor : null;
    } while (before !== null);
    expect(seen).toEqual(whole.nodes);
    const [first, , , , fifth] = whole.edges;
    const between = await read(list, `(first: 100, after: "${first?.cursor}", before: "${fifth?.cursor}")`);
    expect(between.nodes).toEqual(whole.nodes.slice(1, 4));
  },
);

it('runs and audit events can be asked for by time and by who asked', async () => {
  const { data } = await api.ask(
    admin,
    `{ viewer { id } all: runs { totalCount nodes { requestedBy { id } } }
       past: runs(filter: { until: "2020-01-01T00:00:00Z" }) { totalCount }
       now: runs(filter: { since: "2020-01-01T00:00:00Z", states: [QUEUED] }) { totalCount }
       nobody: runs(filter: { requestedById: "per_nobody" }) { totalCount }
       older: audit(filter: { until: "2020-01-01T00:00:00Z" }) { totalCount } }`,
  );
  expect(data).toMatchObject({
    all: { totalCount: 7 },
    past: { totalCount: 0 },
    now: { totalCount: 7 },
    nobody: { totalCount: 0 },
    older: { totalCount: 0 },
  });
});

it('the events of a run have pages from both ends', async () => {
  const log = async (args: string) => {
    const { data, errors } = await api.ask(
      admin,
      `{ runs(first: 1) { nodes { eventLog${args} { nodes { sequence } totalCount pageInfo { startCursor } } } } }`,
    );
    expect(errors).toBeUndefined();
    return z
      .object({
        nodes: z.tuple([
          z.object({
            eventLog: z.object({
              nodes: z.array(z.object({ sequence: z.int() })),
              totalCount: z.int(),
              pageInfo: z.object({ startCursor: z.string().nullable() }),
            }),
          }),
        ]),
      })
      .parse(data?.runs).nodes[0].eventLog;
  };
  const whole = await log('(first: 500)');
  const last = await log('(last: 1)');
  expect(last.nodes).toEqual(whole.nodes.slice(-1));
  expect(last.totalCount).toBe(whole.nodes.length);
  expect((await log(`(last: 5, before: "${last.pageInfo.startCursor}")`)).nodes).toEqual(whole.nodes.slice(0, -1));
});

it('a person and an audit event are found by their ids, by who may see them', async () => {
  const { data } = await api.ask(
    admin,
    '{ persons(first: 1) { nodes { id name } } audit(first: 1) { nodes { id action } } }',
  );
  const ids = z
    .object({
      persons: z.object({ nodes: z.tuple([z.object({ id: z.string(), name: z.string() })]) }),
      audit: z.object({ nodes: z.tuple([z.object({ id: z.string(), action: z.string() })]) }),
    })
    .parse(data);
  const [person] = ids.persons.nodes;
  const [event] = ids.audit.nodes;
  const ask = (token: string) =>
    api.ask(
      token,
      `{ person: node(id: "${person.id}") { ... on Person { name } } event: node(id: "${event.id}") { id ... on AuditEvent { action } } }`,
    );
  expect((await ask(admin)).data).toEqual({ person: { name: person.name }, event });
  const outsider = await api.login('outsider', as.viewer);
  expect((await ask(outsider)).data).toEqual({ person: null, event: null });
});

it('says what it costs and what is left', async () => {
  const { data, extensions } = await api.ask(admin, '{ rateLimit { cost costLimit limit remaining } }');
  expect(data).toMatchObject({ rateLimit: { limit: null, remaining: null } });
  const cost = z.object({ cost: z.object({ cost: z.int(), limit: z.int() }) }).parse(extensions).cost;
  expect(data?.rateLimit).toMatchObject({ cost: cost.cost, costLimit: cost.limit });
});

it('pages of the last ones cost what they hold', async () => {
  const cost = async (args: string) =>
    z
      .object({ cost: z.object({ cost: z.int() }) })
      .parse((await api.ask(admin, `{ clusters${args} { nodes { id } } }`)).extensions).cost.cost;
  expect(await cost('(last: 100)')).toBe(await cost('(first: 100)'));
});

it('a page that begins behind the last item is empty and ends the list', async () => {
  const { pageInfo } = await read('clusters', '(first: 100)');
  expect(await read('clusters', `(after: "${pageInfo.endCursor}")`)).toEqual({
    nodes: [],
    edges: [],
    pageInfo: { hasNextPage: false, hasPreviousPage: true, startCursor: null, endCursor: null },
    totalCount: 7,
  });
});

it.each([
  ['first: 0', '(first: 0)'],
  ['first: 101', '(first: 101)'],
  ['last: 0', '(last: 0)'],
  ['last: 101', '(last: 101)'],
  ['a cursor before that is none', '(last: 3, before: "x")'],
  ['a cursor that is none', '(after: "x")'],
  ['a cursor of another list', '(after: "CLUSTERS")'],
])('%s is refused as BAD_USER_INPUT', async (_what, args) => {
  const other = (await read('clusters', '(first: 1)')).pageInfo.endCursor ?? '';
  const { errors } = await api.ask(admin, `{ runs${args.replace('CLUSTERS', other)} { nodes { id } } }`);
  expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
});
