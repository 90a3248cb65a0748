import { setTimeout as sleep } from 'node:timers/promises';
import { patienceMs } from '../../sandbox/patience.ts';
import type { ContextOptions } from '../../src/app/context.ts';
import type { Alert } from '../../src/domain/alert.ts';
import { type MonitorDeps, type MonitorOptions, startMonitor } from '../../src/monitor/start.ts';
import { deleteCluster } from '../../src/store/clusters/inventory.ts';
import { type Database, inTransaction } from '../../src/store/database.ts';
import { eventsOfAlerts, listAlerts } from '../../src/store/reads/alerts.ts';
import { type Engine, startEngine } from '../helpers/engine.ts';
import { type PaperCluster, portsOf } from './paper-cluster.ts';

export type Bench = Engine & {
  /** A registered cluster on paper. */
  add(name: string, cluster: PaperCluster): Promise<string>;
  /** Starts a monitor that looks every 200 ms; another `holder` is another process. */
  watch(options?: MonitorOptions & { holder?: string; nodeDownForMs?: number; db?: Database }): {
    stop(): Promise<void>;
  };
  alertsOf(clusterId: string): Promise<readonly Alert[]>;
  eventsOf(alert: Alert): Promise<readonly string[]>;
  /** Waits for as many more looks at the cluster to have begun and ended. */
  looks(cluster: PaperCluster, count?: number): Promise<void>;
};

/** A Starwarden whose monitor looks at clusters on paper, with a real database behind it. */
export async function startBench(options: ContextOptions & { env?: Record<string, string> } = {}): Promise<Bench> {
  const engine = await startEngine(options);
  const { ctx } = engine;
  const clusters = new Map<string, PaperCluster>();
  const monitors: { stop(): Promise<void> }[] = [];
  const portsFor = (clusterId: string) => {
    const cluster = clusters.get(clusterId);
    if (cluster === undefined) throw new Error(`no cluster ${clusterId} on paper`);
    return portsOf(cluster);
  };
  const connections: MonitorDeps['connections'] = {
    reading: (clusterId, signal) => ({ ...portsFor(clusterId), signal, now: ctx.now }),
  };
  return {
    ...engine,
    add: async (name, cluster) => {
      const id = await engine.addCluster(name);
      clusters.set(id, cluster);
      return id;
    },
    watch: ({ holder = ctx.config.holder, nodeDownForMs = 0, db = ctx.db, factsEveryMs = null, ...limits } = {}) => {
      const config = { holder, monitor: { probeEveryMs: 200, rules: { node_down: { forMs: nodeDownForMs } } } };
      const monitor = startMonitor({ ...ctx, db, connections, config }, { ...limits, factsEveryMs });
      monitors.push(monitor);
      return monitor;
    },
    alertsOf: (clusterId) =>
      listAlerts(ctx.db, {
        visibility: 'everywhere',
        filter: { clusterId },
        page: { limit: 50, after: null },
      }),
    eventsOf: async (alert) => {
      const events = await eventsOfAlerts(ctx.db, { alertIds: [alert.id], limit: 100 });
      return events.map((event) => event.type);
    },
    looks: async (cluster, count = 2) => {
      const wanted = cluster.looks + count;
      for (const limit = Date.now() + patienceMs; cluster.looks < wanted; await sleep(10)) {
        if (Date.now() > limit) throw new Error(`${wanted - cluster.looks} looks are missing after ${patienceMs} ms`);
      }
    },
    close: async () => {
      await Promise.all(monitors.map((monitor) => monitor.stop()));
      for (const id of clusters.keys()) await inTransaction(ctx.db, (tx) => deleteCluster(tx, id));
      await engine.close();
    },
  };
}
