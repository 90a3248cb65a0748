import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { runProgram } from '../../scripts/lib/run-program.mjs';
import { createStarRocks } from '../../src/adapters/starrocks/mysql2.ts';
import { readDatabaseState } from '../../src/adapters/starrocks/read-database-state.ts';
import type { BackupContent, DatabaseState } from '../../src/domain/backup/content.ts';
import { templateOf } from '../../src/domain/backup/template.ts';
import { newId } from '../../src/ids.ts';
import { databaseNow, migrate, openDatabase } from '../../src/store/database.ts';
import { toJson } from '../../src/store/json.ts';
import type { Bench } from '../lib/benchmark.ts';
import { addHistory } from './history.ts';
import { isChanged, versions } from './large-database.ts';
import type { PlanOrder } from './our-plan.ts';
import type { IncrementalPlan } from './plan-shape.ts';
import type { PlanWorld } from './world.ts';

const program = fileURLToPath(new URL('./our-plan.ts', import.meta.url));
const answer = z.object({
  seconds: z.number(),
  incrementalSeconds: z.number(),
  cpuSeconds: z.number(),
  peakBytes: z.number(),
  partitions: z.array(z.tuple([z.string(), z.string()])),
  deleted: z.number(),
  kept: z.number(),
});

export type OurPlan = {
  readonly incremental: IncrementalPlan;
  /** With retention, and the whole history read for it. */
  readonly wholeSeconds: number;
  readonly deleted: number;
  readonly kept: number;
};

type Given = { readonly backups: number; readonly databases: number };

/** Starwarden's tables, filled with the history of a policy for many databases, the one of the world among them. */
export async function prepareOurs(
  bench: Bench,
  world: PlanWorld,
  { backups, databases }: Given,
): Promise<{ plan(): Promise<OurPlan> }> {
  const owner = { clusterId: newId('clu'), policyId: newId('bpl'), origin: '1' };
  const names = [world.database, ...Array.from({ length: databases - 1 }, (_, at) => `other_${at}`)];
  const policy = templateOf({ repository: world.repository, databases: ['*'] });
  const db = openDatabase({ url: bench.databaseUrl, answerMs: null });
  try {
    await migrate(db);
    await db
      .insertInto('backup_policy')
      .values({
        ...{ id: owner.policyId, cluster_id: owner.clusterId, name: 'template', open_name: 'template' },
        ...{ content: toJson(policy), owner_id: 'per_bench', owner_name: 'bench' },
        ...{ created_at: databaseNow, changed_at: databaseNow },
      })
      .execute();
    const content = { database: world.database, held: await contentOfFull(world) };
    await addHistory(db, { ...owner, backups, databases: names, policy, fullAt: world.fullBackupAt, content });
  } finally {
    await db.destroy();
  }
  const order: PlanOrder = {
    databaseUrl: bench.databaseUrl,
    frontend: world.address,
    login: world.login,
    ...owner,
    database: world.database,
    databases: names,
  };
  const dir = join(bench.dir, 'ours');
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'order.json'), JSON.stringify(order), { mode: 0o600 });
  await runPlanner(dir, []);
  return {
    plan: async () => {
      const output = await runPlanner(dir, [join(dir, 'order.json')]);
      const told = answer.parse(JSON.parse(output.trimEnd().split('\n').at(-1) ?? ''));
      const partitions = told.partitions.map(([table, partition]) => ({ table, partition }));
      const { deleted, kept, seconds: wholeSeconds, incrementalSeconds: seconds, cpuSeconds, peakBytes } = told;
      return { incremental: { seconds, cpuSeconds, peakBytes, partitions }, wholeSeconds, deleted, kept };
    },
  };
}

/** The database as it was when the full backup was taken: before the loads that came since. */
async function contentOfFull({ address, login, database }: PlanWorld): Promise<BackupContent> {
  const starrocks = createStarRocks();
  const target = { frontends: [address], user: login.user, password: async () => login.password, tls: null };
  const { state } = await readDatabaseState(starrocks.connect(target), database);
  await starrocks.close();
  const before: DatabaseState = {
    tables: state.tables.map((table) => ({
      ...table,
      partitions: table.partitions.map((one) => (isChanged(one) ? { ...one, version: versions.before } : one)),
    })),
  };
  return { held: before, database: before };
}

/**
 * The sources are turned into JavaScript before the clock starts, as they are in the container image: doing so takes memory
 * that is not the plan's. Without an order the planner loads what it needs, and ends.
 */
function runPlanner(dir: string, args: readonly string[]): Promise<string> {
  const cache = `NODE_COMPILE_CACHE=${join(dir, 'compiled')}`;
  return runProgram('env', [cache, process.execPath, program, ...args]);
}
