import type { Backup } from '../../../src/domain/backup/backup.ts';
import type { BackupTier } from '../../../src/domain/backup/policy.ts';
import { templateOf } from '../../../src/domain/backup/template.ts';
import { createPolicy } from '../../../src/store/backups/policies.ts';
import { type BackupWorld, repository, startBackupWorld } from '../../helpers/backup-world.ts';
import { admin } from '../../helpers/engine.ts';
import { type ClockSite, startClockSite } from './clock-site.ts';

/** The database `shop`, backed up by the policy `standard`. */
export type BackupSite = ClockSite & {
  readonly world: BackupWorld;
  readonly bucket: string;
  /** Runs a tier of the policy, which has to end so. */
  fire(tier: string, state: 'SUCCEEDED' | 'FAILED'): Promise<void>;
  /** Its backups that can be used, newest first. */
  newest(): Promise<readonly Backup[]>;
  /** When a tier is due next. */
  nextDue(tier: string): Promise<Date>;
};

const tier = (name: string, kind: BackupTier['kind']): BackupTier => ({
  ...{ name, kind, cron: '0 1 * * 0', jitterSeconds: 0, keep: [{ rule: 'COUNT', count: 9 }], verify: 'L1' },
});

export async function startBackupSite(): Promise<BackupSite> {
  let world: BackupWorld | null = null;
  const site = await startClockSite(async (conf) => {
    world = await startBackupWorld({ conf });
    return world;
  });
  if (world === null) throw new Error('no world');
  const made: BackupWorld = world;
  const { clusterId, operate, lab } = site;
  const { endpoint, region, user } = made.s3;
  const s3 = { endpoint, region, pathStyle: true, accessKey: user.accessKey, secretKey: user.secretKey };
  await operate('takeOverRepository', { clusterId, name: repository.name, s3 });
  const { db, connections } = lab.engine.ctx;
  const { id: policyId } = await createPolicy(
    db,
    {
      ...{ clusterId, name: 'standard' },
      content: {
        ...templateOf({ repository: repository.name, databases: ['shop'] }),
        // StarRocks tries for 20 s here.
        timeoutSeconds: 10_000,
        tiers: [tier('weekly', 'FULL'), tier('daily', 'INCREMENTAL')],
      },
    },
    { actor: admin, requestId: null },
  );
  return {
    ...site,
    world: made,
    bucket: repository.bucket,
    fire: async (name, state) => {
      const ended = await operate('runBackupPolicy', { clusterId, policyId, tier: name });
      if (ended.state !== state)
        throw new Error(`the backup ended as ${ended.state}: ${JSON.stringify(ended.failure)}`);
    },
    newest: async () =>
      (await connections.catalogue.list({ clusterId, policyId }))
        .filter(({ state }) => state === 'AVAILABLE')
        .toSorted((a, b) => b.startedAt.getTime() - a.startedAt.getTime()),
    nextDue: async (part) => {
      const rows = await db.selectFrom('schedule').selectAll().where('policy_id', '=', policyId).execute();
      const due = rows.find((row) => row.policy_part === part)?.due_at;
      if (due == null) throw new Error(`the tier ${part} is never due`);
      return due;
    },
  };
}
