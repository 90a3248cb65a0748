import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { newId } from '../../src/ids.ts';
import { listRemovedNodes, markPurged, saveRemovedNode } from '../../src/store/clusters/removed-nodes.ts';
import { saveTopology } from '../../src/store/clusters/topology.ts';
import { databaseNow } from '../../src/store/database.ts';
import { createSilence } from '../../src/store/silences/silences.ts';
import { createSteppedOperations } from '../bot/operations.ts';
import { type Api, as, startApi } from '../helpers/api.ts';
import { admin as adminActor } from '../helpers/engine.ts';

/*
 * Two clusters, dev and prod, with a node, a host, a run, a backup and a report each. What somebody may not see is not
 * there for them: in no list, by no id, by no name, and in no message.
 */

type Place = {
  cluster: string;
  node: string;
  host: string;
  run: string;
  runNumber: number;
  backup: string;
  report: string;
};

let api: Api;
let admin: string;
let dev: Place;
let prod: Place;

beforeAll(async () => {
  api = await startApi({ operations: createSteppedOperations().operations });
  admin = await api.login('root', as.admin);
  dev = await fill('dev-one', 'dev');
  prod = await fill('prod-one', 'prod');
});
afterAll(() => api.close());

async function fill(name: string, environment: string): Promise<Place> {
  const { db } = api.engine.ctx;
  const cluster = await api.engine.addCluster(name, environment);
  await saveTopology(db, cluster, {
    runMode: 'shared_nothing',
    nodes: [
      {
        kind: 'BACKEND',
        host: '10.0.0.1',
        port: 9050,
        httpPort: 8040,
        queryPort: null,
        role: null,
        alive: true,
        decommissioning: false,
        version: '3.5.0',
        startedAt: null,
        tabletCount: 10,
        maxDiskUsedPercent: 12.5,
        location: null,
        errorMessage: null,
      },
    ],
  });
  const node = await db
    .selectFrom('cluster_node')
    .select('id')
    .where('cluster_id', '=', cluster)
    .executeTakeFirstOrThrow();
  const [host, backup, report] = [newId('hst'), newId('bak'), newId('rep')];
  await db
    .insertInto('host')
    .values({
      id: host,
      cluster_id: cluster,
      address: '10.0.0.1',
      port: 22,
      user: 'sr',
      auth: '{"kind":"agent"}',
      host_key_fingerprint: null,
      jump_host_id: null,
      ssh: 'OK',
      sudo: 1,
      problem: null,
      created_at: databaseNow,
    })
    .execute();
  await db
    .updateTable('cluster_node')
    .set({ host_id: host, deploy_dir: '/opt/be' })
    .where('id', '=', node.id)
    .execute();
  const asked = await api.ask(
    admin,
    `mutation { touchCluster(input: { clusterId: "${cluster}" }) { run { id number } } }`,
  );
  const { run } = z.object({ run: z.object({ id: z.string(), number: z.int() }) }).parse(asked.data?.touchCluster);
  await db
    .insertInto('backup')
    .values({
      id: backup,
      cluster_id: cluster,
      run_id: run.id,
      database_name: 'sales',
      repository: 'repo',
      snapshot: `snap_${environment}`,
      state: 'RUNNING',
      backup_timestamp: null,
      started_at: databaseNow,
      verified_at: null,
    })
    .execute();
  // One of them stands for a run of `checkCluster`: only such a report is the cluster's last check.
  if (environment === 'dev')
    await db.updateTable('run').set({ operation: 'checkCluster' }).where('id', '=', run.id).execute();
  const checks = [{ name: 'nodes', status: 'FAIL', severity: 'WARN', observed: '1', wanted: '3', hint: null }];
  await db
    .insertInto('check_report')
    .values({ id: report, cluster_id: cluster, run_id: run.id, at: databaseNow, checks: JSON.stringify(checks) })
    .execute();
  return { cluster, node: node.id, host, run: run.id, runNumber: run.number, backup, report };
}

