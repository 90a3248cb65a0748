import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { World } from '../../sandbox/world/start-world.ts';
import { readFrontendValues } from '../../src/adapters/starrocks/frontend-config.ts';
import { parseReplicaTotals } from '../../src/adapters/starrocks/parse.ts';
import { readTopology, toObservedNodes } from '../../src/adapters/starrocks/read-topology.ts';
import { showProc } from '../../src/adapters/starrocks/statements.ts';
import type { Failure, RunState } from '../../src/domain/run.ts';
import { listTemporaryChanges, readRun } from '../../src/store/runs/runs.ts';
import type { Engine } from './engine.ts';

/** What is to be as it was after a fault, as far as it can be seen in the cluster and on the hosts' disks. */
export type EndState = {
  /** `fe1: '3.5.0'`; a dead node is marked. */
  readonly versions: Readonly<Record<string, string>>;
  readonly leaders: number;
  readonly unhealthyTablets: number;
  /** The scheduler's settings as each living frontend tells its own. */
  readonly scheduling: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** A hash of each file of `conf`, and which directories `conf`, `log` and the data directory are: never replaced. */
  readonly belongings: Readonly<Record<string, string>>;
};

/** What an ended run leaves behind in the database. */
export type Aftermath = {
  readonly state: RunState;
  readonly failure: Failure | null;
  /** The states of the temporary changes it made. */
  readonly changes: readonly string[];
  /** The runs that hold the cluster. */
  readonly locks: readonly string[];
};

type Place = { readonly world: World; readonly engine: Engine; readonly clusterId: string };

export async function readEndState({ world, engine, clusterId }: Place): Promise<EndState> {
  const sql = engine.ctx.connections.portsFor(clusterId).sql;
  const topology = await readTopology(sql);
  const nodes = toObservedNodes(topology);
  const { hosts } = world.describe();
  const nameOf = (address: string) => hosts.find((host) => host.address === address)?.name ?? address;
  const totals = parseReplicaTotals(await sql.query(showProc('/statistic'), { route: 'leader' }));
  const living = topology.frontends.filter((frontend) => frontend.alive);
  const scheduling = await Promise.all(
    living.map(async ({ host, queryPort }) => {
      const call = { route: { host, port: queryPort } };
      return [nameOf(host), await readFrontendValues(sql, 'tablet_sched_%', call)] as const;
    }),
  );
  const belongings = await Promise.all(hosts.map(async ({ name }) => [name, await belongingsOf(world, name)] as const));
  return {
    versions: byName(
      nodes.map((node) => [
        nameOf(node.host),
        `${node.version?.replace(/-.*/, '') ?? '?'}${node.alive ? '' : ' (down)'}`,
      ]),
    ),
    leaders: nodes.filter((node) => node.role === 'LEADER' && node.alive).length,
    unhealthyTablets: totals?.unhealthyTablets ?? Number.NaN,
    scheduling: byName(scheduling),
    belongings: byName(belongings),
  };
}

export async function readAftermath({ engine, clusterId }: Place, runId: string): Promise<Aftermath> {
  const { db } = engine.ctx;
  const { state, failure } = await readRun(db, runId);
  const locks = await db.selectFrom('cluster_lock').select('run_id').where('cluster_id', '=', clusterId).execute();
  const changes = await listTemporaryChanges(db, runId);
  return { state, failure, changes: changes.map((change) => change.state), locks: locks.map((row) => row.run_id) };
}

/** Where the node of a host lives, with StarRocks' own name for its sort. */
export function deployDirOf(world: World, name: string): string {
  const host = world.describe().hosts.find((candidate) => candidate.name === name);
  const dir = host?.deployDirs.fe ?? host?.deployDirs.be ?? host?.deployDirs.cn;
  if (dir === undefined) throw new Error(`no node on ${name}`);
  return dir;
}

/**
 * What Starwarden keeps beside a node's binaries: `archives/…`, `staged/…`, `kept/…`, without sums and run ids, so that it
 * can be compared. Names of things half done (`.part`) stand as they are.
 */
export async function leftoversOf(world: World, name: string): Promise<readonly string[]> {
  const own = join(deployDirOf(world, name), 'starwarden');
  const folders = await Promise.all(
    ['archives', 'staged', 'kept'].map(async (folder) =>
      (await readdir(join(own, folder)).catch(() => [])).map((entry) => `${folder}/${plainName(folder, entry)}`),
    ),
  );
  return folders.flat().toSorted();
}

function plainName(folder: string, entry: string): string {
  if (folder === 'archives') return entry.replace(/^[0-9a-f]{64}/, 'archive');
  return folder === 'staged' ? entry.replace(/-[0-9a-f]{8}/, '') : entry.replace(/-[^_]*_[A-Za-z0-9]{8}$/, '');
}

async function belongingsOf(world: World, name: string): Promise<string> {
  const deployDir = deployDirOf(world, name);
  const conf = join(deployDir, 'conf');
  const files = (await readdir(conf, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const hash = createHash('sha256');
  for (const file of files.map((entry) => join(entry.parentPath, entry.name)).toSorted())
    hash.update(`${file}\n`).update(await readFile(file));
  const data = join(dirname(dirname(deployDir)), 'data');
  const identities = await Promise.all([conf, join(deployDir, 'log'), data].map(async (dir) => (await stat(dir)).ino));
  return [hash.digest('hex'), ...identities].join(' ');
}

function byName<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  return Object.fromEntries(entries.toSorted(([a], [b]) => a.localeCompare(b)));
}
