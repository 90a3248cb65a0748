import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { newId } from '../../src/ids.ts';
import { createSteppedOperations } from '../bot/operations.ts';
import { type Api, as, startApi } from './api.ts';

const page = z.object({
  nodes: z.array(z.record(z.string(), z.json())),
  edges: z.array(z.object({ cursor: z.string() })),
  pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
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
    `{ ${list}${args} { nodes { ${lists[list]} } edges { cursor } pageInfo { hasNextPage endCursor } } }`,
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
  },
);

it('a page that begins behind the last item is empty and ends the list', async () => {
  const { pageInfo } = await read('clusters', '(first: 100)');
  expect(await read('clusters', `(after: "${pageInfo.endCursor}")`)).toEqual({
    nodes: [],
    edges: [],
    pageInfo: { hasNextPage: false, endCursor: null },
  });
});

it.each([
  ['first: 0', '(first: 0)'],
  ['first: 101', '(first: 101)'],
  ['a cursor that is none', '(after: "x")'],
  ['a cursor of another list', '(after: "CLUSTERS")'],
])('%s is refused as BAD_USER_INPUT', async (_what, args) => {
  const other = (await read('clusters', '(first: 1)')).pageInfo.endCursor ?? '';
  const { errors } = await api.ask(admin, `{ runs${args.replace('CLUSTERS', other)} { nodes { id } } }`);
  expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
});
