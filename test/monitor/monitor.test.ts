import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../src/errors.ts';
import { acknowledgeAlert } from '../../src/store/alerts/alert-handling.ts';
import { deleteCluster, findCluster, listNodes } from '../../src/store/clusters/inventory.ts';
import { inTransaction } from '../../src/store/database.ts';
import { listProbes } from '../../src/store/probes/probes.ts';
import { samplesOfClusters } from '../../src/store/reads/probes.ts';
import { operator } from '../helpers/engine.ts';
import { type Bench, startBench } from './bench.ts';
import { type PaperNode, paperCluster, unreachable } from './paper-cluster.ts';

let bench: Bench;
const topics: string[] = [];

beforeAll(async () => {
  bench = await startBench();
  bench.ctx.doorbell.onChanged((topic) => topics.push(topic));
  bench.watch();
});

afterAll(async () => {
  await bench?.close();
});

const soon = { timeout: 15_000, interval: 25 };

function backendOf(cluster: { backends: PaperNode[] }): PaperNode {
  const [node] = cluster.backends;
  if (node === undefined) throw new Error('the cluster has no backend');
  return node;
}

async function signals(clusterId: string): Promise<string[]> {
  return (await bench.alertsOf(clusterId)).map((alert) => `${alert.rule} ${alert.signal}`);
}

