import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Breakage } from '../breakage.ts';
import type { Site } from '../site.ts';

/*
 * Nodes that die, hang, are stopped or come back as something else, one after the other.
 */

async function leaderOf({ sql, world }: Site): Promise<string> {
  const rows = await sql('SHOW FRONTENDS');
  const leader = rows.find(({ Role }) => Role === 'LEADER');
  const name = world.describe().cluster.frontends.find(({ host }) => host === leader?.IP)?.name;
  if (name === undefined) throw new Error('no frontend leads');
  return name;
}

async function followerOf(site: Site): Promise<string> {
  const leader = await leaderOf(site);
  return ['fe1', 'fe2', 'fe3'].find((name) => name !== leader) ?? 'fe1';
}

/** A breakage on a node that is chosen when it is broken. */
const chosen = new WeakMap<Site, string>();
const nodeOf = (site: Site): string => chosen.get(site) ?? 'fe1';

async function finish({ managed, lab }: Site, operation: string, input: Record<string, unknown>): Promise<void> {
  const run = await lab.engine.until((await managed.ask(operation, input)).id);
  if (run.state !== 'SUCCEEDED') throw new Error(`${operation} ended as ${JSON.stringify(run.failure)}`);
}

/** Somebody unpacks another release over the old one and starts the node again. */
async function setVersion({ world, managed }: Site, node: string, version: string): Promise<void> {
  const file = join(managed.host(node).deployDirs.be ?? '', 'lib', 'starrocks-release.json');
  const release: unknown = JSON.parse(await readFile(file, 'utf8'));
  if (typeof release !== 'object') throw new Error(`${file} holds no release`);
  await world.kill(node);
  await writeFile(file, JSON.stringify({ ...release, version }));
  await world.start(node);
}

