import { join } from 'node:path';
import { expect } from 'vitest';
import { type S3Server, startS3 } from '../../sandbox/s3/start-s3.ts';
import { startWorld, type World, type WorldOptions } from '../../sandbox/world/start-world.ts';
import { readTopology, toObservedNodes } from '../../src/adapters/starrocks/read-topology.ts';
import { createRepository, dropRepository, showRepositories } from '../../src/adapters/starrocks/statements.ts';
import { templateOf } from '../../src/domain/backup/template.ts';
import { newId } from '../../src/ids.ts';
import { deleteCluster, listNodes } from '../../src/store/clusters/inventory.ts';
import { inTransaction } from '../../src/store/database.ts';
import { insertRelease } from '../../src/store/upgrades/releases.ts';
import type { CaseTools, CrashCase } from './crash-cases/case.ts';
import { nodeCases } from './crash-cases/node.ts';
import { topologyCases } from './crash-cases/topology.ts';
import { afterRecords, aroundEffects } from './deaths.ts';
import { admin, type Engine, startEngine } from './engine.ts';
import { type StoredBackups, storeBackups } from './stored-backups.ts';
import { sandboxWarnings } from './upgrades.ts';
import { createVault, manageVault, vault, vaultKeys } from './vault.ts';
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
  let stored: StoredBackups | null = null;
  let backupId = '';
  let hasVault = false;
  let readFrom: Marks = { statements: 0, commands: 0 };

  const changesSent = async () => [...(await changingStatements()), ...(await changingCommands())];

  const cases: Record<string, CrashCase> = {
    registerCluster: {
      prepare: forgetAll,
      input: async () => managed.registration(`crash-${Date.now()}`),
      effects: async (run) => [
        ...(await changesSent()),
        `clusters ${await count('cluster', 'name', run.clusterName)}`,
        `nodes ${(await listNodes(engine.ctx.db, run.clusterId)).length}`,
      ],
      wanted: ['clusters 1', 'nodes 6'],
    },
    adoptCluster: {
      prepare: forgetAll,
      input: async () => managed.adoption(`adopted-${Date.now()}`),
      effects: async (run) => [
        ...(await changesSent()),
        `clusters ${await count('cluster', 'name', run.clusterName)}`,
        `hosts ${await count('host', 'cluster_id', run.clusterId)}`,
        `keys ${await count('host_key', 'cluster_id', run.clusterId)}`,
        `tied ${(await listNodes(engine.ctx.db, run.clusterId)).filter(({ deployDir }) => deployDir !== null).length}`,
      ],
      wanted: ['clusters 1', 'hosts 6', 'keys 6', 'tied 6'],
    },
    attachHosts: {
      prepare: async () => {
        await ensureCluster();
        await engine.ctx.db.deleteFrom('host').where('cluster_id', '=', clusterId).execute();
        await engine.ctx.db.deleteFrom('host_key').where('cluster_id', '=', clusterId).execute();
      },
      input: () => managed.attachInput(clusterId, ['be1']),
      effects: async () => [
        ...(await changesSent()),
        `hosts ${await count('host', 'cluster_id', clusterId)}`,
        `keys ${await count('host_key', 'cluster_id', clusterId)}`,
      ],
      wanted: ['hosts 1', 'keys 1'],
    },
    acceptHostKey: {
      prepare: async () => {
        await ensureCluster();
        await engine.ctx.db.deleteFrom('host_key').where('cluster_id', '=', clusterId).execute();
      },
      input: async () => {
        const host = managed.host('be2');
        return { clusterId, address: host.address, port: host.sshPort, fingerprint: host.hostKeyFingerprint };
      },
      effects: async () => [...(await changesSent()), `keys ${await count('host_key', 'cluster_id', clusterId)}`],
      wanted: ['keys 1'],
    },
    refreshCluster: {
      prepare: ensureCluster,
      input: async () => ({ clusterId }),
      effects: async () => [...(await changesSent()), `nodes ${(await listNodes(engine.ctx.db, clusterId)).length}`],
      wanted: ['nodes 6'],
    },
    checkCluster: {
      prepare: ensureCluster,
      input: async () => ({ clusterId }),
      effects: async (run) => [...(await changesSent()), `reports ${await count('check_report', 'run_id', run.id)}`],
      wanted: ['reports 1'],
    },
    checkHosts: {
      prepare: ensureAttached,
      input: async () => ({ clusterId, hosts: [managed.host('be1').address], kinds: ['BACKEND'] }),
      effects: async (run) => [...(await changesSent()), `reports ${await count('check_report', 'run_id', run.id)}`],
      wanted: ['reports 1'],
    },
    checkUpgrade: {
      prepare: ensureCluster,
      input: async () => ({ clusterId, to: '3.4.6' }),
      effects: async (run) => [...(await changesSent()), `reports ${await count('check_report', 'run_id', run.id)}`],
      wanted: ['reports 1'],
    },
    backUpDatabase: {
      prepare: ensureCluster,
      input: async () => ({
        clusterId,
        database: world.describe().cluster.database,
        repository: world.describe().cluster.repository,
      }),
      effects: async (run) => [...(await changesSent()), `backups ${await count('backup', 'run_id', run.id)}`],
      wanted: ['BACKUP', 'backups 1'],
    },
    pruneBackups: {
      prepare: async () => {
        await ensureCluster();
        stored = await storeBackups(engine, { s3: await ensureS3(), clusterId });
      },
      input: async () => ({ clusterId, policyId: stored?.policyId }),
      effects: deletionsMade,
      wanted: ['deleted 1', '{"sales_1":3,"sales_40":3,"sales_7":3}'],
    },
    deleteBackup: {
      prepare: async () => {
        await ensureCluster();
        stored = await storeBackups(engine, { s3: await ensureS3(), clusterId });
      },
      input: async () => ({ clusterId, backupId: stored?.backupIds[1] }),
      effects: deletionsMade,
      wanted: ['deleted 1', '{"sales_1":3,"sales_7":3,"sales_90":3}'],
    },
    verifyBackup: {
      prepare: ensureBackup,
      input: async () => ({ clusterId, backupId }),
      effects: async (run) => [
        ...(await changesSent()),
        `verifications ${await count('backup_verification', 'run_id', run.id)}`,
      ],
      wanted: ['verifications 2'],
    },
    runBackupPolicy: {
      prepare: ensureCluster,
      input: async () => ({ clusterId, policyId: await ensurePolicy(), tier: 'weekly' }),
      effects: async (run) => [...(await changesSent()), `backups ${await count('backup', 'run_id', run.id)}`],
      wanted: ['BACKUP', 'backups 1'],
    },
    upgradeCluster: {
      prepare: ensureReleases,
      input: async () => changeVersion('3.4.6'),
      effects: movesMade,
      wanted: movesOfAll('3.4.6'),
      deaths: [
        ...aroundEffects('fetchArchive', 'unpackRelease', 'dropArchive', 'pauseTabletScheduling'),
        ...aroundEffects('stopForMove', 'swapBinaries', 'startForMove', 'restoreTabletScheduling'),
        'after-effect recordUpgrade',
        'after-effect createMetadataImage',
      ],
    },
    downgradeCluster: {
      prepare: ensureReleases,
      input: async () => changeVersion('3.3.15'),
      effects: movesMade,
      wanted: movesOfAll('3.3.15'),
      deaths: [
        ...afterRecords(
          'sampleQueries',
          'noteJournal',
          'measureBaseline',
          'guardNode',
          'awaitVersion',
          'compareQueries',
        ),
        ...afterRecords('stopForMove', 'swapBinaries', 'startForMove'),
        ...aroundEffects('keepSchedulingPaused'),
      ],
    },
    finalizeUpgrade: {
      prepare: ensureUpgraded,
      input: async () => ({ clusterId }),
      effects: async () => [...(await changesSent()), `open upgrades ${(await openUpgrades()).length}`],
      wanted: ['open upgrades 0'],
      deaths: aroundEffects('removeKept', 'closeUpgrades'),
    },
    detachHost: {
      prepare: ensureAttached,
      input: async () => ({ clusterId, address: managed.host('be1').address, port: managed.host('be1').sshPort }),
      effects: async () => [
        ...(await changesSent()),
        `hosts ${await count('host', 'address', managed.host('be1').address)}`,
      ],
      wanted: ['hosts 0'],
    },
    updateCluster: {
      prepare: async () => {
        await ensureCluster();
        await engine.ctx.db.updateTable('cluster').set({ environment: 'dev' }).where('id', '=', clusterId).execute();
      },
      input: async () => ({ clusterId, environment: 'staging' }),
      effects: async () => [...(await changesSent()), `in staging ${await count('cluster', 'environment', 'staging')}`],
      wanted: ['in staging 1'],
    },
    unregisterCluster: {
      prepare: ensureCluster,
      input: async () => ({ clusterId }),
      effects: async () => [...(await changesSent()), `clusters ${await count('cluster', 'id', clusterId)}`],
      wanted: ['clusters 0'],
    },
    createRepository: {
      prepare: () => ensureRepository('none'),
      input: async () => ({
        ...{ clusterId, name: 'crash', location: `${storeLocation()}/crash` },
        s3: { ...storeAccess(), region: 'us-east-1' },
      }),
      effects: async () => [...(await changesSent()), ...(await managedAndMarkers())],
      wanted: ['CREATE', 'managed 1', 'left over 0'],
    },
    takeOverRepository: {
      prepare: () => ensureRepository('mounted'),
      input: async () => ({ clusterId, name: 'crash', s3: storeAccess() }),
      effects: async () => [...(await changesSent()), ...(await managedAndMarkers())],
      wanted: ['managed 1', 'left over 0'],
    },
    checkRepository: {
      prepare: () => ensureRepository('managed'),
      input: async () => ({ clusterId, name: 'crash' }),
      effects: async () => [...(await changesSent()), ...(await managedAndMarkers())],
      wanted: ['managed 1', 'left over 0'],
    },
    dropRepository: {
      prepare: () => ensureRepository('managed'),
      input: async () => ({ clusterId, name: 'crash' }),
      effects: async () => [...(await changesSent()), ...(await managedAndMarkers())],
      wanted: ['DROP', 'managed 0', 'left over 0'],
    },
  };
  const tools: CaseTools = {
    ...{ world, engine, managed, clusterId: () => clusterId },
    ...{ ensureCluster, ensureAllAttached, ensureReleases: registerReleases, changesSent },
  };
  Object.assign(cases, nodeCases(tools), topologyCases(tools));

  async function ensureS3(): Promise<S3Server> {
    s3 ??= await startS3();
    return s3;
  }

  async function deletionsMade(): Promise<readonly string[]> {
    const left = Object.entries((await stored?.objectsLeft()) ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return [
      ...(await changesSent()),
      `deleted ${await count('backup', 'state', 'DELETED')}`,
      JSON.stringify(Object.fromEntries(left)),
    ];
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

  const storeLocation = () => world.describe().cluster.repositoryLocation ?? '';
  const storeAccess = () => ({
    ...{ endpoint: store.endpoint, pathStyle: true },
    ...{ accessKey: store.user.accessKey, secretKey: store.user.secretKey },
  });

  /** The repository `crash`: not at all, in StarRocks alone, or under management too; its store holds it in each case. */
  async function ensureRepository(wanted: 'none' | 'mounted' | 'managed'): Promise<void> {
    await ensureCluster();
    const { sql } = engine.ctx.connections.portsFor(clusterId);
    const isThere = (await sql.query(showRepositories())).some((row) => row.RepoName === 'crash');
    const location = `${storeLocation()}/crash`;
    if (isThere && wanted === 'none') await sql.query(dropRepository('crash'));
    if (!isThere && wanted !== 'none') {
      const properties = [
        { key: 'aws.s3.access_key', value: store.user.accessKey },
        { key: 'aws.s3.secret_key', value: store.user.secretKey },
        { key: 'aws.s3.endpoint', value: store.endpoint },
        { key: 'aws.s3.enable_path_style_access', value: 'true' },
      ];
      await sql.query(createRepository({ name: 'crash', location, readOnly: false, properties }));
    }
    await engine.ctx.db.deleteFrom('repository').where('cluster_id', '=', clusterId).execute();
    const { bucket, folder } = /^s3:\/\/(?<bucket>[^/]+)\/(?<folder>.+)$/.exec(location)?.groups ?? {};
    await store.inside.put(bucket ?? '', `${folder}/__starrocks_repository_crash/__repo_info`, '{"name":"crash"}');
    if (wanted !== 'managed') return;
    const run = await managed.ask('takeOverRepository', { clusterId, name: 'crash', s3: storeAccess() });
    expect(await managed.finish(run.id)).toMatchObject({ state: 'SUCCEEDED' });
  }

  async function managedAndMarkers(): Promise<readonly string[]> {
    const [bucket = ''] = storeLocation().slice('s3://'.length).split('/');
    const markers = (await store.inside.list(bucket)).filter(({ key }) => key.includes('__starwarden_'));
    return [`managed ${await count('repository', 'cluster_id', clusterId)}`, `left over ${markers.length}`];
  }

  async function ensureAttached(): Promise<void> {
    await ensureCluster();
    const node = await engine.ctx.connections.inventory.findNode(await managed.nodeIdOf(clusterId, 'be1'));
    const host = node?.hostId == null ? null : await engine.ctx.connections.inventory.findHost(node.hostId);
    if (host !== null) return;
    const run = await managed.ask('attachHosts', await managed.attachInput(clusterId, ['be1']));
    expect(await managed.finish(run.id)).toMatchObject({ state: 'SUCCEEDED' });
  }

  /** A backup in a repository that Starwarden reaches by itself. */
  async function ensureBackup(): Promise<void> {
    await ensureCluster();
    const store = await ensureS3();
    if (!hasVault) await createVault(world, store);
    hasVault = true;
    await manageVault(engine, store, clusterId);
    if ((await engine.ctx.connections.catalogue.find(backupId))?.state === 'AVAILABLE') return;
    const input = { clusterId, database: world.describe().cluster.database, repository: vault.name };
    const run = await managed.ask('backUpDatabase', input);
    expect(await managed.finish(run.id)).toMatchObject({ state: 'SUCCEEDED' });
    backupId = (await engine.ctx.connections.catalogue.findOfRun(run.id, input.database))?.id ?? '';
  }

  /** The two releases between which the cluster goes, in the catalogue. */
  async function ensureReleases(): Promise<void> {
    await ensureAllAttached();
    await registerReleases();
  }

  async function registerReleases(): Promise<void> {
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

  /** What is left of an upgrade and of the way back, which the cases before have made. */
  async function ensureUpgraded(): Promise<void> {
    expect((await openUpgrades()).length).toBeGreaterThan(0);
  }

  const openUpgrades = () => engine.ctx.connections.inventory.listOpenUpgrades(clusterId);

  function changeVersion(to: string) {
    return {
      clusterId,
      to,
      acceptWarnings: sandboxWarnings,
      // Watched for a moment after each node, so that there is a comparison to die after.
      soakSeconds: 1,
      stopTimeoutSeconds: 60,
      gateTimeoutSeconds: 60,
      maxRunningQueries: 1_000,
      gateFactor: 100,
    };
  }

  /** How often each node was stopped and started, and what runs on it now. */
  async function movesMade(): Promise<readonly string[]> {
    const sent = (await changingCommands()).toSorted();
    const nodes = toObservedNodes(await readTopology(engine.ctx.connections.portsFor(clusterId).sql));
    const running = nodes.map(({ version, alive }) => `${version?.replace(/-.*/, '')}${alive ? '' : ' (down)'}`);
    return [...sent, ...running, `open changes ${await openChanges()}`];
  }

  async function openChanges(): Promise<number> {
    return (await engine.ctx.db.selectFrom('temporary_change').selectAll().where('state', '=', 'OPEN').execute())
      .length;
  }

  async function ensurePolicy(): Promise<string> {
    const { database, repository } = world.describe().cluster;
    const content = {
      ...templateOf({ repository, databases: [database] }),
      tiers: [{ name: 'weekly', kind: 'FULL', cron: '0 1 * * 0', jitterSeconds: 0, keep: [], verify: 'L1' }],
    };
    const id = newId('bpl');
    const at = new Date();
    await engine.ctx.db
      .insertInto('backup_policy')
      .values({
        ...{ id, cluster_id: clusterId, name: 'shipped', content: JSON.stringify(content) },
        ...{ owner_id: 'per_1', owner_name: 'Owner', created_at: at, changed_at: at },
      })
      .execute();
    return id;
  }

  async function count(
    table: 'cluster' | 'host' | 'host_key' | 'check_report' | 'backup' | 'backup_verification' | 'repository',
    column: string,
    value: string,
  ): Promise<number> {
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

function movesOfAll(version: string): readonly string[] {
  return [
    ...['start_be.sh', 'start_fe.sh', 'stop_be.sh', 'stop_fe.sh'].flatMap((script) => Array<string>(3).fill(script)),
    ...Array<string>(6).fill(version),
    'open changes 0',
  ];
}

/** How much of the two logs belongs to what came before. */
type Marks = { statements: number; commands: number };
