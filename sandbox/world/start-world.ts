import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWorld, type WorldDescription } from './describe.ts';
import { startReaper } from './reaper.ts';
import { type ClusterControls, type ClusterOptions, startStandInCluster } from './stand-in-cluster.ts';

export type WorldOptions = ClusterOptions & {
  /** Empty or missing; kept at the end. Without it, a temporary one that is removed at the end. */
  readonly dir?: string;
};

/** A running world. */
export type World = ClusterControls & {
  readonly dir: string;
  describe(): WorldDescription;
  /** Ends everything, what was started over SSH included. Can be called again. */
  stop(): Promise<void>;
};

/** Starts a world and returns when everything in it answers. If that fails, nothing of it is left but its directory. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  await using undo = new AsyncDisposableStack();
  const dir = await makeDir(options, undo);
  const reaper = startReaper(dir);
  undo.defer(() => reaper.finish());

  const cluster = await startStandInCluster({ ...options, dir }, undo);

  const ending = undo.move();
  let stopping: Promise<void> | null = null;
  return {
    dir,
    ...cluster.controls,
    describe: () => describeWorld({ ...cluster, slack: null, starwarden: null }),
    stop: () => {
      stopping ??= ending.disposeAsync();
      return stopping;
    },
  };
}

/** The real path: what the processes of this world carry as their mark must be equal, not just the same place. */
async function makeDir(options: WorldOptions, undo: AsyncDisposableStack): Promise<string> {
  if (options.dir !== undefined) {
    await mkdir(options.dir, { recursive: true });
    return realpath(options.dir);
  }
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'starwarden-world-')));
  undo.defer(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));
  return dir;
}
