import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultAlertTimes } from '../../src/domain/alert-life.ts';
import { releaseClaim } from '../../src/store/claims.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { claimProbe, listDueProbes, listProbes, pruneProbeSamples } from '../../src/store/probes/probes.ts';
import { recordSample } from '../../src/store/probes/record-sample.ts';
import { samplesOfClusters } from '../../src/store/reads/probes.ts';
import { type Bench, startBench } from './bench.ts';
import { paperCluster } from './paper-cluster.ts';

let bench: Bench;
let db: Database;

beforeAll(async () => {
  bench = await startBench();
  db = bench.ctx.db;
});

afterAll(async () => {
  await bench?.close();
});

const emptyOutcome = {
  durationMs: 5,
  ok: true,
  problem: null,
  leader: null,
  nodes: [],
  sample: { conditions: [], unjudged: [], plannedWork: [] },
} as const;

describe('the claim to probe a cluster', () => {
  it('goes to one of many who want it', async () => {
    const clusterId = await bench.addCluster('wanted');
    const claim = (holder: string) => claimProbe(db, { clusterId, holder, claimMs: 10_000, nextInMs: 0 });
    const first = await Promise.all(['a', 'b', 'c', 'd'].map(claim));
    expect(first.filter((claimed) => claimed !== null)).toHaveLength(1);
    expect(await claim('e')).toBeNull();
    expect(await listDueProbes(db, 100)).not.toContain(clusterId);
  });

  it('is free again when it was given back, and when a look was recorded', async () => {
    const clusterId = await bench.addCluster('returned');
    const claim = (nextInMs: number) => claimProbe(db, { clusterId, holder: 'a', claimMs: 10_000, nextInMs });
    const first = await claim(60_000);
    if (first === null) throw new Error('nobody else wanted it');
    await releaseClaim(db, first, { isDueNow: true });
    expect(await listDueProbes(db, 100)).toContain(clusterId);
    const second = await claim(0);
    if (second === null) throw new Error('it was given back');
    expect(second.fence).toBe(first.fence + 1);
    expect(
      await recordSample(db, {
        claim: second,
        outcome: emptyOutcome,
        look: null,
        policy: { times: defaultAlertTimes, rules: [] },
      }),
    ).toEqual([]);
    expect(await claim(0)).not.toBeNull();
  });

  it('is lost by who dies, as soon as it ends; then that one can record nothing', async () => {
    const clusterId = await bench.addCluster('abandoned');
    const dead = await claimProbe(db, { clusterId, holder: 'dead', claimMs: 100, nextInMs: 0 });
    if (dead === null) throw new Error('nobody else wanted it');
    await expect.poll(() => listDueProbes(db, 100)).toContain(clusterId);
    expect(
      await recordSample(db, {
        claim: dead,
        outcome: emptyOutcome,
        look: null,
        policy: { times: defaultAlertTimes, rules: [] },
      }),
    ).toBeNull();
    const heir = await claimProbe(db, { clusterId, holder: 'heir', claimMs: 10_000, nextInMs: 0 });
    expect(heir?.fence).toBe(dead.fence + 1);
    expect(
      await recordSample(db, {
        claim: dead,
        outcome: emptyOutcome,
        look: null,
        policy: { times: defaultAlertTimes, rules: [] },
      }),
    ).toBeNull();
    await releaseClaim(db, dead, { isDueNow: true });
    expect(await claimProbe(db, { clusterId, holder: 'third', claimMs: 10_000, nextInMs: 0 })).toBeNull();
    expect(await listProbes(db, [clusterId])).toEqual([]);
  });

  it('leaves samples of the last day only', async () => {
    const clusterId = await bench.addCluster('old');
    const claim = await claimProbe(db, { clusterId, holder: 'a', claimMs: 10_000, nextInMs: 60_000 });
    if (claim === null) throw new Error('nobody else wanted it');
    await recordSample(db, {
      claim,
      outcome: emptyOutcome,
      look: null,
      policy: { times: defaultAlertTimes, rules: [] },
    });
    expect(await pruneProbeSamples(db, 24 * 3_600_000)).toBe(0);
    await db
      .updateTable('probe_sample')
      .set({ at: new Date(Date.now() - 25 * 3_600_000) })
      .where('cluster_id', '=', clusterId)
      .execute();
    expect(await pruneProbeSamples(db, 24 * 3_600_000)).toBe(1);
    expect(await samplesOfClusters(db, { clusterIds: [clusterId], limit: 10 })).toEqual([]);
  });
});

describe('several monitors', () => {
  it('never look at one cluster at the same time, and go on without the one that stops', async () => {
    const cluster = { ...paperCluster(), answersAfterMs: 20 };
    await bench.add('shared', cluster);
    const monitors = ['one', 'two', 'three'].map((holder) => bench.watch({ holder }));
    await bench.looks(cluster, 6);
    expect(cluster.crowd.most).toBe(1);
    await monitors[0]?.stop();
    await monitors[1]?.stop();
    await bench.looks(cluster, 2);
    await monitors[2]?.stop();
    const { looks } = cluster;
    await sleep(500);
    expect(cluster.looks).toBe(looks);
  });

  it('look at no more clusters at once than they may', async () => {
    const crowd = { now: 0, most: 0 };
    const clusters = await Promise.all(
      [...Array(6).keys()].map(async (index) => {
        const cluster = { ...paperCluster(), answersAfterMs: 30, crowd };
        await bench.add(`crowd-${index}`, cluster);
        return cluster;
      }),
    );
    const monitor = bench.watch({ concurrency: 2 });
    await expect.poll(() => clusters.every(({ looks }) => looks > 0)).toBe(true);
    await monitor.stop();
    expect(crowd.most).toBe(2);
  });

  it('give a look back at once when they are told to stop', async () => {
    const cluster = { ...paperCluster(), answersAfterMs: 3_600_000 };
    const id = await bench.add('hanging', cluster);
    const monitor = bench.watch();
    await bench.looks(cluster, 1);
    await monitor.stop();
    expect(await listDueProbes(db, 100)).toContain(id);
    expect(await bench.alertsOf(id)).toEqual([]);
  });
});

describe('a monitor without its database', () => {
  it('goes on when the database is back, and blames no cluster for it', async () => {
    const wire = await cuttable(new URL(bench.ctx.config.databaseUrl));
    const far = openDatabase({ url: wire.url, poolSize: 3 });
    const cluster = paperCluster();
    const id = await bench.add('patient', cluster);
    const monitor = bench.watch({ db: far, probeTimeoutMs: 800 });
    await bench.looks(cluster, 2);
    wire.cut();
    await sleep(1_000);
    const { looks } = cluster;
    wire.mend();
    await bench.looks(cluster, 2);
    expect(cluster.looks).toBeGreaterThan(looks);
    await monitor.stop();
    expect(await bench.alertsOf(id)).toEqual([]);
    const samples = await samplesOfClusters(db, { clusterIds: [id], limit: 50 });
    expect(samples.every((sample) => sample.ok)).toBe(true);
    await far.destroy();
    await wire.close();
  });
});

/** A wire to the database that can be cut: what is open breaks, and nothing new gets through. */
async function cuttable(target: URL) {
  const open = new Set<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) return near.destroy();
    const far = connect(Number(target.port), target.hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port for a listening socket');
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String(address.port);
  const breakAll = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    url: url.href,
    cut: () => {
      isCut = true;
      breakAll();
    },
    mend: () => {
      isCut = false;
    },
    close: async () => {
      breakAll();
      server.close();
      await once(server, 'close');
    },
  };
}
