import { readTopology } from '../../../src/adapters/starrocks/read-topology.ts';
import { setBackendLocation } from '../../../src/adapters/starrocks/statements.ts';
import type { CaseTools, CrashCase } from './case.ts';

/** Operations about single nodes. */
export function nodeCases(tools: CaseTools): Readonly<Record<string, CrashCase>> {
  const { engine, managed, ensureCluster, ensureAllAttached, changesSent } = tools;
  const sql = () => engine.ctx.connections.portsFor(tools.clusterId()).sql;

  async function locations(): Promise<readonly string[]> {
    return (await readTopology(sql())).backends.map(({ location }) => location ?? 'nowhere');
  }

  return {
    restartNode: {
      prepare: ensureAllAttached,
      input: async () => ({
        clusterId: tools.clusterId(),
        nodeId: await managed.nodeIdOf(tools.clusterId(), 'be1'),
      }),
      effects: changesSent,
      wanted: ['stop_be.sh', 'start_be.sh'],
    },
    setNodeLocation: {
      prepare: async () => {
        await ensureCluster();
        for (const { host, heartbeatPort: port, location } of (await readTopology(sql())).backends)
          if (location !== null) await sql().query(setBackendLocation({ host, port, location: null }));
      },
      input: async () => ({
        clusterId: tools.clusterId(),
        nodeIds: [await managed.nodeIdOf(tools.clusterId(), 'be1')],
        location: 'rack:r1',
      }),
      effects: async () => [...(await changesSent()), ...(await locations()).toSorted()],
      wanted: ['ALTER', 'nowhere', 'nowhere', 'rack:r1'],
    },
  };
}
