import { mkdir, mkdtemp, readdir, realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Slack, startSlack } from '../slack/start.ts';
import { describeWorld, type WorldDescription } from './describe.ts';
import { type ManagedStarwarden, startManagedStarwarden } from './managed-starwarden.ts';
import { startReaper } from './reaper.ts';
import { settleAll } from './settle.ts';
import { type ClusterControls, type ClusterOptions, startStandInCluster } from './stand-in-cluster.ts';

export type WorldOptions = ClusterOptions & {
  /** Empty or missing; kept at the end, unless `removeDir` is set. Without it, a temporary one that is removed at the end. */
  readonly dir?: string;
  /** Whether the directory goes with the world, however that ends. */
  readonly removeDir?: boolean;
  /** Default true. */
  readonly starwarden?: boolean;
  /** Default true: a Slack stand-in in Socket Mode. */
  readonly slack?: boolean;
  /** What Starwarden keeps its data in. Default: a private MariaDB and Redis of this world. */
  readonly services?: ServiceUrls;
};

export type ServiceUrls = { readonly databaseUrl: string; readonly redisUrl: string };

/** A running world. */
export type World = ClusterControls & {
  readonly dir: string;
  readonly starwarden: ManagedStarwarden | null;
  readonly slack: Slack | null;
  describe(): WorldDescription;
  /** Ends everything, what was started over SSH included. Can be called again. */
  stop(): Promise<void>;
};

/** A real prober looks every 15 s. */
const probeIntervalMs = 15_000;

/** Starts a world and returns when everything in it answers. If that fails, nothing of it is left but its directory. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const { starwarden: withStarwarden = true, slack: withSlack = true, speed = 1, onProgress = () => {} } = options;
  await using undo = new AsyncDisposableStack();
  // A world is stopped, not forgotten: until then its process stays up, whatever its parts wait for.
  const alive = setInterval(() => {}, 3_600_000);
  undo.defer(() => clearInterval(alive));
  const dir = await makeDir(options);
  const reaper = startReaper(dir, { removeDir: options.removeDir ?? options.dir === undefined });
  // One that did not come up is looked into by whoever named its directory.
  let hasStarted = false;
  const isToBeLookedInto = () => options.dir !== undefined && !hasStarted && options.signal?.aborted !== true;
  undo.defer(() => reaper.finish({ keepDir: isToBeLookedInto() }));

  const files = {
    slackCalls: join(dir, 'logs', 'slack-calls.jsonl'),
    starwardenLog: join(dir, 'logs', 'starwarden.log'),
  };
  await mkdir(join(dir, 'logs'), { recursive: true });
  const [cluster, services, slack] = await settleAll([
    startStandInCluster({ ...options, dir }, undo),
    withStarwarden ? (options.services ?? startServices(dir, undo)) : null,
    withSlack ? startSlackStandIn(files.slackCalls, undo) : null,
  ]);
  options.signal?.throwIfAborted();
  if (services !== null) onProgress('starting Starwarden');
  const starwarden =
    services &&
    (await startManagedStarwarden({
      worldDir: dir,
      logFile: files.starwardenLog,
      services,
      slack,
      probeIntervalMs: probeIntervalMs / speed,
    }));
  if (starwarden !== null) undo.defer(() => starwarden.stop());

  options.signal?.throwIfAborted();
  hasStarted = true;
  const ending = undo.move();
  let stopping: Promise<void> | null = null;
  return {
    dir,
    starwarden,
    slack,
    ...cluster.controls,
    describe: () => describeWorld({ ...cluster, slack, starwarden, slackCalls: files.slackCalls }),
    stop: () => {
      stopping ??= ending.disposeAsync();
      return stopping;
    },
  };
}

/** The real path: what the processes of this world carry as their mark must be equal, not just the same place. */
async function makeDir(options: WorldOptions): Promise<string> {
  if (options.dir !== undefined) {
    await mkdir(options.dir, { recursive: true });
    const found = await readdir(options.dir);
    if (found.length > 0) throw new Error(`${options.dir} is not empty: it holds ${found.slice(0, 3).join(', ')}`);
    return realpath(options.dir);
  }
  return realpath(await mkdtemp(join(tmpdir(), 'starwarden-world-')));
}

/** Imported only here: a world without Starwarden needs no database. */
async function startServices(dir: string, undo: AsyncDisposableStack): Promise<ServiceUrls> {
  const scripts = await import('../../scripts/services.mjs');
  const services = await scripts.startServices({ dir: join(dir, 'services'), fast: true });
  undo.defer(() => services.stopHard());
  return services;
}

async function startSlackStandIn(callLog: string, undo: AsyncDisposableStack): Promise<Slack> {
  await writeFile(callLog, '');
  const slack = await startSlack({ socketMode: true, callLog });
  undo.defer(() => slack.stop());
  return slack;
}