describe('the monitor', () => {
  it('stores what it sees, so that nobody else needs to ask', async () => {
    const cluster = paperCluster();
    const id = await bench.add('stored', cluster);
    await expect.poll(async () => (await listNodes(bench.ctx.db, id)).length, soon).toBe(6);
    await bench.looks(cluster);
    const [probe] = await listProbes(bench.ctx.db, [id]);
    expect(probe).toMatchObject({ ok: true, problem: null, leader: 'fe 10.0.0.1:9010' });
    expect(probe?.nodes).toHaveLength(6);
    expect((await findCluster(bench.ctx.db, id))?.observedAt).toBeInstanceOf(Date);
    const samples = await samplesOfClusters(bench.ctx.db, { clusterIds: [id], limit: 10 });
    expect(samples.length).toBeGreaterThanOrEqual(2);
    expect(samples[0]).toMatchObject({ ok: true, aliveNodes: 6, totalNodes: 6, leader: 'fe 10.0.0.1:9010' });
    cluster.leader = '10.0.0.2';
    await expect.poll(async () => (await listProbes(bench.ctx.db, [id]))[0]?.leader, soon).toBe('fe 10.0.0.2:9010');
    expect(await bench.alertsOf(id)).toEqual([]);
  });

  it('opens an alert for a dead backend, resolves it, and re-opens the same one when it dies again', async () => {
    const cluster = paperCluster();
    const id = await bench.add('flapping', cluster);
    await bench.looks(cluster);
    const backend = backendOf(cluster);
    backend.alive = false;
    await expect.poll(() => signals(id), soon).toEqual(['node_down FIRING']);
    const [opened] = await bench.alertsOf(id);
    expect(opened).toMatchObject({
      title: 'be 10.0.0.11:9050 is down',
      severity: 'CRITICAL',
      clusterName: 'flapping',
      environment: 'dev',
      handling: { kind: 'UNACKED' },
      flaps: 0,
      revision: 1,
    });
    expect(opened?.text).toContain('java.net.ConnectException: Connection refused');
    expect(topics).toContain(`alert:${opened?.id}`);
    await expect.poll(async () => (await bench.alertsOf(id))[0]?.count, soon).toBeGreaterThan(1);
    expect((await bench.alertsOf(id))[0]?.revision).toBe(1);

    backend.alive = true;
    await expect.poll(() => signals(id), soon).toEqual(['node_down RESOLVED']);
    backend.alive = false;
    await expect.poll(() => signals(id), soon).toEqual(['node_down FIRING']);
    const [again] = await bench.alertsOf(id);
    expect(again).toMatchObject({ id: opened?.id, number: opened?.number, flaps: 1, revision: 3, resolvedAt: null });
    if (again === undefined) throw new Error('the alert is gone');
    expect(await bench.eventsOf(again)).toEqual(['OPENED', 'RESOLVED', 'REOPENED']);
  });

  it('opens a new alert, linked to the old one, when the old one was closed', async () => {
    const cluster = paperCluster();
    const id = await bench.add('quiet', cluster);
    const backend = backendOf(cluster);
    backend.alive = false;
    await expect.poll(() => signals(id), soon).toEqual(['node_down FIRING']);
    backend.alive = true;
    await expect.poll(() => signals(id), soon).toEqual(['node_down RESOLVED']);
    const [first] = await bench.alertsOf(id);
    const longAgo = new Date(Date.now() - 16 * 60_000);
    await bench.ctx.db
      .updateTable('alert')
      .set({ resolved_at: longAgo })
      .where('id', '=', first?.id ?? '')
      .execute();
    await expect.poll(async () => (await bench.alertsOf(id))[0]?.closedAt, soon).toBeInstanceOf(Date);
    backend.alive = false;
    await expect.poll(() => signals(id), soon).toEqual(['node_down FIRING', 'node_down RESOLVED']);
    expect((await bench.alertsOf(id))[0]).toMatchObject({ previousId: first?.id, flaps: 0 });
  });

  it('makes one alert of a cluster that nobody can reach, and resolves no alert of its nodes', async () => {
    const cluster = paperCluster();
    const id = await bench.add('silent', cluster);
    backendOf(cluster).alive = false;
    await expect.poll(() => signals(id), soon).toEqual(['node_down FIRING']);
    cluster.failure = unreachable();
    await expect.poll(() => signals(id), soon).toEqual(['cluster_unreachable FIRING', 'node_down STALE']);
    const [whole, node] = await bench.alertsOf(id);
    expect(whole).toMatchObject({ severity: 'CRITICAL', title: 'No frontend answers', nodeId: null });
    expect(node).toMatchObject({ mute: { kind: 'INHIBITED', by: 'cluster_unreachable' }, resolvedAt: null });
    expect((await findCluster(bench.ctx.db, id))?.problems).toEqual(['no frontend of the cluster answered']);
    expect(await listNodes(bench.ctx.db, id)).toHaveLength(6);

    cluster.failure = null;
    await expect.poll(() => signals(id), soon).toEqual(['cluster_unreachable RESOLVED', 'node_down FIRING']);
    expect((await bench.alertsOf(id))[1]).toMatchObject({ mute: { kind: 'NONE' } });
    expect((await findCluster(bench.ctx.db, id))?.problems).toEqual([]);
  });

  it('says nothing after two looks that failed: a new leader may be elected just then', async () => {
    const cluster = paperCluster();
    const id = await bench.add('electing', cluster);
    await bench.looks(cluster);
    cluster.failure = unreachable();
    await bench.looks(cluster, 2);
    cluster.failure = null;
    await bench.looks(cluster, 3);
    expect(await bench.alertsOf(id)).toEqual([]);
    const samples = await samplesOfClusters(bench.ctx.db, { clusterIds: [id], limit: 10 });
    const failed = samples.filter((sample) => sample.problem === 'no frontend of the cluster answered');
    expect(failed.map((sample) => sample.ok)).toEqual([false, false]);
  });

  it('drops an acknowledgement when a refused login turns into silence', async () => {
    const cluster = paperCluster();
    const id = await bench.add('refused', cluster);
    cluster.failure = new AppError('SQL_AUTH_FAILED', 'wrong password');
    await expect.poll(() => signals(id), soon).toEqual(['cluster_unreachable FIRING']);
    const [refused] = await bench.alertsOf(id);
    expect(refused).toMatchObject({ severity: 'HIGH' });
    const acked = await acknowledgeAlert(bench.ctx.db, {
      alertId: refused?.id ?? '',
      actor: operator,
      changed: bench.ctx.doorbell.changed,
    });
    expect(acked.handling).toMatchObject({ kind: 'ACKED', byName: 'kim' });
    cluster.failure = unreachable();
    await expect.poll(async () => (await bench.alertsOf(id))[0]?.severity, soon).toBe('CRITICAL');
    expect(await bench.alertsOf(id)).toMatchObject([{ id: refused?.id, handling: { kind: 'UNACKED' } }]);
  });

  it('puts a node that is alive and silent over HTTP among the problems, without an alert', async () => {
    const cluster = paperCluster();
    const id = await bench.add('deaf', cluster);
    cluster.backends.push({ host: '10.9.9.9', alive: true, httpIsSilent: true });
    await expect
      .poll(async () => (await findCluster(bench.ctx.db, id))?.problems[0], soon)
      .toContain('be 10.9.9.9:9050 is alive');
    expect(await bench.alertsOf(id)).toEqual([]);
  });

  it('closes the alerts of a cluster that is not registered any more, and forgets its looks', async () => {
    const cluster = paperCluster();
    const id = await bench.add('leaving', cluster);
    backendOf(cluster).alive = false;
    await expect.poll(() => signals(id), soon).toEqual(['node_down FIRING']);
    await inTransaction(bench.ctx.db, (tx) => deleteCluster(tx, id));
    await expect.poll(async () => (await bench.alertsOf(id))[0]?.closedAt, soon).toBeInstanceOf(Date);
    const [closed] = await bench.alertsOf(id);
    if (closed === undefined) throw new Error('the alert is gone');
    expect(await bench.eventsOf(closed)).toEqual(['OPENED', 'CLOSED']);
    await expect.poll(() => listProbes(bench.ctx.db, [id]), soon).toEqual([]);
    expect(await samplesOfClusters(bench.ctx.db, { clusterIds: [id], limit: 1 })).toEqual([]);
  });
});
