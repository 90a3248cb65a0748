import type { S3Server } from '../../sandbox/s3/start-s3.ts';
import { policyHash } from '../../src/domain/backup/policy-rules.ts';
import { templateOf } from '../../src/domain/backup/template.ts';
import { newId } from '../../src/ids.ts';
import { readClusterFacts } from '../../src/operations/backup/deletion/observe.ts';
import { armPolicy, createPolicy } from '../../src/store/backups/policies.ts';
import { toJson } from '../../src/store/json.ts';
import { insertSecrets } from '../../src/store/secrets/secrets.ts';
import { admin, type Engine, person } from './engine.ts';

export const bucket = 'backups';
const root = 'prod/__starrocks_repository_vault';
const day = 86_400_000;

/** A repository in an S3 server, a policy, and four full backups with three objects each, of which no rule keeps the oldest. */
export type StoredBackups = {
  readonly policyId: string;
  /** Oldest first. */
  readonly backupIds: readonly string[];
  /** Objects of each snapshot that are left. */
  objectsLeft(): Promise<Readonly<Record<string, number>>>;
};

/** Puts them in the place of whatever the cluster has. The policy is armed unless told otherwise. */
export async function storeBackups(
  engine: Engine,
  {
    s3,
    clusterId,
    arm = true,
    databases = ['sales'],
  }: { s3: S3Server; clusterId: string; arm?: boolean; databases?: readonly string[] },
): Promise<StoredBackups> {
  const { db, secrets } = engine.ctx.engine;
  for (const { key } of await s3.inside.list(bucket)) await s3.inside.remove(bucket, key);
  await db.deleteFrom('backup').where('cluster_id', '=', clusterId).execute();
  await db.deleteFrom('repository').where('cluster_id', '=', clusterId).execute();
  await db.deleteFrom('schedule').where('cluster_id', '=', clusterId).execute();
  await db.deleteFrom('backup_policy').where('cluster_id', '=', clusterId).execute();

  const [accessKey, secretKey] = [newId('sec'), newId('sec')];
  await insertSecrets(
    db,
    [
      { id: accessKey, source: { kind: 'inline', value: s3.user.accessKey } },
      { id: secretKey, source: { kind: 'inline', value: s3.user.secretKey } },
    ],
    { clusterId, keys: secrets.keys },
  );
  const access = { endpoint: s3.endpoint, region: s3.region, pathStyle: true };
  await db
    .insertInto('repository')
    .values({
      id: newId('rpy'),
      cluster_id: clusterId,
      ...{ name: 'vault', location: `s3://${bucket}/prod`, kind: 'S3', read_only: 0, origin: 'CREATED' },
      access: toJson({ ...access, accessKeyRef: `secret:${accessKey}`, secretKeyRef: `secret:${secretKey}` }),
      created_at: new Date(),
    })
    .execute();

  const by = { actor: admin, requestId: null };
  const content = templateOf({ repository: 'vault', databases });
  const policy = await createPolicy(db, { clusterId, name: 'nightly', content }, by);
  if (arm) {
    const agreed = {
      policyId: policy.id,
      contentHash: policyHash(content),
      confirm: 'nightly',
      approvalEnvironments: [],
    };
    await armPolicy(db, agreed, { actor: person('ben', 'ADMIN'), requestId: null });
  }

  const reading = engine.ctx.engine.connections.reading(clusterId, AbortSignal.timeout(20_000));
  const { origin } = await readClusterFacts(reading.sql, reading.signal);
  const backupIds: string[] = [];
  await s3.inside.put(bucket, `${root}/__repo_info`, '{"name":"vault","create_time":"2026-01-01 00:00:00"}');
  for (const days of [90, 40, 7, 1]) {
    const id = newId('bak');
    const at = new Date(Date.now() - days * day);
    backupIds.push(id);
    await db
      .insertInto('backup')
      .values({
        ...{ id, cluster_id: clusterId, run_id: 'run_of_long_ago', database_name: 'sales' },
        ...{ repository: 'vault', location: `s3://${bucket}/prod`, snapshot: `sales_${days}`, backup_timestamp: 'x' },
        ...{ state: 'AVAILABLE', kind: 'FULL', origin, policy_id: policy.id, tier: 'weekly' },
        ...{ started_at: at, snapshot_at: at, finished_at: at, verified_at: at, object_count: 3, size_bytes: 30 },
      })
      .execute();
    for (const key of ['__info_a.b', '__meta.c', '__ss_content/__db_1/1.dat.d'])
      await s3.inside.put(bucket, `${root}/__ss_sales_${days}/${key}`, '0123456789');
  }
  return {
    policyId: policy.id,
    backupIds,
    objectsLeft: async () => {
      const keys = (await s3.inside.list(bucket))
        .filter(({ key }) => !key.endsWith('/__repo_info'))
        .map(({ key }) => /__ss_(\w+?)\//.exec(key)?.[1] ?? key);
      return Object.fromEntries([...Map.groupBy(keys, (key) => key)].map(([name, found]) => [name, found.length]));
    },
  };
}
