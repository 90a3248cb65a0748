import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { connectSql } from '../world/sql.ts';
import type { World } from '../world/start-world.ts';
import type { Api } from './api.ts';
import { Wrong } from './teller.ts';

const node = z.object({ address: z.string(), alive: z.boolean(), version: z.string().nullable() });
const versionsShape = z.object({
  cluster: z.object({
    versions: z.object({ state: z.string(), summary: z.string() }),
    frontends: z.array(node),
    backends: z.array(node),
  }),
});
const versionsQuery = `query Versions($id: ID!) {
  cluster(id: $id) {
    versions { state summary }
    frontends { address alive version }
    backends { address alive version }
  }
}`;

export type Versions = {
  readonly state: string;
  /** In Starwarden's words. */
  readonly summary: string;
  /** The release of each node, by its name, without the commit. */
  readonly byNode: Readonly<Record<string, string>>;
};

type Subject = { readonly world: World; readonly api: Api; readonly clusterId: string };

/** What Starwarden says that the nodes run. */
export async function readVersions({ world, api, clusterId }: Subject): Promise<Versions> {
  const { cluster } = await api.query(versionsShape, versionsQuery, { id: clusterId });
  const { hosts } = world.describe();
  const byNode = [...cluster.frontends, ...cluster.backends].map(({ address, version }) => [
    hosts.find((host) => host.address === address)?.name ?? address,
    version?.replace(/-.*/, '') ?? 'unknown',
  ]);
  return { ...cluster.versions, byNode: Object.fromEntries(byNode) };
}

export type Watch = {
  /** The nodes in the order in which they were first seen on the release. */
  order(): readonly string[];
  /** What Starwarden called the cluster while its nodes differed; null when nobody caught it. */
  mixed(): string | null;
  stop(): Promise<void>;
};

/** Looks several times a second which nodes run the release by now. */
export function watchVersions(subject: Subject, { to, tell }: { to: string; tell: (text: string) => void }): Watch {
  const order: string[] = [];
  let mixed: string | null = null;
  const ending = new AbortController();
  const watching = (async () => {
    while (!ending.signal.aborted) {
      const { state, summary, byNode } = await readVersions(subject);
      const arrived = Object.entries(byNode).filter(([name, version]) => version === to && !order.includes(name));
      order.push(...arrived.map(([name]) => name));
      if (state === 'MIXED') mixed ??= summary;
      tell(`${summary}${order.length === 0 ? '' : `; so far ${order.join(', ')}`}`);
      await sleep(250, undefined, { signal: ending.signal }).catch(() => {}); // woken up early
    }
  })();
  watching.catch(() => {}); // thrown by stop()
  return {
    order: () => order,
    mixed: () => mixed,
    stop: async () => {
      ending.abort();
      await watching;
    },
  };
}

/** What an upgrade must leave as it was: the scheduler's values on every frontend, and every configuration file. */
export async function readUntouched(world: World): Promise<string> {
  const { cluster, hosts } = world.describe();
  const scheduling = await Promise.all(
    cluster.frontends.map(async ({ name, host, queryPort }) => {
      const sql = await connectSql({ host, port: queryPort, user: 'root', password: '' });
      try {
        const rows = await sql.query("ADMIN SHOW FRONTEND CONFIG LIKE 'tablet_sched_%'");
        return [name, ...rows.map(({ Key, Value }) => `${Key}=${Value}`).toSorted()];
      } finally {
        sql.close();
      }
    }),
  );
  const nodes = hosts.flatMap((host) => host.nodes);
  const files = await Promise.all(
    nodes.map(async ({ name, kind, deployDir }) => [name, await readFile(`${deployDir}/conf/${kind}.conf`, 'utf8')]),
  );
  if (scheduling.some((values) => values.length < 2)) throw new Wrong('A frontend told no scheduler settings');
  return JSON.stringify({ scheduling, files });
}

/** The frontend that leads now, by its name. */
export async function readLeader(world: World): Promise<string> {
  const [first] = world.describe().cluster.frontends;
  if (first === undefined) throw new Wrong('The world has no frontend');
  const sql = await connectSql({ host: first.host, port: first.queryPort, user: 'root', password: '' });
  try {
    const leader = (await sql.query('SHOW FRONTENDS')).find(({ Role }) => Role === 'LEADER');
    const name = world.describe().hosts.find(({ address }) => address === leader?.IP)?.name;
    if (name === undefined) throw new Wrong('No frontend leads');
    return name;
  } finally {
    sql.close();
  }
}
