import { expect, it } from 'vitest';
import { awaitVersion } from '../../../src/operations/node/steps/await-back.ts';
import { holdForPerson } from '../../../src/operations/node/steps/hold.ts';
import { compareQueries, measureBaseline, soak } from '../../../src/operations/node/steps/queries.ts';
import type { AnyStepKind, EarlierStep, Ports } from '../../../src/steps/define.ts';
import { sampleOf } from '../../helpers/step-samples.ts';
import { paperCluster, portsOf } from '../../monitor/paper-cluster.ts';

const at = new Date('2026-01-01T01:00:00Z');
const counted = (count: { queries: number; errors: number }) =>
  paperCluster().frontends.map(({ host }) => ({
    ...{ host, httpPort: 8030, analysisErrors: 0, p95Ms: 20 },
    ...count,
  }));
/** When the node was back, an hour of queries lay behind it, none of which had failed. */
const back: EarlierStep = {
  kind: awaitVersion.kind,
  facts: {
    startedAt: '2026-01-01 00:50:00',
    version: '3.5.0-48f4d81',
    sample: { atMs: at.getTime() - 600_000, frontends: counted({ queries: 1_000_000, errors: 0 }) },
  },
};
const normal: EarlierStep = {
  kind: measureBaseline.kind,
  facts: { baseline: { queries: 1_000, errors: 0, p95Ms: 20 } },
};

/** What a step says that comes after these, when each frontend has answered so many queries more, and so many in vain. */
function check(kind: AnyStepKind, earlier: readonly EarlierStep[], since = { queries: 0, errors: 0 }) {
  const { sql, http } = portsOf(paperCluster());
  const sample = (name: string, value: number) => ({ name, labels: {}, value });
  const metrics = async () => [
    sample('starrocks_fe_query_total', 1_000_000 + since.queries),
    sample('starrocks_fe_query_err', since.errors),
  ];
  const ports: Partial<Ports> = {
    sql: { query: (statement, call) => sql.query({ ...statement, effect: 'read' }, call) },
    http: {
      ...http,
      ...{ metrics, frontendHa: () => Promise.reject(new Error('no')), scrape: () => Promise.reject(new Error('no')) },
    },
  };
  return kind.check(sampleOf(kind.kind).params, ports as Ports, {
    ...{ runId: 'run_1', clusterId: 'clu_1', signal: AbortSignal.timeout(5_000), now: () => at, log: () => {} },
    ...{ startedAt: new Date(at.getTime() - 60_000), attempts: 0, applied: false, waitingLanes: 0 },
    earlier: async (kinds) => earlier.findLast((step) => kinds.includes(step.kind)) ?? null,
  });
}

it.each([
  ['compared', compareQueries],
  ['watched', soak],
])('queries that are %s are those since the node was back, and not those of the hour before', async (_what, kind) => {
  expect(await check(kind, [normal, back], { queries: 100, errors: 50 })).toMatchObject({
    state: 'blocked',
    code: 'POSTCHECK_FAILED',
    message: expect.stringMatching(/^Queries are worse off since be 10\.0\.0\.11:9050 is back: 50 % of 300 queries/),
  });
  expect(await check(kind, [normal, back], { queries: 100, errors: 0 })).toEqual({
    state: 'done',
    facts: { window: { queries: 300, errors: 0, p95Ms: null } },
  });
});

it('a person who is asked to look reads that a node runs a version only if the cluster has said so', async () => {
  const message = 'be 10.0.0.11:9050 runs 3.5.0. Look at it';
  expect(await check(holdForPerson, [back])).toEqual({ state: 'hold', message });
  expect(await check(holdForPerson, [])).toEqual({ state: 'hold', message: `Not seen on the cluster: ${message}` });
});

it('facts of another shape are none', () => {
  expect(awaitVersion.readFacts({ version: '3.5.0' })).toBeNull();
  expect(awaitVersion.observed({ version: '3.5.0' })).toBeNull();
  expect(awaitVersion.observed(back.facts)).toBe('3.5.0-48f4d81');
});
