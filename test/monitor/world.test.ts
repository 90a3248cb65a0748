import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../../sandbox/world/start-world.ts';
import type { Alert } from '../../src/domain/alert.ts';
import { newId } from '../../src/ids.ts';
import { startMonitor } from '../../src/monitor/start.ts';
import { findCluster, insertCluster, listNodes } from '../../src/store/clusters/inventory.ts';
import { listProbes } from '../../src/store/probes/probes.ts';
import { listAlerts } from '../../src/store/reads/alerts.ts';
import { latestOfClusters } from '../../src/store/reads/metric-history.ts';
import { type Engine, startEngine } from '../helpers/engine.ts';

let world: World;
let engine: Engine;
let monitor: { stop(): Promise<void> };
const clusterId = newId('clu');

beforeAll(async () => {
  world = await startWorld({ speed: 20, starwarden: false });
  const { cluster } = world.describe();
  // A password of the environment, as an operator may give it.
  engine = await startEngine({
    env: { STARWARDEN_PROBE_INTERVAL_MS: '600', STARWARDEN_CRED_WORLD: cluster.sqlPassword },
  });
  const { db } = engine.ctx;
  await db
    .insertInto('secret')
    .values({
      id: 'sec_world',
      cluster_id: clusterId,
      kind: 'env',
      content: 'STARWARDEN_CRED_WORLD',
      key_id: null,
      changed_at: new Date(),
    })
    .execute();
  await insertCluster(db, {
    id: clusterId,
    name: 'world',
    environment: 'dev',
    sqlUser: cluster.sqlUser,
    passwordRef: 'secret:sec_world',
    seeds: cluster.frontends.map(({ host, queryPort }) => ({ host, port: queryPort })),
    tls: null,
  });
  // A node that is killed twice within minutes would count as flapping.
  monitor = startMonitor(engine.ctx, { probeTimeoutMs: 5_000, alertTimes: { flapChanges: 100 } });
});

afterAll(async () => {
  await monitor?.stop();
  await engine?.close();
  await world?.stop();
});

const soon = { timeout: 20_000, interval: 50 };

const alerts = (): Promise<readonly Alert[]> =>
  listAlerts(engine.ctx.db, { visibility: 'everywhere', filter: { clusterId }, page: { limit: 20, after: null } });
const open = async () =>
  (await alerts())
    .filter((alert) => alert.signal !== 'RESOLVED')
    .map((alert) => `${alert.title}: ${alert.signal}`)
    .sort();
const leader = async () => (await listProbes(engine.ctx.db, [clusterId]))[0]?.leader ?? null;

function labelOf(name: string): string {
  const { frontends, backends } = world.describe().cluster;
  const frontend = frontends.find((node) => node.name === name);
  if (frontend !== undefined) return `fe ${frontend.host}:${frontend.editLogPort}`;
  const backend = backends.find((node) => node.name === name);
  if (backend !== undefined) return `be ${backend.host}:${backend.heartbeatPort}`;
  throw new Error(`no node ${name}`);
}

function nameOf(label: string): string {
  const name = ['fe1', 'fe2', 'fe3'].find((candidate) => labelOf(candidate) === label);
  if (name === undefined) throw new Error(`nobody is ${label}`);
  return name;
}

