import { join } from 'node:path';
import { expect } from 'vitest';
import { type S3Server, startS3 } from '../../sandbox/s3/start-s3.ts';
import { startWorld, type World, type WorldOptions } from '../../sandbox/world/start-world.ts';
import { deleteCluster, listNodes } from '../../src/store/clusters/inventory.ts';
import { inTransaction } from '../../src/store/database.ts';
import { insertRelease } from '../../src/store/upgrades/releases.ts';
import { backupCases } from './crash-cases/backups.ts';
import type { CaseTools, CountedTable, CrashCase } from './crash-cases/case.ts';
import { clusterCases } from './crash-cases/cluster.ts';
import { nodeCases } from './crash-cases/node.ts';
import { repositoryCases } from './crash-cases/repositories.ts';
import { topologyCases } from './crash-cases/topology.ts';
import { upgradeCases } from './crash-cases/upgrade.ts';
import { admin, type Engine, startEngine } from './engine.ts';
import { vaultKeys } from './vault.ts';
import { logLines, type Managed, manage } from './world.ts';

/** A managed cluster, and for every operation of the registry how it is tried there. */
export type CrashLab = {
  readonly world: World;
  readonly engine: Engine;
  readonly managed: Managed;
  readonly cases: Readonly<Record<string, CrashCase>>;
  clusterId(): string;
  ensureCluster(): Promise<void>;
  /** From here on effects are counted. */
  mark(): Promise<void>;
  changingStatements(): Promise<readonly string[]>;
  changingCommands(): Promise<readonly string[]>;
  close(): Promise<void>;
};

export async function startCrashLab(
  env: Record<string, string> = {},
  worldOptions: WorldOptions = {},
): Promise<CrashLab> {
  const world = await startWorld({ starwarden: false, slack: false, speed: 20, ...worldOptions });
  const engine = await startEngine({
    env: { STARWARDEN_RELEASES_DIR: join(world.dir, 'releases'), ...vaultKeys, ...env },
  });
  const [bucket = ''] = (world.describe().cluster.repositoryLocation ?? '').slice('s3://'.length).split('/');
  const store = await startS3({ buckets: [bucket] });
  const managed = manage(world, engine);
  let clusterId = await managed.register('managed');
  let s3: S3Server | null = null;
  let readFrom: Marks = { statements: 0, commands: 0 };

  const changesSent = async () => [...(await changingStatements()), ...(await changingCommands())];

  const tools: CaseTools = {
    ...{ world, engine, managed, clusterId: () => clusterId },
    ...{ forgetAll, ensureCluster, ensureAllAttached, ensureReleases, changesSent, changingCommands, count },
  };
  const cases: Readonly<Record<string, CrashCase>> = {
    ...clusterCases(tools),
    ...backupCases(tools, ensureS3),
    ...upgradeCases(tools),
    ...repositoryCases(tools, store),
    ...nodeCases(tools),
    ...topologyCases(tools),
  };

  async function ensureS3(): Promise<S3Server> {
    s3 ??= await startS3();
    return s3;
  }

  async function forgetAll(): Promise<void> {
    for (const { id } of await engine.ctx.db.selectFrom('cluster').select('id').execute())
      await inTransaction(engine.ctx.db, (tx) => deleteCluster(tx, id));
  }

  async function ensureCluster(): Promise<void> {
    if ((await engine.ctx.connections.inventory.findCluster(clusterId)) !== null) return;
    await forgetAll();
    clusterId = await managed.register(`again-${Date.now()}`);
  }

  async function ensureReleases(): Promise<void> {
    for (const version of ['3.3.15', '3.4.6']) {
      await engine.ctx.db.deleteFrom('release').where('version', '=', version).execute();
      const archive = world.describe().releases.find((release) => release.version === version);
      if (archive === undefined) throw new Error(`the world has no archive of ${version}`);
      await insertRelease(
        engine.ctx.db,
        {
          version,
          source: { kind: 'PATH', location: archive.path },
          sha256: archive.sha256,
          sizeBytes: null,
          contents: ['FRONTEND', 'BACKEND'],
          minimumJdk: 11,
        },
        { actor: admin, requestId: null },
      );
    }
  }

  async function ensureAllAttached(): Promise<void> {
    await ensureCluster();
    if ((await listNodes(engine.ctx.db, clusterId)).every((node) => node.hostId !== null)) return;
    const names = world.describe().hosts.map((host) => host.name);
    const run = await managed.ask('attachHosts', await managed.attachInput(clusterId, names));
    expect(await managed.finish(run.id)).toMatchObject({ state: 'SUCCEEDED' });
  }

  async function count(table: CountedTable, column: string, value: string): Promise<number> {
    const rows = await engine.ctx.db.selectFrom(table).selectAll().execute();
    return rows.filter((row) => Object.entries(row).some(([name, cell]) => name === column && cell === value)).length;
  }

  async function marks(): Promise<Marks> {
    const { logs } = world.describe();
    return { statements: (await logLines(logs.statements)).length, commands: (await logLines(logs.commands)).length };
  }

  async function changingStatements(): Promise<string[]> {
    const all = await logLines(world.describe().logs.statements);
    const texts = all.slice(readFrom.statements).map((line) => String(line.text).trim());
    return texts
      .filter((text) => !/^(SHOW|SELECT|SET|ADMIN SHOW|USE)\b/i.test(text))
      .map((text) => text.split(/\s/)[0] ?? '');
  }

  async function changingCommands(): Promise<string[]> {
    const all = await logLines(world.describe().logs.commands);
    return all
      .slice(readFrom.commands)
      .flatMap(
        (line) =>
          /(?:start|stop)_(?:fe|be|cn)\.sh(?=\S* (?:--daemon|-g))|stop_fe\.sh(?='$)/m.exec(String(line.command))?.[0] ??
          [],
      );
  }

  return {
    world,
    engine,
    managed,
    cases,
    clusterId: () => clusterId,
    ensureCluster,
    mark: async () => {
      readFrom = await marks();
    },
    changingStatements,
    changingCommands,
    close: async () => {
      await store.stop();
      await engine.close();
      await world.stop();
      await s3?.stop();
    },
  };
}

/** How much of the two logs belongs to what came before. */
type Marks = { statements: number; commands: number };
