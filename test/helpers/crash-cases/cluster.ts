import { expect } from 'vitest';
import { listNodes } from '../../../src/store/clusters/inventory.ts';
import type { CaseTools, CrashCase } from './case.ts';

/** Operations that change what is known of a cluster and its hosts, and those that only look. */
export function clusterCases(tools: CaseTools): Readonly<Record<string, CrashCase>> {
  const { world, engine, managed, ensureCluster, changesSent, count } = tools;
  const nodes = world.describe().hosts.flatMap((host) => host.nodes).length;

  async function ensureAttached(): Promise<void> {
    await ensureCluster();
    const node = await engine.ctx.connections.inventory.findNode(await managed.nodeIdOf(tools.clusterId(), 'be1'));
    const host = node?.hostId == null ? null : await engine.ctx.connections.inventory.findHost(node.hostId);
    if (host !== null) return;
    const run = await managed.ask('attachHosts', await managed.attachInput(tools.clusterId(), ['be1']));
    expect(await managed.finish(run.id)).toMatchObject({ state: 'SUCCEEDED' });
  }

  return {
    registerCluster: {
      prepare: tools.forgetAll,
      input: async () => managed.registration(`crash-${Date.now()}`),
      effects: async (run) => [
        ...(await changesSent()),
        `clusters ${await count('cluster', 'name', run.clusterName)}`,
        `nodes ${(await listNodes(engine.ctx.db, run.clusterId)).length}`,
      ],
      wanted: ['clusters 1', `nodes ${nodes}`],
    },
    adoptCluster: {
      prepare: tools.forgetAll,
      input: async () => managed.adoption(`adopted-${Date.now()}`),
      effects: async (run) => [
        ...(await changesSent()),
        `clusters ${await count('cluster', 'name', run.clusterName)}`,
        `hosts ${await count('host', 'cluster_id', run.clusterId)}`,
        `keys ${await count('host_key', 'cluster_id', run.clusterId)}`,
        `tied ${(await listNodes(engine.ctx.db, run.clusterId)).filter(({ deployDir }) => deployDir !== null).length}`,
      ],
      wanted: ['clusters 1', `hosts ${nodes}`, `keys ${nodes}`, `tied ${nodes}`],
    },
    attachHosts: {
      prepare: async () => {
        await ensureCluster();
        await engine.ctx.db.deleteFrom('host').where('cluster_id', '=', tools.clusterId()).execute();
        await engine.ctx.db.deleteFrom('host_key').where('cluster_id', '=', tools.clusterId()).execute();
      },
      input: () => managed.attachInput(tools.clusterId(), ['be1']),
      effects: async () => [
        ...(await changesSent()),
        `hosts ${await count('host', 'cluster_id', tools.clusterId())}`,
        `keys ${await count('host_key', 'cluster_id', tools.clusterId())}`,
      ],
      wanted: ['hosts 1', 'keys 1'],
    },
    acceptHostKey: {
      prepare: async () => {
        await ensureCluster();
        await engine.ctx.db.deleteFrom('host_key').where('cluster_id', '=', tools.clusterId()).execute();
      },
      input: async () => {
        const host = managed.host('be2');
        return {
          clusterId: tools.clusterId(),
          address: host.address,
          port: host.sshPort,
          fingerprint: host.hostKeyFingerprint,
        };
      },
      effects: async () => [
        ...(await changesSent()),
        `keys ${await count('host_key', 'cluster_id', tools.clusterId())}`,
      ],
      wanted: ['keys 1'],
    },
    refreshCluster: {
      prepare: ensureCluster,
      input: async () => ({ clusterId: tools.clusterId() }),
      effects: async () => [
        ...(await changesSent()),
        `nodes ${(await listNodes(engine.ctx.db, tools.clusterId())).length}`,
      ],
      wanted: [`nodes ${nodes}`],
    },
    checkCluster: {
      prepare: ensureCluster,
      input: async () => ({ clusterId: tools.clusterId() }),
      effects: async (run) => [...(await changesSent()), `reports ${await count('check_report', 'run_id', run.id)}`],
      wanted: ['reports 1'],
    },
    checkHosts: {
      prepare: ensureAttached,
      input: async () => ({ clusterId: tools.clusterId(), hosts: [managed.host('be1').address], kinds: ['BACKEND'] }),
      effects: async (run) => [...(await changesSent()), `reports ${await count('check_report', 'run_id', run.id)}`],
      wanted: ['reports 1'],
    },
    checkUpgrade: {
      prepare: ensureCluster,
      input: async () => ({ clusterId: tools.clusterId(), to: '3.4.6' }),
      effects: async (run) => [...(await changesSent()), `reports ${await count('check_report', 'run_id', run.id)}`],
      wanted: ['reports 1'],
    },
    detachHost: {
      prepare: ensureAttached,
      input: async () => ({
        clusterId: tools.clusterId(),
        address: managed.host('be1').address,
        port: managed.host('be1').sshPort,
      }),
      effects: async () => [
        ...(await changesSent()),
        `hosts ${await count('host', 'address', managed.host('be1').address)}`,
      ],
      wanted: ['hosts 0'],
    },
    updateCluster: {
      prepare: async () => {
        await ensureCluster();
        await engine.ctx.db
          .updateTable('cluster')
          .set({ environment: 'dev' })
          .where('id', '=', tools.clusterId())
          .execute();
      },
      input: async () => ({ clusterId: tools.clusterId(), environment: 'staging' }),
      effects: async () => [...(await changesSent()), `in staging ${await count('cluster', 'environment', 'staging')}`],
      wanted: ['in staging 1'],
    },
    unregisterCluster: {
      prepare: ensureCluster,
      input: async () => ({ clusterId: tools.clusterId() }),
      effects: async () => [...(await changesSent()), `clusters ${await count('cluster', 'id', tools.clusterId())}`],
      wanted: ['clusters 0'],
    },
  };
}
