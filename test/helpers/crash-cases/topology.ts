import { dropBackend, showBackends } from '../../../src/adapters/starrocks/statements.ts';
import { listNodes } from '../../../src/store/clusters/inventory.ts';
import type { CaseTools, CrashCase } from './case.ts';

/** Operations that change which nodes a cluster has. */
export function topologyCases(tools: CaseTools): Readonly<Record<string, CrashCase>> {
  const { world, engine, ensureCluster, changesSent } = tools;
  const sql = () => engine.ctx.connections.portsFor(tools.clusterId()).sql;

  /** The last backend, which goes on running when the cluster knows it no more. */
  const last = () => {
    const nodes = world.describe().hosts.flatMap((host) => host.nodes.map((node) => ({ ...node, host: host.address })));
    const found = nodes.filter(({ name }) => name.startsWith('be')).at(-1);
    if (found === undefined) throw new Error('the world has no backend');
    return found;
  };

  return {
    addRunningNodes: {
      prepare: async () => {
        await ensureCluster();
        const { host, port } = last();
        const rows = await sql().query(showBackends());
        if (rows.some((row) => row.IP === host)) await sql().query(dropBackend({ host, port, force: false }));
      },
      input: async () => ({
        clusterId: tools.clusterId(),
        kind: 'BACKEND',
        nodes: [`${last().host}:${last().port}`],
      }),
      effects: async () => {
        const known = await listNodes(engine.ctx.db, tools.clusterId());
        return [...(await changesSent()), `known ${known.filter(({ host }) => host === last().host).length}`];
      },
      wanted: ['ALTER', 'known 1'],
    },
  };
}