const everything = `{
  clusters { nodes { name } }
  runs { nodes { clusterName } }
  backups { nodes { snapshot cluster { name } run { clusterName } } }
  alerts { nodes { clusterName } }
}`;
const wellAndHiddenShape = z.object({
  clusters: z.object({
    nodes: z.array(
      z.object({ healthScore: z.unknown(), alertHidings: z.array(z.looseObject({ byName: z.string().nullable() })) }),
    ),
  }),
});
const nodeById = 'query ($id: ID!) { node(id: $id) { id __typename } }';

it('an administrator sees both, with all that belongs to them', async () => {
  const { data } = await api.ask(
    admin,
    `query ($name: String!) { cluster(name: $name) {
      id environment usesTls runMode capability versions { state summary byVersion { version frontends } } problems observedAt credential { kind changedAt }
      backends { label address port alive tabletCount maxDiskUsedPercent version host { address sudo credential { kind } nodes { label } } deployDir cluster { name } }
      frontends { label } computeNodes { label } hosts { address ssh }
      lastRun { operation } lockedBy { id } openAlerts { number } lastCheck { health checks { name severity } run { id } }
    } }`,
    { name: 'dev-one' },
  );
  expect(data?.cluster).toMatchObject({
    id: dev.cluster,
    environment: 'dev',
    usesTls: false,
    runMode: 'SHARED_NOTHING',
    capability: 'SUDO',
    versions: { state: 'UNIFORM', summary: '1 node on 3.5.0', byVersion: [{ version: '3.5.0', frontends: 0 }] },
    problems: [],
    credential: null,
    backends: [
      {
        label: 'be 10.0.0.1:9050',
        tabletCount: 10,
        maxDiskUsedPercent: 12.5,
        host: {
          address: '10.0.0.1',
          sudo: true,
          credential: { kind: 'AGENT' },
          nodes: [{ label: 'be 10.0.0.1:9050' }],
        },
        deployDir: '/opt/be',
        cluster: { name: 'dev-one' },
      },
    ],
    frontends: [],
    computeNodes: [],
    lastRun: { operation: 'checkCluster' },
    lockedBy: null,
    openAlerts: [],
    lastCheck: { health: 'DEGRADED', checks: [{ name: 'nodes', severity: 'WARN' }], run: { id: dev.run } },
  });
});

it.each([
  ['an environment', () => ({ kind: 'environment', environment: 'dev' }) as const],
  ['a cluster', () => ({ kind: 'cluster', clusterId: dev.cluster }) as const],
])('a role on %s shows what is there and nothing else', async (what, scope) => {
  const token = await api.login(what.replace(' ', '-'), { role: 'ADMIN', scope: scope() });
  const { data, text } = await api.ask(token, everything);
  expect(data).toMatchObject({
    clusters: { nodes: [{ name: 'dev-one' }] },
    runs: { nodes: [{ clusterName: 'dev-one' }] },
    backups: { nodes: [{ snapshot: 'snap_dev', cluster: { name: 'dev-one' }, run: { clusterName: 'dev-one' } }] },
  });
  expect(text).not.toContain('prod-one');
  for (const id of Object.values(dev).filter((value) => typeof value === 'string')) {
    expect((await api.ask(token, nodeById, { id })).data?.node).toMatchObject({ id });
  }
});

