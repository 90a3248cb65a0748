import { type Actor, can, type Permission } from '../../domain/access.ts';
import type { BackupPolicy, BackupPolicyContent } from '../../domain/backup/policy.ts';
import { mistakesInPolicy, policyHash, retentionPart } from '../../domain/backup/policy-rules.ts';
import type { Cluster } from '../../domain/cluster.ts';
import type { JsonObject } from '../../domain/json.ts';
import { AppError } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { insertAudit } from '../access/audit.ts';
import { refuseNobody } from '../access/nobody.ts';
import { type Database, databaseNow, inTransaction, readDatabaseTime, type Tx } from '../database.ts';
import { toJson } from '../json.ts';
import { findVisibleCluster } from '../reads/clusters.ts';
import { findVisiblePolicy } from '../reads/policies.ts';
import { visibilityOf } from '../reads/visibility.ts';
import { type PolicyPart, setPolicySchedules } from '../schedules/policy-schedules.ts';
import { isDuplicateKey } from '../store-errors.ts';
import { toPolicy } from './policy-rows.ts';

/** Who changes something, by which request. */
export type ChangedBy = { readonly actor: Actor; readonly requestId: string | null };

type Change = { readonly action: string; readonly detail: JsonObject | null };

/**
 * Makes a policy and its schedules. Nothing is deleted by it until it is armed. Throws `NOT_FOUND`, `FORBIDDEN`,
 * `INVALID_INPUT` and `ALREADY_EXISTS`.
 */
export async function createPolicy(
  db: Database,
  { clusterId, name, content }: { clusterId: string; name: string; content: BackupPolicyContent },
  by: ChangedBy,
): Promise<BackupPolicy> {
  const action = 'createBackupPolicy';
  refuseNobody(by.actor);
  const visibility = visibilityOf(by.actor, 'cluster:read');
  const cluster = await findVisibleCluster(db, { visibility, id: clusterId });
  if (cluster === null) throw noCluster(clusterId);
  await authorize(db, { by, cluster, subject: name, permission: 'backup:manage', action });
  refuseMistakes(content);
  const id = newId('bpl');
  return refusingTwins(name, () =>
    inTransaction(db, async (tx) => {
      await tx
        .insertInto('backup_policy')
        .values({
          id,
          cluster_id: clusterId,
          ...{ name, open_name: name },
          content: toJson(content),
          owner_id: by.actor.id,
          owner_name: by.actor.name,
          created_at: databaseNow,
          changed_at: databaseNow,
        })
        .execute();
      return settle(tx, await lockPolicy(tx, id), { by, action, detail: { contentHash: policyHash(content) } });
    }),
  );
}

/**
 * Changes what a policy says. Whoever changes it owns it from then on, since its schedules run on their behalf; a content
 * that differs has to be armed anew. Throws also `PRECONDITION_FAILED` when somebody else has changed it meanwhile.
 */
export async function updatePolicy(
  db: Database,
  wanted: {
    policyId: string;
    revision: number | null;
    change: (content: BackupPolicyContent) => BackupPolicyContent;
  },
  by: ChangedBy,
): Promise<BackupPolicy> {
  const action = 'updateBackupPolicy';
  refuseNobody(by.actor);
  await authorizePolicy(db, wanted.policyId, { by, permission: 'backup:manage', action });
  return inTransaction(db, async (tx) => {
    const old = await lockPolicy(tx, wanted.policyId);
    if (wanted.revision !== null && wanted.revision !== old.revision) {
      throw new AppError('PRECONDITION_FAILED', `${old.name} was changed meanwhile, it has revision ${old.revision}`, {
        hint: 'Read it again.',
        path: ['input', 'revision'],
      });
    }
    const content = wanted.change(old.content);
    refuseMistakes(content);
    const [before, after] = [policyHash(old.content), policyHash(content)];
    if (before === after) return old;
    const { id: owner_id, name: owner_name } = by.actor;
    await write(tx, old.id, { content: toJson(content), owner_id, owner_name, ...disarmed });
    return settle(tx, await lockPolicy(tx, old.id), { by, action, detail: { before, after } });
  });
}

