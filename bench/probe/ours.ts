import { z } from 'zod';
import { createNodeHttp } from '../../src/adapters/http/fetch.ts';
import { readTopology, toObservedNodes } from '../../src/adapters/starrocks/read-topology.ts';
import { createContext } from '../../src/app/context.ts';
import { loadConfig } from '../../src/config.ts';
import { AppError } from '../../src/errors.ts';
import { newId } from '../../src/ids.ts';
import { startMonitor } from '../../src/monitor/start.ts';
import { insertCluster } from '../../src/store/clusters/inventory.ts';
import { saveTopology } from '../../src/store/clusters/topology.ts';
import { paperSql } from './paper-sql.ts';

/*
 * The monitor as `npm start` runs it, with its own MariaDB and real HTTP to every node; what clusters answer to SQL is made in
 * this process, and counts as ours.
 */

const orderShape = z.object({ clusters: z.number(), block: z.number(), port: z.number() });
const { clusters, block, port } = orderShape.parse(JSON.parse(process.argv[2] ?? ''));
const { ctx, close } = await createContext(loadConfig());
const http = createNodeHttp();
const numbers = new Map<string, number>();

for (let cluster = 0; cluster < clusters; cluster += 1) {
  const id = newId('clu');
  const seeds = [{ host: '127.0.0.1', port: 1 }];
  const login = { sqlUser: 'starwarden', passwordRef: 'secret:sec_none', seeds, tls: null };
  await insertCluster(ctx.db, { id, name: `bench-${cluster}`, environment: 'dev', ...login });
  const nodes = toObservedNodes(await readTopology(paperSql({ cluster, block, port })));
  await saveTopology(ctx.db, id, { nodes, runMode: 'shared_nothing' });
  numbers.set(id, cluster);
}

const monitor = startMonitor({
  ...ctx,
  connections: {
    reading: (clusterId, signal) => {
      const cluster = numbers.get(clusterId);
      if (cluster === undefined) throw new Error(`no cluster ${clusterId} in this benchmark`);
      const objects = async () => {
        throw new AppError('OBJECT_STORE_NO_ACCESS', 'there is no store in this benchmark');
      };
      const shell = async () => {
        throw new AppError('CREDENTIAL_MISSING', 'there is no host in this benchmark');
      };
      return { sql: paperSql({ cluster, block, port }), http, objects, shell, signal, now: ctx.now };
    },
  },
});
process.stdout.write(`${JSON.stringify({ event: 'listening', url: 'monitor' })}\n`);
process.once('SIGTERM', async () => {
  await monitor.stop();
  await close();
});
