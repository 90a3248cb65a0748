import type { Breakage } from '../breakage.ts';
import type { ClockSite } from '../clock-site.ts';

/*
 * Automated snapshots of a shared-data cluster, by one clock for StarRocks and Starwarden.
 */

async function untilTaken({ sql }: ClockSite): Promise<void> {
  for (let tries = 0; tries < 2_000; tries += 1)
    if ((await sql.query('SELECT * FROM information_schema.cluster_snapshots')).length > 0) return;
  throw new Error('no snapshot was taken');
}

const storeAway = (site: ClockSite) => {
  site.cluster.setFaults([{ id: 'store', kind: 'store-unreachable', message: 'Unable to execute HTTP request' }]);
  return async () => site.cluster.setFaults([]);
};

export const snapshots = {
  cluster_snapshot_failed: {
    broken: 'the object store of a shared-data cluster takes no snapshot',
    told: () => ({
      ...{ severity: 'HIGH', labels: {}, title: /Cluster snapshots fail/ },
      words:
        /The automated snapshots of the cluster fail since .*Unable to execute HTTP request.*The last one that failed is automated_cluster_snapshot_\d+/s,
    }),
    prepares: async (site) => {
      await site.sql.query('ADMIN SET AUTOMATED CLUSTER SNAPSHOT ON');
      await untilTaken(site);
    },
    breaks: async (site) => storeAway(site),
  },
  cluster_snapshot_old: {
    broken: 'no snapshot of a shared-data cluster is finished for an hour',
    told: () => ({
      ...{ severity: 'HIGH', labels: {}, title: /The newest cluster snapshot is too old/ },
      words:
        /No newer cluster snapshot than automated_cluster_snapshot_\d+ was finished since .*One is due every 10 min/s,
    }),
    also: ['cluster_snapshot_failed'],
    breaks: async (site) => {
      const undo = storeAway(site);
      site.clock.moveTo(new Date(site.clock.now().getTime() + 3_600_000));
      return undo;
    },
  },
} as const satisfies Record<string, Breakage<ClockSite>>;