/** Takes a policy and its schedules away; its backups stay, and nothing but a person deletes them. */
export async function removePolicy(db: Database, policyId: string, by: ChangedBy): Promise<BackupPolicy> {
  const action = 'removeBackupPolicy';
  await authorizePolicy(db, policyId, { by, permission: 'backup:manage', action });
  return inTransaction(db, async (tx) => {
    const policy = await lockPolicy(tx, policyId);
    await write(tx, policy.id, { removed_at: databaseNow, open_name: null, ...disarmed });
    await setPolicySchedules(tx, { ...policy, parts: [], now: await readDatabaseTime(tx) });
    await audit(tx, policy, { by, action, detail: null });
    return { ...policy, armed: null };
  });
}

/**
 * Lets a policy delete, for exactly what it says now. Where the environment asks for approvals, another person than its
 * owner has to do it. Throws also `CONFIRMATION_MISMATCH` and `PLAN_STALE`.
 */
export async function armPolicy(
  db: Database,
  given: { policyId: string; contentHash: string; confirm: string; approvalEnvironments: readonly string[] },
  by: ChangedBy,
): Promise<BackupPolicy> {
  const action = 'armBackupPolicy';
  refuseNobody(by.actor);
  const cluster = await authorizePolicy(db, given.policyId, { by, permission: 'backup:delete', action });
  return inTransaction(db, async (tx) => {
    const policy = await lockPolicy(tx, given.policyId);
    const hash = policyHash(policy.content);
    if (given.confirm !== policy.name) {
      throw new AppError('CONFIRMATION_MISMATCH', 'Arming needs the name of the policy, typed', {
        hint: `Give confirm: "${policy.name}"`,
        path: ['confirm'],
      });
    }
    if (given.contentHash !== hash) {
      throw new AppError('PLAN_STALE', `${policy.name} does not say any more what was looked at`, {
        hint: 'Look at its retentionPlan again, and give its contentHash.',
        path: ['contentHash'],
      });
    }
    if (policy.owner.id === by.actor.id && given.approvalEnvironments.includes(cluster.environment)) {
      throw new AppError('FORBIDDEN', `In ${cluster.environment} another person than its owner arms a policy`, {
        hint: 'Ask somebody else who may delete backups.',
      });
    }
    if (policy.armed?.contentHash === hash) return policy;
    const { id: armed_by_id, name: armed_by_name } = by.actor;
    await write(tx, policy.id, { armed_hash: hash, armed_by_id, armed_by_name, armed_at: databaseNow });
    return settle(tx, await lockPolicy(tx, policy.id), { by, action, detail: { contentHash: hash } });
  });
}

/** From now on retention only shows what it would delete. */
export async function disarmPolicy(db: Database, policyId: string, by: ChangedBy): Promise<BackupPolicy> {
  const action = 'disarmBackupPolicy';
  await authorizePolicy(db, policyId, { by, permission: 'backup:manage', action });
  return inTransaction(db, async (tx) => {
    const policy = await lockPolicy(tx, policyId);
    if (policy.armed === null) return policy;
    await write(tx, policy.id, disarmed);
    return settle(tx, await lockPolicy(tx, policy.id), { by, action, detail: null });
  });
}

const disarmed = { armed_hash: null, armed_by_id: null, armed_by_name: null, armed_at: null } as const;

type Columns = Partial<{
  content: string;
  owner_id: string;
  owner_name: string;
  armed_hash: string | null;
  armed_by_id: string | null;
  armed_by_name: string | null;
  armed_at: typeof databaseNow | null;
  removed_at: typeof databaseNow;
  open_name: null;
}>;

async function write(tx: Tx, id: string, columns: Columns): Promise<void> {
  await tx
    .updateTable('backup_policy')
    .set((row) => ({ ...columns, changed_at: databaseNow, revision: row('revision', '+', 1) }))
    .where('id', '=', id)
    .execute();
}

