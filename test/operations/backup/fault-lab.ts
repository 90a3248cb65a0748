import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { patienceMs } from '../../../sandbox/patience.ts';
import type { Backup } from '../../../src/domain/backup/backup.ts';
import type { BackupTier } from '../../../src/domain/backup/policy.ts';
import { templateOf } from '../../../src/domain/backup/template.ts';
import { isTerminal, type Run } from '../../../src/domain/run.ts';
import { approveRun } from '../../../src/runs/control.ts';
import { submit } from '../../../src/runs/submit.ts';
import { createPolicy } from '../../../src/store/backups/policies.ts';
import { readRun } from '../../../src/store/runs/runs.ts';
import { type BackupWorld, repository, startBackupWorld } from '../../helpers/backup-world.ts';
import { admin, approver, type Engine, startEngine } from '../../helpers/engine.ts';

/** A cluster with S3 whose database `shop` a policy of two tiers backs up, `weekly` (full) and `daily` (what changed). */
export type FaultLab = {
  readonly world: BackupWorld;
  readonly engine: Engine;
  readonly clusterId: string;
  readonly policyId: string;
  /** Asks for an operation, and has it approved where that is needed. A refusal throws. */
  ask(operation: string, input: Record<string, unknown>): Promise<Run>;
  /** Waits for the end of a run, whatever that is. */
  ended(runId: string): Promise<Run>;
  /** Runs a tier of the policy to its end, which has to be good, and returns the backup of `shop`. */
  fire(tier: 'weekly' | 'daily'): Promise<Backup>;
  /** The newest backup that the run has begun. */
  backupOf(run: Run): Promise<Backup>;
  /** `table p1,p2` for each table of the snapshot, by our history. */
  heldBy(backup: Backup): Promise<readonly string[]>;
  /** The keys of a snapshot below the repository. */
  keysOf(backup: Pick<Backup, 'snapshot'>): Promise<readonly string[]>;
  /** Runs verifyBackup (L1) to its end. */
  verify(backup: Backup): Promise<Run>;
  /** Whoever looks at this step finds that it has gone on for so much longer. */
  age(run: Run, kind: string, seconds: number): Promise<void>;
  /** The full backups of the policy that an incremental one may be based on. */
  usable(): Promise<readonly Backup[]>;
  close(): Promise<void>;
};

const clusterName = 'faults';

const tier = (name: string, kind: BackupTier['kind']): BackupTier => ({
  ...{ name, kind, cron: '0 1 * * 0', jitterSeconds: 0, keep: [{ rule: 'COUNT', count: 3 }], verify: 'L0' },
});

type Options = Parameters<typeof startBackupWorld>[0] & {
  /** How long StarRocks tries, in seconds of its own time. */
  readonly timeoutSeconds?: number;
};

export async function startFaultLab({ timeoutSeconds = 86_400, ...options }: Options = {}): Promise<FaultLab> {
  await using undo = new AsyncDisposableStack();
  const world = await startBackupWorld(options);
  undo.defer(() => world.stop());
  const engine = await startEngine();
  undo.defer(() => engine.close());
  engine.work();
  const { catalogue } = engine.ctx.connections;

  const ended: FaultLab['ended'] = async (runId) => {
    for (const limit = Date.now() + patienceMs; ; await sleep(50)) {
      const run = await readRun(engine.ctx.db, runId);
      if (isTerminal(run.state)) return run;
      if (Date.now() > limit) throw new Error(`the run is still ${run.state}: ${JSON.stringify(run.progress)}`);
      await hurry(engine);
    }
  };
  const ask: FaultLab['ask'] = async (operation, input) => {
    const isDestructive = engine.ctx.engine.operations.get(operation)?.risk === 'destructive';
    const options = isDestructive ? { confirm: clusterName } : {};
    const { run, userErrors } = await submit(engine.ctx.engine, { operation, input, actor: admin, options });
    if (run === null) throw new Error(`${operation} was refused: ${JSON.stringify(userErrors)}`);
    return run.state === 'AWAITING_APPROVAL' ? approveRun(engine.ctx.engine, { runId: run.id, actor: approver }) : run;
  };
  const good = async (operation: string, input: Record<string, unknown>) => {
    const run = await ended((await ask(operation, input)).id);
    if (run.state !== 'SUCCEEDED') throw new Error(`${operation} ended as ${JSON.stringify(run.failure)}`);
    return run;
  };
  const backupOf: FaultLab['backupOf'] = async ({ id }) => {
    const backup = await catalogue.findOfRun(id, 'shop');
    if (backup === null) throw new Error('the run has begun no backup of shop');
    return backup;
  };

  const password = 'of-the-lab';
  await world.sql.query(`CREATE USER 'starwarden'@'%' IDENTIFIED BY '${password}' DEFAULT ROLE cluster_admin`);
  for (const rights of ['OPERATE, REPOSITORY ON SYSTEM', 'SELECT, EXPORT ON ALL TABLES IN ALL DATABASES'])
    await world.sql.query(`GRANT ${rights} TO USER 'starwarden'@'%'`);
  const frontends = world.cluster.frontends.map(({ address }) => ({ host: address, port: 9030 }));
  const registration = { name: clusterName, environment: 'dev', frontends, sqlUser: 'starwarden', password };
  const { clusterId } = await good('registerCluster', registration);
  const { endpoint, region, user } = world.s3;
  const s3 = { endpoint, region, pathStyle: true, accessKey: user.accessKey, secretKey: user.secretKey };
  await good('takeOverRepository', { clusterId, name: repository.name, s3 });
  const { id: policyId } = await createPolicy(
    engine.ctx.db,
    {
      ...{ clusterId, name: 'standard' },
      content: {
        ...templateOf({ repository: repository.name, databases: ['shop'] }),
        tiers: [tier('weekly', 'FULL'), tier('daily', 'INCREMENTAL')],
        timeoutSeconds,
      },
    },
    { actor: admin, requestId: null },
  );
  const ending = undo.move();
  return {
    ...{ world, engine, clusterId, policyId, ask, ended, backupOf },
    fire: async (name) => backupOf(await good('runBackupPolicy', { clusterId, policyId, tier: name })),
    heldBy: async ({ id }) => {
      const content = await catalogue.readContent(id);
      const tables = content?.held.tables ?? [];
      return tables
        .map(({ name, partitions }) => `${name} ${partitions.map((each) => each.name).join(',')}`)
        .toSorted();
    },
    keysOf: async ({ snapshot }) => {
      const objects = snapshot === null ? [] : await world.objects(`${world.root}/__ss_${snapshot}/`);
      return objects.map(({ key }) => key);
    },
    verify: async ({ id }) => ended((await ask('verifyBackup', { clusterId, backupId: id, level: 'L1' })).id),
    age: async ({ id }, kind, seconds) => {
      await engine.ctx.db
        .updateTable('run_step')
        .set({ started_at: sql`started_at - INTERVAL ${seconds} SECOND` })
        .where('run_id', '=', id)
        .where('kind', '=', kind)
        .execute();
    },
    usable: async () =>
      (await catalogue.list({ clusterId, policyId })).filter(
        ({ kind, state }) => kind === 'FULL' && state === 'AVAILABLE',
      ),
    close: () => ending.disposeAsync(),
  };
}

/** Time passes for runs that wait until they look again: nobody would notice the difference but by waiting for it. */
async function hurry({ ctx }: Engine): Promise<void> {
  await ctx.db
    .updateTable('run')
    .set({ due_at: null })
    .where('finished_at', 'is', null)
    .where('claimed_by', 'is', null)
    .where('due_at', 'is not', null)
    .execute();
}
