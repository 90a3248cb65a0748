import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { newId } from '../../src/ids.ts';
import { saveTopology } from '../../src/store/clusters/topology.ts';
import { finalizeUpgrades, recordUpgrade } from '../../src/store/upgrades/upgrades.ts';
import { createSteppedOperations } from '../bot/operations.ts';
import { type Api, as, startApi } from '../helpers/api.ts';
import { addSwapStep } from '../helpers/swap-step.ts';

const shape = z.object({ touchCluster: z.object({ run: z.object({ id: z.string() }) }) });

let api: Api;
let admin: string;
let clusterId: string;
beforeAll(async () => {
  api = await startApi({ operations: createSteppedOperations().operations });
  admin = await api.login('root', as.admin);
  clusterId = await api.engine.addCluster('mixed', 'prod');
});
afterAll(() => api.close());

async function upgrade(toVersion: string): Promise<string> {
  const answer = await api.ask(admin, `mutation { touchCluster(input: { clusterId: "${clusterId}" }) { run { id } } }`);
  const runId = shape.parse(answer.data).touchCluster.run.id;
  const entry = { clusterId, runId, direction: 'UPGRADE', fromVersion: '3.4.10', toVersion } as const;
  await recordUpgrade(api.engine.ctx.db, entry);
  await recordUpgrade(api.engine.ctx.db, entry);
  return runId;
}

function node(kind: 'FRONTEND' | 'BACKEND', host: string, version: string) {
  return {
    kind,
    host,
    port: 9050,
    httpPort: null,
    queryPort: null,
    role: kind === 'FRONTEND' ? 'FOLLOWER' : null,
    alive: true,
    decommissioning: false,
    version,
    startedAt: null,
    tabletCount: null,
    maxDiskUsedPercent: null,
    location: null,
    errorMessage: null,
  };
}

it('a cluster tells which versions it runs, and which upgrades keep their old binaries', async () => {
  const nodes = [node('FRONTEND', '10.0.0.1', '3.4.10-aaaaaaa'), node('BACKEND', '10.0.0.2', '3.5.2-bbbbbbb')];
  await saveTopology(api.engine.ctx.db, clusterId, { nodes, runMode: 'shared_nothing' });
  const { db } = api.engine.ctx;
  await addSwapStep(db, await upgrade('3.5.2'), 'done');
  // One that ended before its first swap, and one that never began: they keep nothing that could be finalized.
  await addSwapStep(db, await upgrade('3.5.9'), 'skipped');
  await upgrade('3.5.8');
  const query = `query ($id: ID!) { cluster(id: $id) { versions {
    state summary byVersion { version frontends backends computeNodes } toFinalize { toVersion direction finalizedAt }
  } } }`;
  const { data } = await api.ask(admin, query, { id: clusterId });
  expect(data?.cluster).toEqual({
    versions: {
      state: 'MIXED',
      summary: '1 backend on 3.5.2, 1 frontend on 3.4.10',
      byVersion: [
        { version: '3.5.2-bbbbbbb', frontends: 0, backends: 1, computeNodes: 0 },
        { version: '3.4.10-aaaaaaa', frontends: 1, backends: 0, computeNodes: 0 },
      ],
      toFinalize: [{ toVersion: '3.5.2', direction: 'UPGRADE', finalizedAt: null }],
    },
  });
  await finalizeUpgrades(api.engine.ctx.db, clusterId);
  const after = await api.ask(admin, query, { id: clusterId });
  expect(after.data?.cluster).toMatchObject({ versions: { toFinalize: [] } });
});

it('its history says how long each node was away, newest upgrade first', async () => {
  const runId = await upgrade('3.5.3');
  const { db } = api.engine.ctx;
  const lane = JSON.stringify({ stage: 'Backends, canary', name: 'be 10.0.0.2:9050', width: 1 });
  const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds));
  const steps = [
    ['stopNode', 'takes-away'],
    ['swapBinaries', 'changes'],
    ['startNode', 'brings-back'],
    ['awaitVersion', 'brings-back'],
  ] as const;
  await db
    .insertInto('run_step')
    .values(
      steps.map(([kind, effect], index) => ({
        run_id: runId,
        position: 100 + index,
        phase: 'do',
        kind,
        title: kind,
        params: '{}',
        about_kind: 'node',
        about_id: 'nod_2',
        about_label: 'be 10.0.0.2:9050',
        effect,
        leaves: null,
        removes: null,
        observed: null,
        hold: null,
        state: 'done',
        undo_of: null,
        ledger_id: null,
        lane,
        progress: null,
        failure: null,
        facts: null,
        started_at: at(index),
        applied_at: at(index),
        finished_at: at(index + 10),
      })),
    )
    .execute();
  const { data } = await api.ask(
    admin,
    `query ($id: ID!) { cluster(id: $id) { upgrades(first: 1) {
      nodes { id cluster { name } fromVersion toVersion state startedAt finishedAt run { id } nodes { node stage state stoppedAt backAt awayMs } }
      pageInfo { hasNextPage endCursor }
    } } }`,
    { id: clusterId },
  );
  expect(data?.cluster).toMatchObject({
    upgrades: {
      nodes: [
        {
          cluster: { name: 'mixed' },
          fromVersion: '3.4.10',
          toVersion: '3.5.3',
          state: 'QUEUED',
          finishedAt: null,
          run: { id: runId },
          nodes: [
            {
              node: 'be 10.0.0.2:9050',
              stage: 'Backends, canary',
              state: 'DONE',
              stoppedAt: at(0).toISOString(),
              backAt: at(13).toISOString(),
              awayMs: 13_000,
            },
          ],
        },
      ],
      pageInfo: { hasNextPage: true },
    },
  });
  const page = z.object({ upgrades: z.object({ pageInfo: z.object({ endCursor: z.string() }) }) });
  const after = page.parse(data?.cluster).upgrades.pageInfo.endCursor;
  const rest = await api.ask(
    admin,
    'query ($id: ID!, $after: String) { cluster(id: $id) { upgrades(after: $after) { nodes { toVersion } } } }',
    { id: clusterId, after },
  );
  expect(rest.data?.cluster).toEqual({
    upgrades: { nodes: [{ toVersion: '3.5.8' }, { toVersion: '3.5.9' }, { toVersion: '3.5.2' }] },
  });
});

it('an upgrade is found by its id by those who may see its cluster, and by nobody else', async () => {
  const row = await api.engine.ctx.db.selectFrom('upgrade').select('id').executeTakeFirstOrThrow();
  const query = 'query ($id: ID!) { node(id: $id) { __typename id } }';
  expect((await api.ask(admin, query, { id: row.id })).data?.node).toEqual({ __typename: 'Upgrade', id: row.id });
  const stranger = await api.login('dev', { role: 'VIEWER', scope: { kind: 'environment', environment: 'dev' } });
  expect((await api.ask(stranger, query, { id: row.id })).data?.node).toBeNull();
  expect((await api.ask(admin, query, { id: newId('upg') })).data?.node).toBeNull();
});