export const nodes = {
  rare_load_failures: {
    broken: 'the only two loads of the last hours are aborted, and no load comes after them',
    told: () => ({
      ...{ severity: 'MEDIUM', labels: {}, title: /Most of the few loads fail/ },
      words:
        /Failed load transactions of 3 hours, share is 100 %, over 50 %, since .*Failed load transactions of 3 hours: 2, Load transactions of 3 hours: 2\./s,
    }),
    breaks: async ({ sql, fault, lab, clusterId }) => {
      await sql('CREATE DATABASE seldom');
      // It stands until the end, and other breakages take backends away.
      await sql(
        'CREATE TABLE seldom.t (k INT, v INT) DUPLICATE KEY (k) DISTRIBUTED BY HASH (k) BUCKETS 1 PROPERTIES ("replication_num" = "3")',
      );
      const load = () => sql('INSERT INTO seldom.t VALUES (1, 1)');
      const undo = await fault({ kind: 'load-fail', match: '^seldom', message: 'Memory of load exceed limit' });
      // What was counted before the first look may be of any time.
      await lab.rest();
      await lab.lookOnce(clusterId);
      for (let times = 0; times < 2; times += 1) await load().catch(() => null);
      lab.watch();
      return async () => {
        await undo();
        for (let times = 0; times < 4; times += 1) await load();
      };
    },
  },
  node_down: {
    broken: 'the process of a backend is killed',
    told: (site) => ({
      ...{ severity: 'CRITICAL', labels: { node: site.label('be1') }, title: /be .* is down/ },
      words:
        /The cluster reports it as not alive since .*Its HTTP port does not answer either\..*2 of 3 backends are alive/s,
    }),
    breaks: async ({ world }) => {
      await world.kill('be1');
      return () => world.start('be1');
    },
  },
  tablets_without_replica: {
    broken: 'a backend with the only replicas of a table is killed',
    told: () => ({
      ...{ severity: 'CRITICAL', labels: {}, title: /Tablets have no replica left/ },
      words: /Tablets without a replica is [1-6], over 0, since .*Replicas on dead backends: \d+/s,
    }),
    also: ['node_down'],
    breaks: async ({ sql, world }) => {
      await sql(
        'CREATE TABLE sales.single (k INT) DUPLICATE KEY (k) DISTRIBUTED BY HASH (k) BUCKETS 6 PROPERTIES ("replication_num" = "1")',
      );
      await world.kill('be2');
      return async () => {
        await world.start('be2');
      };
    },
  },
  tablets_unhealthy: {
    broken: 'a replica is set bad, and no backend can copy it',
    told: () => ({
      ...{ severity: 'MEDIUM', labels: {}, title: /Tablets stay unhealthy/ },
      words: /Unhealthy tablets is 1, over 0, since /,
    }),
    breaks: async (site) => {
      const undo = await site.fault({ kind: 'clone-fail' });
      const [row] = await site.sql('ADMIN SHOW REPLICA STATUS FROM sales.orders');
      const properties = `"tablet_id" = "${row?.TabletId}", "backend_id" = "${row?.BackendId}", "status" = "bad"`;
      await site.sql(`ADMIN SET REPLICA STATUS PROPERTIES (${properties})`);
      return undo;
    },
  },
  quorum_at_risk: {
    broken: 'one of three frontends is killed and stays away',
    told: () => ({
      ...{ severity: 'HIGH', labels: {}, title: /No frontend is left to spare/ },
      words: /2 of 3 electable frontends are alive, and a leader needs 2 since .*Down: fe /s,
    }),
    also: ['node_down'],
    breaks: async (site) => {
      const node = await followerOf(site);
      await site.world.kill(node);
      return () => site.world.start(node);
    },
  },
  frontend_no_greeting: {
    broken: 'an observer is dropped from the cluster and goes on running',
    told: (site) => ({
      ...{ severity: 'HIGH', title: /The frontend \S+ sends no greeting/ },
      labels: { frontend: addressOf(site, 'fe4') },
      words: /accepts connections and sends no greeting since .*The cluster does not have this frontend/s,
    }),
    breaks: async (site) => {
      const { address, ports } = site.world.node('fe4');
      await site.sql(`ALTER SYSTEM DROP OBSERVER "${address}:${ports.edit_log_port}"`);
      return () => site.world.kill('fe4');
    },
  },
  cluster_unreachable: {
    broken: 'all frontends are killed',
    told: () => ({
      ...{ severity: 'CRITICAL', labels: {}, title: /No frontend answers/ },
      words: /None could be reached over SQL since .*Over HTTP 0 of 3 frontends, 3 of 3 backends answer/s,
    }),
    breaks: async ({ world }) => {
      const all = ['fe1', 'fe2', 'fe3'];
      for (const node of all) await world.kill(node);
      return () => Promise.all(all.map((node) => world.start(node)));
    },
  },
  node_stopped: {
    broken: 'a backend is stopped through Starwarden and left so',
    told: (site) => ({
      ...{ severity: 'LOW', labels: { node: site.label('be3') }, title: /be .* is stopped on purpose/ },
      words: /ana stopped it by R-\d+ since /,
    }),
    // The daily message comes later than that: a third of the table with one replica was on it.
    also: ['tablets_without_replica'],
    breaks: async (site) => {
      const nodeIds = [await site.managed.nodeIdOf(site.clusterId, 'be3')];
      await finish(site, 'stopNodes', { clusterId: site.clusterId, nodeIds, acceptDowntime: true });
      return () => finish(site, 'startNodes', { clusterId: site.clusterId, nodeIds });
    },
  },
  run_waits: {
    broken: 'a run that needs an approval gets none',
    told: (site) => ({
      ...{ severity: 'MEDIUM', labels: { run: nodeOf(site) }, title: /R-\d+ waits for a person/ },
      words: /R-\d+ \(\w+\) waits for approval since .*Nothing was done yet/s,
    }),
    breaks: async (site) => {
      const nodeIds = [await site.managed.nodeIdOf(site.clusterId, 'be3')];
      const input = { clusterId: site.clusterId, nodeIds, acceptWarnings: ['single-replica-tables'] };
      const { number, cancel } = await site.leaveWaiting('rollingRestart', input);
      chosen.set(site, `R-${number}`);
      return cancel;
    },
  },
  versions_mixed: {
    broken: 'a backend is upgraded by hand, and the others are left as they are',
    told: () => ({
      ...{ severity: 'MEDIUM', labels: {}, title: /The nodes run different versions/ },
      words: /The nodes run different versions \(1 backend on 3\.5\.1, 2 backends and 3 frontends on 3\.5\.0\) since /s,
    }),
    also: ['node_down'],
    breaks: async (site) => {
      await setVersion(site, 'be2', '3.5.1');
      return () => setVersion(site, 'be2', '3.5.0');
    },
  },
  no_leader: {
    broken: 'the leader hands over while the other frontends are frozen, so that nobody can take its place',
    told: () => ({
      ...{ severity: 'CRITICAL', labels: {}, title: /No frontend leads/ },
      words: /none of them leads since .*electable frontends are alive; a leader needs 2\./s,
    }),
    also: ['node_down', 'quorum_at_risk', 'frontend_no_greeting'],
    breaks: async (site) => {
      const { world } = site;
      const leader = await leaderOf(site);
      const others = ['fe1', 'fe2', 'fe3'].filter((node) => node !== leader);
      const signal = (node: string, name: NodeJS.Signals) => process.kill(world.pidOf(node) ?? Number.NaN, name);
      for (const node of others) signal(node, 'SIGSTOP');
      signal(leader, 'SIGUSR1');
      return async () => {
        for (const node of others) signal(node, 'SIGCONT');
        if (world.pidOf(leader) !== null) await world.kill(leader);
        await world.start(leader);
      };
    },
  },
} as const satisfies Record<string, Breakage<Site>>;

function addressOf({ world }: Site, node: string): string {
  const { address, ports } = world.node(node);
  return `${address}:${ports.query_port}`;
}
