import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultInput } from '../../../sandbox/world/faults.ts';
import { connectSql, type Row, type Sql } from '../../../sandbox/world/sql.ts';
import { startWorld, type World, type WorldOptions } from '../../../sandbox/world/start-world.ts';
import { cancelRun } from '../../../src/runs/control.ts';
import { submit } from '../../../src/runs/submit.ts';
import { admin } from '../../helpers/engine.ts';
import { type Managed, manage } from '../../helpers/world.ts';
import { type AlertLab, type LabOptions, startAlertLab } from './alert-lab.ts';

/** Takes something back. */
export type Undo = () => Promise<unknown>;

/** A cluster of processes with clients, and a Starwarden that has adopted it. */
export type Site = {
  readonly lab: AlertLab;
  readonly world: World;
  readonly managed: Managed;
  readonly clusterId: string;
  /** As root, at the first frontend that answers. */
  sql(text: string): Promise<readonly Row[]>;
  /** Another client of a frontend. */
  connect(node: string, login?: { readonly user: string; readonly password: string }): Promise<Sql>;
  /** Asks for something that needs an approval, which nobody gives. */
  leaveWaiting(operation: string, input: Record<string, unknown>): Promise<{ number: number; cancel: Undo }>;
  /** `be 127.1.2.3:9050`. */
  label(node: string): string;
  /** The storage paths of a backend. */
  paths(node: string): readonly string[];
  /** The rule of the sandbox at one node, or at all. */
  fault(rule: FaultInput, node?: string): Promise<Undo>;
  /** Clients of all frontends send this several times a second, whatever comes of it. */
  send(text: string): Undo;
  close(): Promise<void>;
};

const root = { user: 'root', password: '' };
const pauseMs = 150;

export async function startSite(options: WorldOptions & LabOptions = {}): Promise<Site> {
  await using undo = new AsyncDisposableStack();
  const { secondsAMinute, now, plugins, env, ...worldOptions } = options;
  const usual = { speed: 20, version: '3.5.0', tinyReleases: true };
  const world = await startWorld({ ...usual, ...worldOptions, starwarden: false, slack: false });
  undo.defer(() => world.stop());
  const lab = await startAlertLab({
    ...(secondsAMinute === undefined ? {} : { secondsAMinute }),
    ...(now === undefined ? {} : { now }),
    ...(plugins === undefined ? {} : { plugins }),
    ...(env === undefined ? {} : { env }),
  });
  undo.defer(() => lab.close());
  lab.engine.work();
  const managed = manage(world, lab.engine);
  const { cluster } = world.describe();
  const connect: Site['connect'] = (node, login = root) => {
    const frontend = cluster.frontends.find(({ name }) => name === node);
    if (frontend === undefined) throw new Error(`no frontend ${node}`);
    return connectSql({ host: frontend.host, port: frontend.queryPort, ...login });
  };
  const sql: Site['sql'] = async (text) => {
    const failures: unknown[] = [];
    for (const { name } of cluster.frontends) {
      const client = await connect(name).catch((error: unknown) => void failures.push(error));
      if (client === undefined) continue;
      try {
        return await client.query(text);
      } finally {
        client.close();
      }
    }
    throw new AggregateError(failures, 'no frontend lets root in');
  };
  // Limits of other users are shown only to those who may grant.
  await sql(`GRANT user_admin TO USER '${cluster.sqlUser}'@'%'`);
  const roles = `${cluster.sqlUser}_role, cluster_admin, user_admin`;
  await sql(`ALTER USER '${cluster.sqlUser}'@'%' DEFAULT ROLE ${roles}`);
  const { id } = await managed.ask('adoptCluster', await managed.adoption('world'));
  const adopted = await lab.engine.until(id);
  if (adopted.state !== 'SUCCEEDED') throw new Error(`adoptCluster ended as ${JSON.stringify(adopted.failure)}`);

  const wanted = new Set<string>();
  const ending = new AbortController();
  const clients = cluster.frontends.map(({ name }) => keepSending({ name, connect, wanted, signal: ending.signal }));
  undo.defer(async () => {
    ending.abort();
    await Promise.all(clients);
  });
  const all = undo.move();
  return {
    ...{ lab, world, managed, sql, connect },
    clusterId: adopted.clusterId,
    label: (node) => {
      const { kind, address, ports } = world.node(node);
      return kind === 'fe' ? `fe ${address}:${ports.edit_log_port}` : `be ${address}:${ports.heartbeat_service_port}`;
    },
    leaveWaiting: async (operation, input) => {
      const deps = lab.engine.ctx.engine;
      const { run, userErrors } = await submit(deps, { operation, input, actor: admin, options: {} });
      if (run === null) throw new Error(`${operation} was refused: ${JSON.stringify(userErrors)}`);
      if (run.state !== 'AWAITING_APPROVAL') throw new Error(`R-${run.number} is ${run.state}`);
      return { number: run.number, cancel: () => cancelRun(deps, { runId: run.id, actor: admin }) };
    },
    paths: (node) => world.node(node).dataDirs,
    fault: async (rule, node) => {
      const place = node === undefined ? {} : world.node(node).faultPlace;
      const fault = await world.faults.add({ ...rule, ...place });
      return () => world.faults.remove(fault);
    },
    send: (text) => {
      wanted.add(text);
      return async () => wanted.delete(text);
    },
    close: () => all.disposeAsync(),
  };
}

type Sending = Pick<Site, 'connect'> & {
  readonly name: string;
  readonly wanted: ReadonlySet<string>;
  readonly signal: AbortSignal;
};

/** A client that goes on whatever fails, as a pool of an application does. */
async function keepSending({ name, connect, wanted, signal }: Sending): Promise<void> {
  let client: Sql | null = null;
  while (!signal.aborted) {
    for (const text of wanted) {
      client ??= await connect(name).catch(() => null);
      const isSent = await client?.query(text).then(
        () => true,
        (error: unknown) =>
          error instanceof Error && 'errno' in error && typeof error.errno === 'number' && error.errno > 0,
      );
      if (isSent) continue;
      client?.close();
      client = null;
    }
    await sleep(pauseMs);
  }
  client?.close();
}