/** Makes the schedules what the policy says, and records the change. */
async function settle(tx: Tx, policy: BackupPolicy, change: Change & { by: ChangedBy }): Promise<BackupPolicy> {
  await setPolicySchedules(tx, { ...policy, parts: partsOf(policy), now: await readDatabaseTime(tx) });
  await audit(tx, policy, change);
  return policy;
}

/** The schedules of a policy: one for each tier, and one that deletes or, until the policy is armed, only shows a plan. */
export function partsOf({ id, clusterId, content, armed }: BackupPolicy): readonly PolicyPart[] {
  const { timeZone, tiers, retentionCron } = content;
  const taking = tiers.map(
    ({ name, cron, jitterSeconds }): PolicyPart => ({
      ...{ part: name, cron, timeZone, jitterSeconds },
      operation: 'runBackupPolicy',
      input: { clusterId, policyId: id, tier: name },
      ...{ whenMissed: 'RUN_ONCE', isDryRun: false, approval: null },
    }),
  );
  const mayDelete = armed !== null && armed.contentHash === policyHash(content);
  const deleting: PolicyPart = {
    ...{ part: retentionPart, cron: retentionCron, timeZone, jitterSeconds: 0 },
    operation: 'pruneBackups',
    input: { clusterId, policyId: id },
    ...{ whenMissed: 'SKIP', isDryRun: !mayDelete, approval: mayDelete ? armed : null },
  };
  return [...taking, deleting];
}

async function lockPolicy(tx: Tx, id: string): Promise<BackupPolicy> {
  const row = await tx
    .selectFrom('backup_policy')
    .selectAll()
    .where('id', '=', id)
    .where('removed_at', 'is', null)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw noPolicy(id);
  return toPolicy(row);
}

type Needed = { by: ChangedBy; permission: Permission; action: string };

/** Whoever may not see the cluster does not learn that the policy exists. Answers the cluster. */
async function authorizePolicy(db: Database, id: string, need: Needed) {
  const found = await findVisiblePolicy(db, { visibility: visibilityOf(need.by.actor, 'cluster:read'), id });
  if (found === null) throw noPolicy(id);
  await authorize(db, { ...need, cluster: found.cluster, subject: found.policy.name });
  return found.cluster;
}

async function authorize(
  db: Database,
  {
    by,
    cluster,
    permission,
    action,
    subject,
  }: Needed & { cluster: Pick<Cluster, 'id' | 'name' | 'environment'>; subject: string },
): Promise<void> {
  const { id: clusterId, name, environment } = cluster;
  if (can(by.actor, permission, { clusterId, environment })) return;
  await insertAudit(db, { ...by, action, subject, clusterId, outcome: 'FORBIDDEN', detail: null, runId: null });
  throw new AppError('FORBIDDEN', `${by.actor.name} may not do this on ${name}`, {
    hint: `It needs the permission ${permission}; ask an ADMIN for a role that has it.`,
  });
}

function audit(tx: Tx, { name, clusterId }: BackupPolicy, { by, action, detail }: Change & { by: ChangedBy }) {
  return insertAudit(tx, { ...by, action, subject: name, clusterId, outcome: 'DONE', detail, runId: null });
}

function refuseMistakes(content: BackupPolicyContent): void {
  const [first, ...more] = mistakesInPolicy(content);
  if (first === undefined) return;
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
  throw new AppError('INVALID_INPUT', `${first.path.join('.')}: ${first.message}${others}`, {
    hint: first.hint,
    path: ['input', ...first.path],
  });
}

async function refusingTwins<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    throw new AppError('ALREADY_EXISTS', `The cluster has a policy or a schedule named ${name} already`, {
      hint: 'Choose another name, or change that policy.',
      path: ['input', 'name'],
      cause: error,
    });
  }
}

function noPolicy(id: string): AppError {
  return new AppError('NOT_FOUND', `There is no backup policy ${id}`, { hint: 'Query backupPolicies for their ids.' });
}

function noCluster(id: string): AppError {
  return new AppError('NOT_FOUND', `There is no cluster ${id}`, {
    hint: 'Query clusters for their ids.',
    path: ['input', 'clusterId'],
  });
}