it('what may not be seen is null by id, by name and by number, and NOT_FOUND to whoever would change it', async () => {
  const token = await api.login('only-dev', { role: 'ADMIN', scope: { kind: 'environment', environment: 'dev' } });
  for (const id of Object.values(prod).filter((value) => typeof value === 'string')) {
    expect((await api.ask(token, nodeById, { id })).data).toEqual({ node: null });
    expect((await api.ask(admin, nodeById, { id })).data?.node).toMatchObject({ id });
  }
  const direct = await api.ask(token, `{ cluster(name: "prod-one") { id } run(number: ${prod.runNumber}) { id } }`);
  expect(direct.data).toEqual({ cluster: null, run: null });
  const change = await api.ask(
    token,
    `mutation {
    touchCluster(input: { clusterId: "${prod.cluster}" }) { run { id } userErrors { code message } }
    cancelRun(id: "${prod.run}") { run { id } userErrors { code message } }
  }`,
  );
  expect(change.data).toMatchObject({
    touchCluster: { run: null, userErrors: [{ code: 'NOT_FOUND' }] },
    cancelRun: { run: null, userErrors: [{ code: 'NOT_FOUND' }] },
  });
  expect(change.text).not.toContain('prod-one');
});

it('shows what nodes that left have kept to whoever may see their cluster, until it is purged', async () => {
  const { db } = api.engine.ctx;
  const node = {
    kind: 'BACKEND',
    host: '10.0.0.14',
    dataDirs: ['/data1/sr'],
    identities: {},
    processEnded: true,
  } as const;
  for (const { cluster: clusterId, host: hostId, run: runId } of [dev, prod]) {
    for (const port of [9050, 9051])
      await db
        .transaction()
        .execute((tx) =>
          saveRemovedNode(
            tx,
            { clusterId, runId },
            { ...node, port, place: { hostId, deployDir: '/opt/be', unit: null } },
          ),
        );
  }
  const gone = (await listRemovedNodes(db, dev.cluster)).find(({ port }) => port === 9051);
  await db.transaction().execute((tx) => markPurged(tx, { id: gone?.id ?? '', clusterId: dev.cluster }));
  const ask = `{ clusters { nodes { name removedNodes {
    label machine { address } deployDir dataDirs processEnded run { number }
  } } } }`;
  const left = {
    ...{ label: 'be 10.0.0.14:9050', machine: { address: '10.0.0.1' }, deployDir: '/opt/be', dataDirs: ['/data1/sr'] },
    processEnded: true,
  };
  const token = await api.login('dev-viewer', { role: 'VIEWER', scope: { kind: 'environment', environment: 'dev' } });
  expect((await api.ask(token, ask)).data).toEqual({
    clusters: { nodes: [{ name: 'dev-one', removedNodes: [{ ...left, run: { number: dev.runNumber } }] }] },
  });
  expect((await api.ask(admin, ask)).data).toMatchObject({
    clusters: { nodes: [{ removedNodes: [left] }, { removedNodes: [{}, {}] }] },
  });
  expect((await api.ask(await api.login('without'), ask)).data).toEqual({ clusters: { nodes: [] } });
});

const wellAndHidden = `{ clusters { nodes { name healthScore { score word deductions { alerts because } plannedWork unknown }
  alertHidings { kind name covers because byName until untilWords node { label } alerts { number } } } } }`;

