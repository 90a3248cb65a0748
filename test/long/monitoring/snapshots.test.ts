import { startCluster } from '../../sandbox/starrocks/helpers/cluster.ts';
import { snapshots } from './breakages/snapshots.ts';
import { startClockSite } from './clock-site.ts';
import { tryInTurn } from './try-rules.ts';

const start = () =>
  startClockSite(async (conf) => {
    const cluster = await startCluster({
      ...{ version: '3.5.0', frontends: 1, backends: 1, speed: 300 },
      conf: { ...conf, run_mode: 'shared_data' },
    });
    return { cluster, sql: await cluster.connect(), stop: () => cluster.stop() };
  });

tryInTurn({ start, breakages: snapshots });
