import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { patienceMs } from '../../sandbox/patience.ts';
import type { BuildReleaseOptions } from '../../sandbox/releases/build-release.ts';
import { takeRelease } from '../../sandbox/releases/take-release.ts';
import { startWorld, type World, type WorldOptions } from '../../sandbox/world/start-world.ts';
import { nodeLabel } from '../../src/domain/node-identity.ts';
import { type Run, type RunState, type StepPhase, type StepState, terminalRunStates } from '../../src/domain/run.ts';
import { minimumJdkOf } from '../../src/domain/upgrade/path.ts';
import { parseVersion } from '../../src/domain/version.ts';
import type { RunnerPoint } from '../../src/runs/engine.ts';
import { listNodes } from '../../src/store/clusters/inventory.ts';
import { listSteps, readRun } from '../../src/store/runs/runs.ts';
import { insertRelease } from '../../src/store/upgrades/releases.ts';
import { ageStep, type StepToAge } from './age-step.ts';
import { admin, type Engine, startEngine } from './engine.ts';
import { type Aftermath, type EndState, leftoversOf, readAftermath, readEndState } from './upgrade-end-state.ts';
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
  versions(): Promise<EndState['versions']>;
  /** Works until the run has ended or rests in one of these states. */
  work(runId: string, states?: readonly RunState[]): Promise<Run>;
  /** Makes a step that waits believe that so many seconds have passed since it began. Resolves when it has begun. */
  age(runId: string, step: StepToAge): Promise<void>;
  /** Resolves when a step of this kind is in that state, or has come so far as to say this. */
  reached(runId: string, step: StepWanted): Promise<void>;
  /** What cluster and disks look like now. */
  endState(): Promise<EndState>;
  aftermath(runId: string): Promise<Aftermath>;
  /** What is kept beside the binaries of a node, see `leftoversOf`. */
  leftovers(name: string): Promise<readonly string[]>;
  /** How the cluster calls the node of a host, as in `be 127.0.0.1:9050`. */
  labelOf(name: string): Promise<string>;
  close(): Promise<void>;
};

/** Some step of a run; of several, any. */
type StepWanted = { kind: string; state?: StepState; progress?: string; phase?: StepPhase; lane?: string };

/** What a fresh sandbox is warned about: nothing was backed up, and the way to 3.5 has a known optimizer trap. */
export const sandboxWarnings = [
  'backup-fresh',
  'image-fresh',
  'path-allowed',
  'conf-keys',
  'return-path',
  'downgrade-log-ids',
];

/** For tests in which no worker dies: a busy machine then does not look like one that did. */
export const patientLease = { STARWARDEN_LEASE_MS: '10000' };

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
  const place = { world, engine, clusterId };
  return {
    ...place,
    managed,
    releasesDir,
    onPoint: (given) => {
      listener = given;
    },
    addRelease: async ({ sha256, path, ...build }) => {
      const archive = await takeRelease({ ...build, outDir: releasesDir });
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
      // This machine's own load is no matter of the version: only failing queries are judged.
      gateFactor: 100,
      maxRunningQueries: 1000,
      ...more,
    }),
    versions: async () => (await readEndState(place)).versions,
    work: (runId, states = terminalRunStates) => work(engine, runId, states),
    age: (runId, step) => ageStep(engine, runId, step),
    reached: (runId, step) => reached(engine, runId, step),
    endState: () => readEndState(place),
    aftermath: (runId) => readAftermath(place, runId),
    leftovers: (name) => leftoversOf(world, name),
    labelOf: async (name) => {
      const { address } = managed.host(name);
      const node = (await listNodes(engine.ctx.db, clusterId)).find(({ host }) => host === address);
      if (node === undefined) throw new Error(`no node ${name}`);
      return nodeLabel(node);
    },
    close: async () => {
      await engine.close();
      await world.stop();
      await rm(releasesDir, { recursive: true, force: true });
    },
  };
}

async function work(engine: Engine, runId: string, states: readonly RunState[]): Promise<Run> {
  const worker = engine.work();
  try {
    return await waitFor(engine, runId, states);
  } finally {
    await worker.stop();
  }
}

async function waitFor(engine: Engine, runId: string, states: readonly RunState[]): Promise<Run> {
  for (const deadline = Date.now() + patienceMs; ; await sleep(50)) {
    const run = await readRun(engine.ctx.db, runId);
    if (states.includes(run.state)) return run;
    if (Date.now() > deadline)
      throw new Error(`the run is ${run.state}, not ${states.join(' or ')}: ${await openSteps(engine, runId)}`);
  }
}

/** What the run is at, for the message of a test that waited in vain. */
async function openSteps(engine: Engine, runId: string): Promise<string> {
  const open = (await listSteps(engine.ctx.db, runId)).filter(
    (step) => step.state === 'applying' || (step.state === 'pending' && step.startedAt !== null),
  );
  return open
    .map(({ phase, kind, lane, state, progress }) => [phase, kind, lane?.name, state, progress?.message].join(' '))
    .join('; ');
}

async function reached(engine: Engine, runId: string, wanted: StepWanted): Promise<void> {
  const { kind, state, progress = '', phase, lane } = wanted;
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await sleep(50)) {
    const found = (await listSteps(engine.ctx.db, runId)).some(
      (step) =>
        step.kind === kind &&
        (state === undefined || step.state === state) &&
        (phase === undefined || step.phase === phase) &&
        (lane === undefined || step.lane?.name === lane) &&
        (step.progress?.message ?? '').includes(progress),
    );
    if (found) return;
  }
  throw new Error(`no step of the run became ${JSON.stringify(wanted)}: ${await openSteps(engine, runId)}`);
}