it('what a score rests on and what hides alerts is told of clusters that one may see, whoever asks', async () => {
  const { db } = api.engine.ctx;
  const until = new Date(Date.now() + 3_600_000);
  const matchers = { rule: null, severities: null, labels: { node: 'be 10.0.0.9:9050' } };
  const by = { actor: adminActor, requestId: null, approvalEnvironments: [] };
  for (const environment of ['dev', 'prod'])
    await createSilence(
      db,
      { scope: { kind: 'environment', environment }, matchers, until, reason: `${environment} is moved` },
      by,
    );
  // A run that works on the node of dev-one, from when that cluster was one of prod.
  await db.updateTable('run').set({ state: 'RUNNING', environment: 'prod' }).where('id', '=', dev.run).execute();
  const about = { about_kind: 'node', about_id: dev.node, effect: 'takes-away', state: 'applying' };
  await db.updateTable('run_step').set(about).where('run_id', '=', dev.run).execute();
  const token = await api.login('dev-watcher', { role: 'VIEWER', scope: { kind: 'environment', environment: 'dev' } });
  const { data, text } = await api.ask(token, wellAndHidden);
  const all = await api.ask(admin, wellAndHidden);
  await db.updateTable('run').set({ state: 'QUEUED', environment: 'dev' }).where('id', '=', dev.run).execute();

  const { clusters } = wellAndHiddenShape.parse(data);
  const [ofAdmin] = wellAndHiddenShape.parse(all.data).clusters.nodes;
  const [seen, ...more] = clusters.nodes;
  expect(more).toEqual([]);
  // The score is that of the cluster, not of the reader.
  expect(seen?.healthScore).toEqual(ofAdmin?.healthScore);
  expect(seen?.healthScore).toMatchObject({ plannedWork: [expect.stringContaining(`R-${dev.runNumber}`)] });
  expect(seen?.alertHidings).toMatchObject([
    { kind: 'SILENCE', because: 'dev is moved', byName: 'ana', covers: 'node="be 10.0.0.9:9050"', alerts: [] },
    { kind: 'RUN', name: `R-${dev.runNumber}`, byName: null, node: { label: 'be 10.0.0.1:9050' } },
  ]);
  expect(ofAdmin?.alertHidings[1]?.byName).toBe('root');
  expect(text).not.toContain('prod');
  const nobody = await api.ask(await api.login('sees-nothing'), wellAndHidden);
  expect(nobody.data).toEqual({ clusters: { nodes: [] } });
});

it('who has no role sees nothing at all, and may not read the audit log', async () => {
  const token = await api.login('nobody');
  const { data } = await api.ask(token, everything);
  expect(data).toEqual({ clusters: { nodes: [] }, runs: { nodes: [] }, backups: { nodes: [] }, alerts: { nodes: [] } });
  expect((await api.ask(token, '{ audit { nodes { id } } }')).errors).toMatchObject([
    { extensions: { code: 'FORBIDDEN' } },
  ]);
});

it('the audit log shows in places what was about the clusters there', async () => {
  const token = await api.login('dev-approver', {
    role: 'APPROVER',
    scope: { kind: 'environment', environment: 'dev' },
  });
  const { data } = await api.ask(token, '{ audit(first: 100) { nodes { action cluster { name } } } }');
  const seen = z
    .object({ nodes: z.array(z.object({ action: z.string(), cluster: z.object({ name: z.string() }).nullable() })) })
    .parse(data?.audit);
  expect(seen.nodes.length).toBeGreaterThan(0);
  expect(new Set(seen.nodes.map((event) => event.cluster?.name))).toEqual(new Set(['dev-one']));
});

it('clusters and runs can be filtered', async () => {
  const { data } = await api.ask(
    admin,
    `query ($id: ID!) {
      byEnvironment: clusters(filter: { environment: "prod" }) { nodes { name } }
      byName: clusters(filter: { nameContains: "v-o" }) { nodes { name } }
      wildcard: clusters(filter: { nameContains: "%" }) { nodes { name } }
      healthy: clusters(filter: { hasProblems: true }) { nodes { name } }
      ofCluster: runs(filter: { clusterId: $id, states: [QUEUED], operation: "touchCluster", mine: true }) { nodes { clusterName } }
      noState: runs(filter: { states: [] }) { nodes { id } }
      backups(filter: { clusterId: $id, database: "sales" }) { nodes { snapshot state } }
    }`,
    { id: prod.cluster },
  );
  expect(data).toEqual({
    byEnvironment: { nodes: [{ name: 'prod-one' }] },
    byName: { nodes: [{ name: 'dev-one' }] },
    wildcard: { nodes: [] },
    healthy: { nodes: [] },
    ofCluster: { nodes: [{ clusterName: 'prod-one' }] },
    noState: { nodes: [] },
    backups: { nodes: [{ snapshot: 'snap_prod', state: 'RUNNING' }] },
  });
});
