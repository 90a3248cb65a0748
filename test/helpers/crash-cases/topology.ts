import { mkdir, mkdtemp, readdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { readIdentities } from '../../../src/adapters/ssh/data-dirs.ts';
import { readTopology } from '../../../src/adapters/starrocks/read-topology.ts';
import {
  adminSetFrontendConfig,
  decommissionBackend,
  dropBackend,
  showBackends,
} from '../../../src/adapters/starrocks/statements.ts';
import type { Run } from '../../../src/domain/run.ts';
import { newId } from '../../../src/ids.ts';
import { listHosts } from '../../../src/store/clusters/hosts.ts';
import { listNodes } from '../../../src/store/clusters/inventory.ts';
import { listRemovedNodes, saveRemovedNode } from '../../../src/store/clusters/removed-nodes.ts';
import type { CaseTools, CrashCase } from './case.ts';

type Replaced = {
  readonly kind: 'fe' | 'be' | 'cn';
  /** The address of the node that leaves. */
  readonly old: () => Promise<string>;
  readonly prepare?: () => Promise<void>;
  readonly more?: Record<string, unknown>;
  readonly sends: readonly string[];
};

/** Operations that change which nodes a cluster has. */
export function topologyCases(tools: CaseTools): Readonly<Record<string, CrashCase>> {
  const { world, engine, managed, ensureCluster, ensureAllAttached, changesSent } = tools;
  const sql = () => engine.ctx.connections.portsFor(tools.clusterId()).sql;

  /** The last backend, which goes on running when the cluster knows it no more. */
  const last = () => {
    const nodes = world.describe().hosts.flatMap((host) => host.nodes.map((node) => ({ ...node, host: host.address })));
    const found = nodes.filter(({ name }) => name.startsWith('be')).at(-1);
    if (found === undefined) throw new Error('the world has no backend');
    return found;
  };

  const idOf = async (host: string) =>
    (await listNodes(engine.ctx.db, tools.clusterId())).find((node) => node.host === host)?.id ?? '';

  const letMove = (moves: boolean) =>
    sql().query(adminSetFrontendConfig('tablet_sched_max_scheduling_tablets', moves ? '10000' : '-1'));

  async function leftBehind(run: Run): Promise<readonly string[]> {
    const all = await listRemovedNodes(engine.ctx.db, tools.clusterId());
    const left = all.filter(({ runId }) => runId === run.id);
    const ended = left.filter(({ processEnded }) => processEnded === true).length;
    return [...(await changesSent()), `left ${left.length}, ended ${ended}`];
  }

  /** A machine without nodes; only a lab with such ones tries what installs something. */
  const spare = (name: string) => {
    const { emptyDirs, address } = managed.host(name);
    return {
      ...{ clusterId: tools.clusterId(), hosts: [address], acceptChecks: ['open-files'] },
      ...{ deployDir: join(emptyDirs.deploy, 'node'), data: join(emptyDirs.data, 'node') },
    };
  };

  async function ensureSpare(name: string): Promise<void> {
    await ensureCluster();
    const { address } = managed.host(name);
    if ((await listHosts(engine.ctx.db, tools.clusterId())).some((host) => host.address === address)) return;
    const run = await managed.ask('attachHosts', await managed.attachInput(tools.clusterId(), [name]));
    expect(await managed.finish(run.id)).toMatchObject({ state: 'SUCCEEDED' });
    await tools.ensureReleases();
  }

  const installs = (name: string, given: (at: ReturnType<typeof spare>) => Record<string, unknown>): CrashCase => ({
    prepare: () => ensureSpare(name),
    input: async () => {
      const { data: _data, ...at } = spare(name);
      return { ...at, ...given(spare(name)) };
    },
    effects: async () => [...(await changesSent()), `running ${world.nodesOn(name).length}`],
    wanted: ['ALTER', 'running 1'],
  });

  /** Puts a node on a machine without nodes in the place of the one that is named, on what `prepare` has made of the cluster. */
  const replaces = (name: string, given: Replaced): CrashCase => ({
    prepare: async () => {
      await ensureAllAttached();
      await tools.ensureReleases();
      await sql().query(adminSetFrontendConfig('drop_backend_after_decommission', 'false'));
      await letMove(true);
      await given.prepare?.();
    },
    input: async () => {
      const { data, hosts, ...at } = spare(name);
      const own = given.kind === 'fe' ? { metaDir: data } : given.kind === 'be' ? { storage: [data] } : {};
      const nodeId = await idOf(await given.old());
      return { ...at, host: hosts[0], ...own, nodeId, stopTimeoutSeconds: 60, ...given.more };
    },
    effects: async (run) => [...(await leftBehind(run)), `running ${world.nodesOn(name).length}`],
    wanted: [...given.sends, 'left 1, ended 1', 'running 1'],
  });

  const leader = async () => (await readTopology(sql())).frontends.find(({ role }) => role === 'LEADER')?.host ?? '';

  /** The process is gone and the cluster has noticed; its machine is there. */
  async function letDie(name: string): Promise<void> {
    if (world.pidOf(name) !== null) await world.kill(name);
    const { address } = managed.host(name);
    const isDown = async () => {
      const { frontends, backends } = await readTopology(sql());
      return [...frontends, ...backends].some(({ host, alive }) => host === address && !alive);
    };
    await expect.poll(isDown, { timeout: 60_000 }).toBe(true);
  }

  /** `moveNode` takes three kinds of nodes: as many cases. */
  const moves = {
    backend: replaces('host4', {
      ...{ kind: 'be', old: async () => managed.host('be1').address, more: { stallAfterSeconds: 2 } },
      sends: ['ALTER', 'ALTER', 'ALTER', 'start_be.sh', 'stop_be.sh'],
    }),
    computeNode: replaces('host5', {
      ...{ kind: 'cn', old: async () => managed.host('cn1').address, more: { queryWaitSeconds: 1 } },
      sends: ['ALTER', 'ALTER', 'start_cn.sh', 'stop_cn.sh'],
    }),
    leader: replaces('host3', {
      ...{ kind: 'fe', old: leader, more: { moveLeader: true } },
      sends: ['ALTER', 'ALTER', 'start_fe.sh', 'stop_fe.sh'],
    }),
  };

  /** Where a backend was that has left long ago. */
  let left = { id: '', data: '' };

  /** A backend that nobody sees any more, with what it kept on the last host. */
  async function leaveData(): Promise<void> {
    await ensureAllAttached();
    const host = (await listHosts(engine.ctx.db, tools.clusterId())).find(({ address }) => address === last().host);
    if (host === undefined) throw new Error('the last host is not attached');
    const home = await realpath(await mkdtemp(join(world.describe().dir, 'left-')));
    const data = join(home, 'storage');
    await mkdir(join(data, 'data'), { recursive: true });
    await writeFile(join(data, 'cluster_id'), '4711-token');
    for (const name of ['a', 'b', 'c']) await writeFile(join(data, 'data', name), name);
    const shell = await engine.ctx.connections.portsFor(tools.clusterId()).shell(host.id);
    const { signal } = new AbortController();
    const identities = await readIdentities(shell, { kind: 'BACKEND', dirs: [data] }, signal);
    const where = { clusterId: tools.clusterId(), runId: newId('run') };
    await engine.ctx.db.transaction().execute((tx) =>
      saveRemovedNode(tx, where, {
        ...{ kind: 'BACKEND', host: host.address, port: 59_050, dataDirs: [data], identities, processEnded: true },
        place: { hostId: host.id, deployDir: home, unit: null },
      }),
    );
    const all = await listRemovedNodes(engine.ctx.db, tools.clusterId());
    left = { data, id: all.find(({ runId }) => runId === where.runId)?.id ?? '' };
  }

  return {
    purgeNodeData: {
      prepare: leaveData,
      input: async () => ({ clusterId: tools.clusterId(), removedNodeIds: [left.id] }),
      effects: async () => {
        const all = await listRemovedNodes(engine.ctx.db, tools.clusterId());
        const isPurged = all.some(({ id, purgedAt }) => id === left.id && purgedAt !== null);
        return [...(await changesSent()), `left ${(await readdir(left.data)).length}, purged ${isPurged}`];
      },
      wanted: ['left 0, purged true'],
    },
    addBackends: {
      // By systemd, so that its unit is written and started too.
      ...installs('host1', ({ data }) => ({ storage: [data], location: 'rack:r1', systemd: true })),
      // The script's name is in the text of the unit, which is written once.
      wanted: ['ALTER', 'ALTER', 'start_be.sh', 'running 1'],
    },
    addComputeNodes: {
      ...installs('host2', ({ data }) => ({ storage: [data] })),
      wanted: ['ALTER', 'start_cn.sh', 'running 1'],
    },
    addFrontends: {
      ...installs('host3', ({ data }) => ({ metaDir: data, role: 'OBSERVER' })),
      wanted: ['ALTER', 'start_fe.sh', 'running 1'],
    },
    deployCluster: {
      prepare: tools.ensureReleases,
      input: async () => {
        const { address, sshPort: port, hostKeyFingerprint, user, keyFile, emptyDirs } = managed.host('host1');
        const { deploy, data } = emptyDirs;
        return {
          ...{ name: `deployed-${Date.now()}`, version: world.describe().cluster.version, user },
          ...{ privateKey: await readFile(keyFile, 'utf8'), hosts: [{ address, port, hostKeyFingerprint }] },
          frontends: [{ host: address, deployDir: join(deploy, 'fe'), metaDir: join(data, 'meta') }],
          backends: [{ host: address, deployDir: join(deploy, 'be'), storage: [join(data, 'be')] }],
          ...{ password: 'own-1', rootPassword: 'root-2', acceptChecks: ['open-files'] },
        };
      },
      effects: async (run) => {
        const nodes = await listNodes(engine.ctx.db, run.clusterId);
        const hosts = await listHosts(engine.ctx.db, run.clusterId);
        return [
          ...(await changesSent()).filter((sent) => sent.endsWith('.sh')),
          `running ${world.nodesOn('host1').length}, known ${nodes.length} on ${hosts.length}`,
        ];
      },
      wanted: ['start_fe.sh', 'start_be.sh', 'running 2, known 2 on 1'],
    },
    replaceBackend: replaces('host1', {
      ...{ kind: 'be', old: async () => last().host, more: { stallAfterSeconds: 2 } },
      prepare: () => letDie(last().name),
      sends: ['ALTER', 'ALTER', 'ALTER', 'start_be.sh'],
    }),
    replaceFrontend: replaces('host2', {
      ...{ kind: 'fe', old: async () => managed.host('fe3').address },
      prepare: () => letDie('fe3'),
      sends: ['ALTER', 'ALTER', 'start_fe.sh'],
    }),
    moveNode: moves.leader,
    'moveNode: backend': moves.backend,
    'moveNode: compute node': moves.computeNode,
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
    cancelDecommission: {
      prepare: async () => {
        await ensureCluster();
        await letMove(false);
        await sql().query(decommissionBackend(last()));
      },
      input: async () => ({ clusterId: tools.clusterId(), nodeIds: [await idOf(last().host)] }),
      effects: changesSent,
      wanted: ['CANCEL'],
    },
    decommissionBackends: {
      prepare: async () => {
        await ensureAllAttached();
        // The leader leaves the last step to us then, so that it can be died in.
        await sql().query(adminSetFrontendConfig('drop_backend_after_decommission', 'false'));
        await letMove(true);
      },
      input: async () => ({
        ...{ clusterId: tools.clusterId(), nodeIds: [await idOf(last().host)] },
        ...{ stallAfterSeconds: 2, stopTimeoutSeconds: 60 },
      }),
      effects: leftBehind,
      wanted: ['ALTER', 'ALTER', 'stop_be.sh', 'left 1, ended 1'],
    },
    removeComputeNodes: {
      prepare: ensureAllAttached,
      input: async () => {
        const [found] = (await readTopology(sql())).computeNodes;
        return { clusterId: tools.clusterId(), nodeIds: [await idOf(found?.host ?? '')], stopTimeoutSeconds: 60 };
      },
      effects: leftBehind,
      wanted: ['ALTER', 'stop_cn.sh', 'left 1, ended 1'],
    },
    dropFrontends: {
      prepare: ensureAllAttached,
      input: async () => {
        const leader = (await readTopology(sql())).frontends.find(({ role }) => role === 'LEADER');
        const nodeIds = [await idOf(leader?.host ?? '')];
        return { clusterId: tools.clusterId(), nodeIds, moveLeader: true, stopTimeoutSeconds: 60 };
      },
      effects: leftBehind,
      wanted: ['ALTER', 'stop_fe.sh', 'left 1, ended 1'],
    },
  };
}
