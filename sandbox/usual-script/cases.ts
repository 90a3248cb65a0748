import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readLeader } from '../demo/watch-cluster.ts';
import { corruptArchive } from '../releases/damage.ts';
import { takeRelease } from '../releases/take-release.ts';
import type { ReleaseVariant } from '../releases/variants.ts';
import type { World, WorldOptions } from '../world/start-world.ts';
import { differenceOf, type EndState, readState } from './end-state.ts';
import { runScript, type ScriptRun } from './run-script.ts';

const target = '3.5.0';

type Given = { readonly world: World; readonly before: EndState; readonly start: () => Promise<ScriptRun> };

export type Case = {
  readonly name: string;
  readonly options?: WorldOptions;
  /** The archive that the script is given. Default: the sound one. */
  readonly archive?: (world: World) => Promise<string>;
  /** Runs the script and does the damage; answers what happened meanwhile, if that tells something. */
  readonly run: (given: Given) => Promise<readonly string[]>;
};

const mebibyte = 1_048_576;

/** Starts it and lets it go. */
const undisturbed: Case['run'] = async ({ start }) => [await endOf(await start())];

/** What goes wrong with upgrades, one world each. */
export const cases: readonly Case[] = [
  { name: 'nothing goes wrong', run: undisturbed },
  {
    name: 'archive corrupted',
    archive: async (world) => {
      const path = await soundArchive(world, 'corrupted');
      await corruptArchive(path);
      return path;
    },
    run: undisturbed,
  },
  {
    name: 'disk full in the middle of unpacking',
    options: { diskBytes: 64 * mebibyte },
    run: async ({ world, start }) => {
      // Enough for the archive, and not for what is in it.
      await world.fillDisk('be2', { leaveBytes: mebibyte + 300_000 });
      return [await endOf(await start())];
    },
  },
  {
    name: 'wrong JDK on a frontend',
    options: { java: { fe2: { installed: [11], home: 11 } } },
    run: undisturbed,
  },
  { name: 'backend never comes up', archive: variant('never-starts', ['be']), run: undisturbed },
  { name: 'node comes up with the old version', archive: variant('mislabelled', ['be']), run: undisturbed },
  {
    name: 'leader dies while a follower is upgraded',
    run: async ({ world, start }) => {
      const leader = await readLeader(world);
      const stopping = world.nextCommand(leader === 'fe1' ? 'fe2' : 'fe1', /stop_fe\.sh/);
      const script = await start();
      await stopping;
      await world.kill(leader);
      return [await endOf(script)];
    },
  },
  {
    name: 'SSH cut during a stop',
    run: async ({ world, start }) => {
      const stopping = world.nextCommand('be2', /stop_be\.sh/);
      const script = await start();
      await stopping;
      await world.host('be2').cut();
      return [await endOf(script)];
    },
  },
  {
    name: 'script killed in the middle',
    run: async ({ world, start }) => {
      const moving = world.nextCommand('be2', /\bmv\b/);
      const script = await start();
      await moving;
      script.signal('SIGKILL');
      return [await endOf(script)];
    },
  },
  {
    name: 'operator pauses',
    run: async ({ world, before, start }) => {
      const next = world.nextCommand('be2', /stop_be\.sh/);
      const script = await start();
      await next;
      script.signal('SIGSTOP');
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      const paused = differenceOf(before, await readState(world));
      script.signal('SIGCONT');
      return [`while it is stopped: ${paused.join('; ')}`, await endOf(script)];
    },
  },
  {
    name: 'operator wants to undo half-way',
    run: async ({ world, start }) => {
      const third = world.nextCommand('be3', /stop_be\.sh/);
      const script = await start();
      await third;
      script.signal('SIGINT');
      return [await endOf(script)];
    },
  },
  {
    name: 'two at once',
    run: async ({ start }) => {
      const both = await Promise.all([start(), start()]);
      return Promise.all(both.map((script) => endOf(script)));
    },
  },
];

/** Runs a case to its end and lists what is left. */
export async function measure({ archive, run }: Case, world: World): Promise<readonly string[]> {
  const path = archive === undefined ? await soundArchive(world, 'sound') : await archive(world);
  const before = await readState(world);
  const seen = await run({ world, before, start: () => runScript(world, { archive: path, to: target }) });
  await new Promise((resolve) => setTimeout(resolve, 3_000)); // a node that is coming up or going down still does
  return [...seen, ...differenceOf(before, await readState(world))];
}

async function endOf(script: ScriptRun): Promise<string> {
  const code = await script.ended();
  return `ended with ${code}, its last line: ${script.output().trim().split('\n').at(-1)}`;
}

async function soundArchive(world: World, name: string): Promise<string> {
  const sound = world.describe().releases.find(({ version }) => version === target);
  if (sound === undefined) throw new Error(`the world has no release ${target}`);
  const dir = join(world.dir, name);
  await mkdir(dir, { recursive: true });
  const path = join(dir, `StarRocks-${target}.tar.gz`);
  await copyFile(sound.path, path);
  return path;
}

function variant(kind: ReleaseVariant, wrongParts: readonly ('fe' | 'be')[]): (world: World) => Promise<string> {
  return async (world) =>
    (await takeRelease({ version: target, variant: kind, wrongParts, outDir: join(world.dir, 'wrong') })).path;
}
