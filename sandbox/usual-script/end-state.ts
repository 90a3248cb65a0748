import { readdir } from 'node:fs/promises';
import { connectSql, type Row, type Sql } from '../world/sql.ts';
import type { World } from '../world/start-world.ts';

/** What somebody finds who looks at the cluster afterwards. */
export type EndState = {
  /** By the name of the node; `down` instead of a version for one that is not alive. */
  readonly nodes: Readonly<Record<string, string>>;
  /** `fe1: tablet_sched_disable_balance = true`. */
  readonly scheduling: readonly string[];
  /** `be1: bin.bak`: what lies in the directory of the node and was not there before, or is missing. */
  readonly files: readonly string[];
};

export async function readState(world: World): Promise<EndState> {
  const [nodes, scheduling, files] = await Promise.all([readNodes(world), readScheduling(world), readFiles(world)]);
  return { nodes, scheduling, files };
}

/** What differs from before, for people to read. */
export function differenceOf(before: EndState, after: EndState): readonly string[] {
  const versions = Map.groupBy(Object.entries(after.nodes), ([, version]) => version);
  const added = entriesOf(after.files.filter((file) => !before.files.includes(file)));
  const missing = entriesOf(before.files.filter((file) => !after.files.includes(file)));
  return [
    ...[...versions].map(([version, nodes]) => `${version}: ${nodes.map(([name]) => name).join(' ')}`),
    ...after.scheduling.filter((line) => !before.scheduling.includes(line)),
    ...added.map((line) => `left over: ${line}`),
    ...missing.map((line) => `missing: ${line}`),
  ];
}

/** `be1: bin.bak` of several nodes in one line. */
function entriesOf(files: readonly string[]): string[] {
  const byEntry = Map.groupBy(files, (file) => file.slice(file.indexOf(': ') + 2));
  return [...byEntry].map(([entry, all]) => `${entry} on ${all.map((file) => file.split(':')[0]).join(' ')}`);
}

async function readNodes(world: World): Promise<Record<string, string>> {
  const rows = await askAny(world, async (sql) => [
    ...(await sql.query('SHOW FRONTENDS')),
    ...(await sql.query('SHOW BACKENDS')),
  ]);
  return Object.fromEntries(
    world.describe().hosts.map(({ name, address }) => {
      const row = rows?.find(({ IP }) => IP === address);
      const isDown = row?.Alive !== 'true' || world.pidOf(name) === null;
      return [name, isDown ? 'down' : (row.Version ?? '').replace(/-.*/, '')];
    }),
  );
}

async function readScheduling(world: World): Promise<string[]> {
  const lines = await Promise.all(
    world.describe().cluster.frontends.map(async ({ name, host, queryPort }) => {
      const rows = await ask({ host, port: queryPort }, (sql) =>
        sql.query("ADMIN SHOW FRONTEND CONFIG LIKE 'tablet_sched_%'"),
      );
      return (rows ?? []).map(({ Key, Value }) => `${name}: ${Key} = ${Value}`);
    }),
  );
  return lines.flat().toSorted();
}

async function readFiles(world: World): Promise<string[]> {
  const lines = await Promise.all(
    world.describe().hosts.map(async ({ name, deployDirs: { fe, be } }) => {
      const entries = await readdir(fe ?? be ?? '');
      return entries.map((entry) => `${name}: ${entry}`);
    }),
  );
  return lines.flat().toSorted();
}

/** Null when no frontend answers. */
async function askAny(world: World, question: (sql: Sql) => Promise<Row[]>): Promise<Row[] | null> {
  for (const { host, queryPort } of world.describe().cluster.frontends) {
    const rows = await ask({ host, port: queryPort }, question);
    if (rows !== null) return rows;
  }
  return null;
}

async function ask(at: { host: string; port: number }, question: (sql: Sql) => Promise<Row[]>): Promise<Row[] | null> {
  try {
    const sql = await connectSql({ ...at, user: 'root', password: '' });
    try {
      return await question(sql);
    } finally {
      sql.close();
    }
  } catch {
    return null; // a frontend that is down is told as such
  }
}
