import { readFile } from 'node:fs/promises';
import type { World } from '../../sandbox/world/start-world.ts';
import { needsConfirmation } from '../../src/domain/approval.ts';
import type { Run } from '../../src/domain/run.ts';
import { approveRun } from '../../src/runs/control.ts';
import { submit } from '../../src/runs/submit.ts';
import { listNodes } from '../../src/store/clusters/inventory.ts';
import { admin, approver, type Engine } from './engine.ts';

/** What tests do with a world and an engine together. */
export type Managed = {
  /** Asks for an operation as an administrator, and has it approved where that is needed; a refusal throws. */
  ask(operation: string, input: Record<string, unknown>): Promise<Run>;
  /** Works until the run has ended. */
  finish(runId: string): Promise<Run>;
  register(name: string): Promise<string>;
  registration(name: string): Record<string, unknown>;
  /** The input of adoptCluster, with the keys of all hosts vouched for. */
  adoption(name: string): Promise<Record<string, unknown>>;
  host(name: string): ReturnType<World['describe']>['hosts'][number];
  nodeIdOf(clusterId: string, name: string): Promise<string>;
  /** The input of attachHosts for these hosts, with their keys vouched for. */
  attachInput(clusterId: string, names: readonly string[]): Promise<Record<string, unknown>>;
};

export function manage(world: World, engine: Engine): Managed {
  const managed: Managed = {
    ask: async (operation, input) => {
      const deps = engine.ctx.engine;
      const confirm = await nameToType(engine, operation, input);
      const { run, userErrors } = await submit(deps, { operation, input, actor: admin, options: { confirm } });
      if (run === null) throw new Error(`${operation} was refused: ${JSON.stringify(userErrors)}`);
      return run.state === 'AWAITING_APPROVAL' ? approveRun(deps, { runId: run.id, actor: approver }) : run;
    },
    finish: async (runId) => {
      const worker = engine.work();
      try {
        return await engine.until(runId);
      } finally {
        await worker.stop();
      }
    },
    register: async (name) => {
      const run = await managed.ask('registerCluster', managed.registration(name));
      const ended = await managed.finish(run.id);
      if (ended.state !== 'SUCCEEDED') throw new Error(`registerCluster ended as ${JSON.stringify(ended.failure)}`);
      return run.clusterId;
    },
    registration: (name) => {
      const { cluster } = world.describe();
      const frontends = cluster.frontends.map(({ host, queryPort }) => ({ host, port: queryPort }));
      return { name, environment: 'dev', frontends, sqlUser: cluster.sqlUser, password: cluster.sqlPassword };
    },
    adoption: async (name) => {
      const { hosts } = world.describe();
      const [first] = hosts;
      if (first === undefined) throw new Error('no host');
      return {
        ...managed.registration(name),
        ...{ user: first.user, privateKey: await readFile(first.keyFile, 'utf8'), sshPort: first.sshPort },
        hostKeys: hosts.map(({ address, hostKeyFingerprint }) => ({ address, fingerprint: hostKeyFingerprint })),
      };
    },
    host: (name) => {
      const { hosts } = world.describe();
      const isOf = (host: (typeof hosts)[number]) =>
        host.name === name || host.nodes.some((node) => node.name === name);
      const host = hosts.find(isOf);
      if (host === undefined) throw new Error(`no host ${name}`);
      return host;
    },
    nodeIdOf: async (clusterId, name) => {
      const host = managed.host(name);
      const seeded = host.nodes.find((node) => node.name === name);
      const node = (await listNodes(engine.ctx.db, clusterId)).find(
        (candidate) => candidate.host === host.address && (seeded === undefined || candidate.port === seeded.port),
      );
      if (node === undefined) throw new Error(`no node ${name}`);
      return node.id;
    },
    attachInput: async (clusterId, names) => {
      const hosts = await Promise.all(
        names.map(async (name) => {
          const host = managed.host(name);
          const nodes = host.nodes.map(async (node) => ({
            nodeId: await managed.nodeIdOf(clusterId, node.name),
            deployDir: node.deployDir,
          }));
          return {
            address: host.address,
            port: host.sshPort,
            hostKeyFingerprint: host.hostKeyFingerprint,
            nodes: await Promise.all(nodes),
          };
        }),
      );
      const first = managed.host(names[0] ?? 'be1');
      return { clusterId, user: first.user, privateKey: await readFile(first.keyFile, 'utf8'), hosts };
    },
  };
  return managed;
}

/** What has to be typed for a destructive operation. */
async function nameToType({ ctx }: Engine, operation: string, { clusterId }: Record<string, unknown>) {
  const risk = ctx.engine.operations.get(operation)?.risk;
  if (risk === undefined || !needsConfirmation(risk)) return null;
  return (await ctx.connections.inventory.findCluster(String(clusterId)))?.name ?? null;
}

/** The lines of one of the world's logs, from a line number on. */
export async function logLines(file: string, from = 0): Promise<Record<string, unknown>[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter(Boolean)
    .slice(from)
    .map((line) => JSON.parse(line));
}
