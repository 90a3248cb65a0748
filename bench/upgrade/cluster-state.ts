import { connectSql, type Sql } from '../../sandbox/world/sql.ts';
import type { UpgradeWorld } from './world.ts';

/** What an upgrade must leave as it was, and what it must have changed; read from the cluster alone. */
export type ClusterState = {
  /** `be3 3.5.0-48f4d81`, or `be3 is dead`. */
  readonly nodes: readonly string[];
  readonly unhealthyTablets: string;
  /** `fe1 tablet_sched_disable_balance false`, for each key of tablet scheduling on each frontend. */
  readonly scheduling: readonly string[];
  /** Rows of the table, and the sum of one of its columns. */
  readonly contents: string;
};

export async function readClusterState({ plan }: UpgradeWorld): Promise<ClusterState> {
  const frontends = plan.nodes.filter(({ kind }) => kind === 'fe');
  const nameOf = (address: string | null | undefined) => plan.nodes.find((node) => node.address === address)?.name;
  const connections = await Promise.all(
    frontends.map(async ({ name, address }) => ({ name, sql: await connectAsRoot(address, plan.ports.query) })),
  );
  try {
    const first = connections[0]?.sql;
    if (first === undefined) throw new Error('a cluster has a frontend');
    const rows = [...(await first.query('SHOW FRONTENDS')), ...(await first.query('SHOW BACKENDS'))];
    const [contents] = await first.query('SELECT count(*) AS n, sum(value) AS total FROM bench.t');
    const total = (await first.query(`SHOW PROC '/statistic'`)).at(-1);
    return {
      nodes: rows.map((row) => `${nameOf(row.IP)} ${row.Alive === 'true' ? row.Version : 'is dead'}`).toSorted(),
      unhealthyTablets: total?.UnhealthyTabletNum ?? 'unknown',
      scheduling: (await Promise.all(connections.map(readScheduling))).flat(),
      contents: `${contents?.n} rows, sum ${contents?.total}`,
    };
  } finally {
    for (const { sql } of connections) sql.close();
  }
}

/** Throws unless every node is alive on `target`, and nothing else is different. */
export function requireUpgraded(before: ClusterState, after: ClusterState, target: string): void {
  const wrong = [
    ...after.nodes.filter((node) => !node.includes(` ${target}-`)),
    ...(after.nodes.length === before.nodes.length ? [] : [`${after.nodes.length} nodes of ${before.nodes.length}`]),
    ...(after.unhealthyTablets === '0' ? [] : [`unhealthy tablets: ${after.unhealthyTablets}`]),
    ...after.scheduling.filter((value) => !before.scheduling.includes(value)),
    ...(after.contents === before.contents ? [] : [`${after.contents}, before ${before.contents}`]),
  ];
  if (wrong.length > 0) throw new Error(`not as it should be after the upgrade: ${wrong.join('; ')}`);
}

async function readScheduling({ name, sql }: { name: string; sql: Sql }): Promise<readonly string[]> {
  const rows = await sql.query(`ADMIN SHOW FRONTEND CONFIG LIKE 'tablet_sched_%'`);
  return rows.map((row) => `${name} ${row.Key} ${row.Value}`);
}

function connectAsRoot(host: string, port: number): Promise<Sql> {
  return connectSql({ host, port, user: 'root', password: '' });
}