describe('the monitor of a cluster of processes', () => {
  it('finds all nodes alive, their health and their leader', async () => {
    await expect.poll(leader, soon).toMatch(/^fe /);
    await expect
      .poll(
        async () =>
          (await listProbes(engine.ctx.db, [clusterId]))[0]?.nodes.map(({ alive, httpProblem }) => ({
            alive,
            httpProblem,
          })),
        soon,
      )
      .toEqual(Array(6).fill({ alive: true, httpProblem: null }));
    expect((await findCluster(engine.ctx.db, clusterId))?.problems).toEqual([]);
    expect(await alerts()).toEqual([]);
  });

  it('measures what real nodes show, and asks what no page has', async () => {
    const names = async () => {
      const [latest] = await latestOfClusters(engine.ctx.db, [clusterId]);
      return new Set(latest?.measurements.map(({ metric }) => metric));
    };
    await expect
      .poll(names, soon)
      .toEqual(
        expect.toSatisfy((seen: Set<string>) =>
          ['jvm_heap_used_share', 'disk_used_share', 'tablets'].every((name) => seen.has(name)),
        ),
      );
  });

  it('opens an alert for a backend that is killed, resolves it, and re-opens it within 15 minutes', async () => {
    const title = `${labelOf('be3')} is down`;
    await world.kill('be3');
    await expect.poll(open, soon).toEqual([`${title}: FIRING`]);
    const [first] = await alerts();
    expect(first).toMatchObject({ rule: 'node_down', severity: 'CRITICAL', flaps: 0 });
    expect(first?.text).toContain('Its HTTP port does not answer either.');
    expect(first?.text).toContain('2 of 3 backends are alive.');
    const node = (await listNodes(engine.ctx.db, clusterId)).find((candidate) => candidate.id === first?.nodeId);
    expect(node).toMatchObject({ alive: false, kind: 'BACKEND' });

    await world.start('be3');
    await expect.poll(open, soon).toEqual([]);
    await world.kill('be3');
    await expect.poll(open, soon).toEqual([`${title}: FIRING`]);
    expect(await alerts()).toMatchObject([{ id: first?.id, flaps: 1 }]);
    await world.start('be3');
    await expect.poll(open, soon).toEqual([]);
  });

  it('shows the new leader when the leader is killed, and the old one as down', async () => {
    const before = await leader();
    if (before === null) throw new Error('the cluster has no leader');
    const name = nameOf(before);
    await world.kill(name);
    await expect.poll(open, soon).toContain(`${before} is down: FIRING`);
    await expect.poll(leader, soon).toMatch(/^fe /);
    expect(await leader()).not.toBe(before);
    const alert = (await alerts()).find((candidate) => candidate.title === `${before} is down`);
    expect(alert?.text).toContain(
      '2 of 3 electable frontends are alive: if one more fails, the cluster has no leader.',
    );
    await world.start(name);
    await expect.poll(open, soon).toEqual([]);
  });

  it('makes one alert of a cluster that is gone as a whole, resolves nothing meanwhile, and all when it is back', async () => {
    const title = `${labelOf('be2')} is down`;
    await world.kill('be2');
    await expect.poll(open, soon).toEqual([`${title}: FIRING`]);
    const frontends = ['fe1', 'fe2', 'fe3'];
    for (const name of frontends) await world.kill(name);
    await expect.poll(open, soon).toEqual(expect.arrayContaining(['No frontend answers: FIRING', `${title}: STALE`]));
    const whole = (await alerts()).find((alert) => alert.rule === 'cluster_unreachable');
    expect(whole?.text).toContain('Over HTTP 0 of 3 frontends, 2 of 3 backends answer.');
    // Whatever happens to its nodes meanwhile is nothing that anybody could know.
    const { number: last = 0 } = (await alerts())[0] ?? {};
    await world.kill('be1');
    const { at: seenAt = null } = (await listProbes(engine.ctx.db, [clusterId]))[0] ?? {};
    await expect
      .poll(async () => Number((await listProbes(engine.ctx.db, [clusterId]))[0]?.at) - Number(seenAt), soon)
      .toBeGreaterThan(1_200);
    expect((await alerts())[0]?.number).toBe(last);
    expect((await alerts()).filter((candidate) => candidate.rule === 'cluster_unreachable')).toHaveLength(1);
    await world.start('be1');
    await Promise.all(frontends.map((name) => world.start(name)));
    await expect.poll(open, soon).toEqual([`${title}: FIRING`]);
    await world.start('be2');
    await expect.poll(open, soon).toEqual([]);
  });
});
