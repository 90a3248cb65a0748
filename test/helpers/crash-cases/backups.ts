import { expect } from 'vitest';
import type { S3Server } from '../../../sandbox/s3/start-s3.ts';
import { connectSql } from '../../../sandbox/world/sql.ts';
import { templateOf } from '../../../src/domain/backup/template.ts';
import { newId } from '../../../src/ids.ts';
import { type StoredBackups, storeBackups } from '../stored-backups.ts';
import { createVault, manageVault, vault } from '../vault.ts';
import type { CaseTools, CrashCase } from './case.ts';

/** Operations about backups. `s3` starts the store that they need when it is first asked for. */
export function backupCases(tools: CaseTools, s3: () => Promise<S3Server>): Readonly<Record<string, CrashCase>> {
  const { world, engine, managed, ensureCluster, changesSent, count } = tools;
  let stored: StoredBackups | null = null;
  let backupId = '';
  let hasVault = false;

  async function deletionsMade(): Promise<readonly string[]> {
    const left = Object.entries((await stored?.objectsLeft()) ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return [
      ...(await changesSent()),
      `deleted ${await count('backup', 'state', 'DELETED')}`,
      JSON.stringify(Object.fromEntries(left)),
    ];
  }

  /** A backup in a repository that Starwarden reaches by itself. */
  async function ensureBackup(): Promise<void> {
    await ensureCluster();
    // So that a restore has something to switch off on its copy.
    await asRoot('ALTER TABLE sales.orders SET ("dynamic_partition.enable" = "true")');
    const store = await s3();
    if (!hasVault) await createVault(world, store);
    hasVault = true;
    await manageVault(engine, store, tools.clusterId());
    if ((await engine.ctx.connections.catalogue.find(backupId))?.state === 'AVAILABLE') return;
    const input = { clusterId: tools.clusterId(), database: world.describe().cluster.database, repository: vault.name };
    const run = await managed.ask('backUpDatabase', input);
    expect(await managed.finish(run.id)).toMatchObject({ state: 'SUCCEEDED' });
    backupId = (await engine.ctx.connections.catalogue.findOfRun(run.id, input.database))?.id ?? '';
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
        ...{ id, cluster_id: tools.clusterId(), name: 'shipped', content: JSON.stringify(content) },
        ...{ owner_id: 'per_1', owner_name: 'Owner', created_at: at, changed_at: at },
      })
      .execute();
    return id;
  }

  /** Restores of the backup leave the lab as it was before the next try. */
  const restoring = (tables: Record<string, unknown>, wanted: readonly string[]): CrashCase => ({
    prepare: async () => {
      await ensureBackup();
      await asRoot('DROP DATABASE IF EXISTS copy_of_crashes FORCE');
    },
    input: async () => ({
      ...{ clusterId: tools.clusterId(), database: world.describe().cluster.database, target: 'copy_of_crashes' },
      ...tables,
    }),
    effects: changesSent,
    wanted,
  });

  async function asRoot(statement: string): Promise<void> {
    const [frontend] = world.describe().cluster.frontends;
    if (frontend === undefined) throw new Error('no frontend');
    const sql = await connectSql({ host: frontend.host, port: frontend.queryPort, user: 'root', password: '' });
    try {
      await sql.query(statement);
    } finally {
      sql.close();
    }
  }

  return {
    restoreTables: restoring({ tables: ['orders'] }, ['CREATE', 'RESTORE', 'ALTER']),
    restoreDroppedTables: {
      prepare: async () => {
        await ensureBackup();
        await asRoot('DROP TABLE IF EXISTS sales.orders FORCE');
      },
      input: async () => ({
        ...{ clusterId: tools.clusterId(), database: world.describe().cluster.database, tables: ['orders'] },
      }),
      effects: changesSent,
      wanted: ['RESTORE', 'ALTER'],
    },
    restoreDatabase: restoring({}, ['CREATE', 'RESTORE', 'ALTER']),
    backUpDatabase: {
      prepare: ensureCluster,
      input: async () => ({
        clusterId: tools.clusterId(),
        database: world.describe().cluster.database,
        repository: world.describe().cluster.repository,
      }),
      effects: async (run) => [...(await changesSent()), `backups ${await count('backup', 'run_id', run.id)}`],
      wanted: ['BACKUP', 'backups 1'],
    },
    pruneBackups: {
      prepare: async () => {
        await ensureCluster();
        stored = await storeBackups(engine, { s3: await s3(), clusterId: tools.clusterId() });
      },
      input: async () => ({ clusterId: tools.clusterId(), policyId: stored?.policyId }),
      effects: deletionsMade,
      wanted: ['deleted 1', '{"sales_1":3,"sales_40":3,"sales_7":3}'],
    },
    deleteBackup: {
      prepare: async () => {
        await ensureCluster();
        stored = await storeBackups(engine, { s3: await s3(), clusterId: tools.clusterId() });
      },
      input: async () => ({ clusterId: tools.clusterId(), backupId: stored?.backupIds[1] }),
      effects: deletionsMade,
      wanted: ['deleted 1', '{"sales_1":3,"sales_7":3,"sales_90":3}'],
    },
    verifyBackup: {
      prepare: ensureBackup,
      input: async () => ({ clusterId: tools.clusterId(), backupId }),
      effects: async (run) => [
        ...(await changesSent()),
        `verifications ${await count('backup_verification', 'run_id', run.id)}`,
      ],
      wanted: ['verifications 2'],
    },
    runBackupPolicy: {
      prepare: ensureCluster,
      input: async () => ({ clusterId: tools.clusterId(), policyId: await ensurePolicy(), tier: 'weekly' }),
      effects: async (run) => [...(await changesSent()), `backups ${await count('backup', 'run_id', run.id)}`],
      wanted: ['BACKUP', 'backups 1'],
    },
  };
}
