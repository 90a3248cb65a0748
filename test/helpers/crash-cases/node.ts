import { expect } from 'vitest';
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

  /** Pauses of tablet scheduling are as many as frontends take part, and are put back: `openChanges`. */
  async function scriptsSent(): Promise<readonly string[]> {
    return (await changesSent()).filter((sent) => sent.endsWith('.sh')).toSorted();
  }

  async function openChanges(): Promise<number> {
    const { db } = engine.ctx;
    return (await db.selectFrom('temporary_change').selectAll().where('state', '=', 'OPEN').execute()).length;
  }

  async function stoppedOnPurpose(): Promise<number> {
    return (await engine.ctx.connections.inventory.listStoppedNodes(tools.clusterId())).length;
  }

  async function operate(operation: string, name: string): Promise<void> {
    const nodeIds = [await managed.nodeIdOf(tools.clusterId(), name)];
    const asked = await managed.ask(operation, { clusterId: tools.clusterId(), nodeIds });
    expect(await managed.finish(asked.id)).toMatchObject({ state: 'SUCCEEDED' });
  }

  async function ensureRunning(name: string): Promise<void> {
    if (tools.world.pidOf(name) === null) await operate('startNodes', name);
  }

  async function ensureStopped(name: string): Promise<void> {
    if (tools.world.pidOf(name) !== null) await operate('stopNodes', name);
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
    rollingRestart: {
      prepare: ensureAllAttached,
      input: async () => ({
        ...{ clusterId: tools.clusterId(), kinds: ['BACKEND'], maxRunningQueries: 1_000, gateFactor: 100 },
        ...{ soakSeconds: 1, stopTimeoutSeconds: 60, gateTimeoutSeconds: 60, acceptWarnings: ['loads-running'] },
      }),
      effects: async () => [...(await scriptsSent()), `open changes ${await openChanges()}`],
      wanted: [...['start_be.sh', 'stop_be.sh'].flatMap((script) => Array<string>(3).fill(script)), 'open changes 0'],
    },
    stopNodes: {
      prepare: async () => {
        await ensureAllAttached();
        await ensureRunning('be1');
      },
      input: async () => ({
        clusterId: tools.clusterId(),
        nodeIds: [await managed.nodeIdOf(tools.clusterId(), 'be1')],
        acceptDowntime: true,
      }),
      effects: async () => [...(await scriptsSent()), `stopped on purpose ${await stoppedOnPurpose()}`],
      wanted: ['stop_be.sh', 'stopped on purpose 1'],
    },
    startNodes: {
      prepare: async () => {
        await ensureAllAttached();
        await ensureStopped('be1');
      },
      input: async () => ({
        clusterId: tools.clusterId(),
        nodeIds: [await managed.nodeIdOf(tools.clusterId(), 'be1')],
      }),
      effects: async () => [...(await scriptsSent()), `stopped on purpose ${await stoppedOnPurpose()}`],
      wanted: ['start_be.sh', 'stopped on purpose 0'],
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
