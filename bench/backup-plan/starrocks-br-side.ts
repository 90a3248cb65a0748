import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { runProgram } from '../../scripts/lib/run-program.mjs';
import { Told } from '../../scripts/lib/say.mjs';
import type { Bench } from '../lib/benchmark.ts';
import type { IncrementalPlan } from './plan-shape.ts';
import { requirePython } from './require-python.ts';
import { inventoryRows, type PlanWorld } from './world.ts';

const files = fileURLToPath(new URL('./starrocks-br/', import.meta.url));
const answer = z.object({
  seconds: z.number(),
  cpuSeconds: z.number(),
  peakBytes: z.number(),
  partitions: z.array(z.tuple([z.string(), z.string(), z.string()])),
});

/** starrocks-br in a Python environment of its own, with the tables that it wants in the cluster. */
export type StarrocksBr = { planIncremental(): Promise<IncrementalPlan> };

/** Installs it from PyPI, in the versions that `requirements.txt` names, and lets it make its tables. */
export async function installStarrocksBr(bench: Bench, world: PlanWorld): Promise<StarrocksBr> {
  const dir = join(bench.dir, 'starrocks-br');
  await mkdir(dir, { recursive: true });
  const python = join(dir, 'venv', 'bin', 'python');
  await runProgram(await requirePython(bench.say), ['-m', 'venv', join(dir, 'venv')]);
  const wanted = join(files, 'requirements.txt');
  await install(python, wanted);
  bench.say(`beside ${(await readFile(wanted, 'utf8')).split('\n')[0]} from PyPI`);
  const config = await writeConfig(world, dir);
  const call = (...args: readonly string[]) => runProgram(python, [...args, '--config', config]);
  await call('-m', 'starrocks_br.cli', 'init');
  await world.asRoot(async (query) => {
    for (const statement of inventoryRows(world)) await query(statement);
  });
  return {
    planIncremental: async () => {
      const output = await call(join(files, 'plan.py'), 'backup', 'incremental', '--group', 'all');
      const { partitions, ...taken } = answer.parse(JSON.parse(output.trimEnd().split('\n').at(-1) ?? ''));
      return { ...taken, partitions: partitions.map(([, table, partition]) => ({ table, partition })) };
    },
  };
}

async function install(python: string, requirements: string): Promise<void> {
  const quiet = ['--quiet', '--disable-pip-version-check', '--no-input'];
  await runProgram(python, ['-m', 'pip', 'install', ...quiet, '--requirement', requirements]).catch(
    (cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Told(`starrocks-br could not be installed: ${reason}`, 'The benchmark needs the Python package index.');
    },
  );
}

/** The password comes from the environment there, and root of a new cluster has none. */
async function writeConfig(world: PlanWorld, dir: string): Promise<string> {
  const config = join(dir, 'config.yaml');
  const lines = { ...world.address, user: 'root', database: world.database, repository: world.repository };
  // Every JSON value is a YAML value.
  await writeFile(
    config,
    Object.entries(lines)
      .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
      .join(''),
  );
  return config;
}
