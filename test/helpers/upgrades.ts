import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BuildReleaseOptions, buildRelease } from '../../sandbox/releases/build-release.ts';
import type { WorldOptions, World } from '../../sandbox/world/start-world.ts';
import { startWorld } from '../../sandbox/world/start-world.ts';
import type { RunnerPoint } from '../../src/jobs/runner-deps.ts';
import { parseVersion } from '../../src/domain/version.ts';
import { minimumJdkOf } from '../../src/domain/upgrade-path.ts';
import { insertRelease } from '../../src/store/releases.ts';
import { readTopology, toObservedNodes } from '../../src/adapters/starrocks/read-topology.ts';
import { admin, type Engine, startEngine } from './engine.ts';
import { type Managed, manage } from './world.ts';

/** A managed cluster of the sandbox, with a place to build releases in. */
export type UpgradeLab = {
  world: World;
  engine: Engine;
  managed: Managed;
  clusterId: string;
  /** Where the archives of the catalogue are. */
  releasesDir: string;
  /** Called at each point between which a worker can die. */
  onPoint: (listener: (point: RunnerPoint) => void) => void;
  /** Builds an archive and puts it into the catalogue under its version. */
  addRelease(options: Omit<BuildReleaseOptions, 'outDir'> & { sha256?: string; path?: string }): Promise<string>;
  /** The input of an upgrade with everything quick, and the warnings of a sandbox accepted. */
  input(to: string, more?: Record<string, unknown>): Record<string, unknown>;
  /** `fe1: 3.5.0`, for every node, down ones marked. */
  versions(): Promise<Record<string, string>>;
  close(): Promise<void>;
};

/** What a fresh sandbox is warned about: nothing was backed up, and the way to 3.5 has a known optimizer trap. */
export const sandboxWarnings = ['backup-fresh', 'image-fresh', 'path-allowed', 'conf-keys', 'return-path', 'downgrade-log-ids'];

export async function startUpgradeLab(
  options: WorldOptions & { env?: Record<string, string> } = {},
): Promise<UpgradeLab> {
  const releasesDir = await mkdtemp(join(tmpdir(), 'starwarden-releases-'));
  const { env, ...worldOptions } = options;
  const world = await startWorld({ starwarden: false, slack: false, speed: 20, ...worldOptions });
  let listener: (point: RunnerPoint) => void = () => {};
  const engine = await startEngine({
    observer: (point) => listener(point),
    env: { STARWARDEN_RELEASES_DIR: releasesDir, ...env },
  });
  const managed = manage(world, engine);
  const clusterId = await managed.register('lab');
  const names = world.describe().hosts.map((host) => host.name);
  const attached = await managed.ask('attachHosts', await managed.attachInput(clusterId, names));
  const ended = await managed.finish(attached.id);
  if (ended.state !== 'SUCCEEDED') throw new Error(`attachHosts ended as ${JSON.stringify(ended.failure)}`);
  return {
    world,
    engine,
    managed,
    clusterId,
    releasesDir,
    onPoint: (given) => {
      listener = given;
    },
    addRelease: async ({ sha256, path, ...build }) => {
      const archive = await buildRelease({ ...build, outDir: releasesDir });
      const version = parseVersion(build.version);
      await engine.ctx.db.deleteFrom('release').where('version', '=', build.version).execute();
      await insertRelease(
        engine.ctx.db,
        {
          version: build.version,
          source: { kind: 'PATH', location: path ?? archive.path },
          sha256: sha256 ?? archive.sha256,
          sizeBytes: archive.sizeBytes,
          contents: ['FRONTEND', 'BACKEND'],
          minimumJdk: version === null ? 11 : minimumJdkOf(version),
        },
        { actor: admin, requestId: null },
      );
      return archive.path;
    },
    input: (to, more = {}) => ({
      clusterId,
      to,
      acceptWarnings: sandboxWarnings,
      soakSeconds: 0,
      stopTimeoutSeconds: 60,
      gateTimeoutSeconds: 60,
      maxRunningQueries: 1000,
      ...more,
    }),
    versions: async () => {
      const sql = await engine.ctx.connections.sqlFor(clusterId);
      const nodes = toObservedNodes(await readTopology(sql));
      const hosts = world.describe().hosts;
      return Object.fromEntries(
        nodes
          .map((node): [string, string] => [
            hosts.find((host) => host.address === node.host)?.name ?? node.host,
            `${node.version?.replace(/-.*/, '') ?? '?'}${node.alive ? '' : ' (down)'}`,
          ])
          .toSorted(([a], [b]) => a.localeCompare(b)),
      );
    },
    close: async () => {
      await engine.close();
      await world.stop();
      await rm(releasesDir, { recursive: true, force: true });
    },
  };
}
