import type { BackupPolicy as PolicyRow, BackupTier as TierRow } from '../domain/backup/policy.ts';
import { notesOnPolicy, policyHash } from '../domain/backup/policy-rules.ts';
import type { RecoveryPoint as RecoveryPointFound } from '../domain/backup/recovery-point.ts';
import type { CataloguedBackup } from '../domain/backup/usable.ts';
import { nextTimes } from '../domain/cron.ts';
import { AppError } from '../errors.ts';
import type { RetentionFacts } from '../operations/backup/deletion/observe.ts';
import { lookAtDatabases } from '../runs/look-at-backups.ts';
import { repositoryOf } from './Repository.ts';
import type { RequestContext } from './request-context.ts';

type First = { readonly first?: number | null };

function atMost({ first }: First, usual: number, most: number): number {
  const count = first ?? usual;
  if (count >= 1 && count <= most) return count;
  throw new AppError('BAD_USER_INPUT', `first is 1 to ${most}`, { path: ['first'] });
}

const isArmed = ({ armed, content }: PolicyRow) => armed !== null && armed.contentHash === policyHash(content);

export const BackupPolicy = {
  cluster: ({ clusterId }: PolicyRow, _: unknown, { loaders }: RequestContext) => loaders.cluster.load(clusterId),
  databases: ({ content }: PolicyRow) => content.databases,
  exceptDatabases: ({ content }: PolicyRow) => content.exceptDatabases,
  repository: ({ content }: PolicyRow) => content.repository,
  repositoryNow: ({ clusterId, content }: PolicyRow, _: unknown, context: RequestContext) =>
    repositoryOf({ clusterId, name: content.repository }, context),
  timeZone: ({ content }: PolicyRow) => content.timeZone,
  tiers: ({ content }: PolicyRow) => content.tiers.map((tier) => ({ ...tier, timeZone: content.timeZone })),
  retentionCron: ({ content }: PolicyRow) => content.retentionCron,
  nextRetentionTimes: ({ content }: PolicyRow, first: First, { deps }: RequestContext) =>
    nextTimes(
      { cron: content.retentionCron, timeZone: content.timeZone },
      { after: deps.engine.now(), count: atMost(first, 5, 50) },
    ),
  keepUsableFulls: ({ content }: PolicyRow) => content.keepUsableFulls,
  promiseHours: ({ content }: PolicyRow) => content.promiseHours,
  shrunkPercent: ({ content }: PolicyRow) => content.shrunkPercent,
  parallel: ({ content }: PolicyRow) => content.parallel,
  timeoutSeconds: ({ content }: PolicyRow) => content.timeoutSeconds,
  isArmed,
  armedBy: (policy: PolicyRow) =>
    isArmed(policy) && policy.armed !== null ? { id: policy.armed.byId, name: policy.armed.byName } : null,
  armedAt: (policy: PolicyRow) => (isArmed(policy) ? policy.armed?.at : null),
  contentHash: ({ content }: PolicyRow) => policyHash(content),
  notes: async ({ content, clusterId }: PolicyRow, _: unknown, { deps }: RequestContext) =>
    notesOnPolicy(content, { databases: await lookAtDatabases(deps.engine, clusterId), now: deps.engine.now() }),
};

export const BackupTier = {
  nextTimes: (tier: TierRow & { timeZone: string }, first: First, { deps }: RequestContext) =>
    nextTimes(tier, { after: deps.engine.now(), count: atMost(first, 5, 50) }),
};

const bytesOf = (rows: readonly { backup: CataloguedBackup }[]) =>
  rows.reduce((sum, { backup }) => sum + (backup.sizeBytes ?? 0), 0);

export const RetentionPlan = {
  contentHash: ({ policy }: RetentionFacts) => policyHash(policy.content),
  delete: ({ plan }: RetentionFacts, first: First) => plan.delete.slice(0, atMost(first, 100, 1_000)),
  deleteCount: ({ plan }: RetentionFacts) => plan.delete.length,
  deleteBytes: ({ plan }: RetentionFacts) => bytesOf(plan.delete),
  keep: ({ plan }: RetentionFacts, first: First) => plan.keep.slice(0, atMost(first, 100, 1_000)),
  keepCount: ({ plan }: RetentionFacts) => plan.keep.length,
  keepBytes: ({ plan }: RetentionFacts) => bytesOf(plan.keep),
};

const secondsOf = (ms: number | null) => (ms === null ? null : Math.round(ms / 1_000));

export const RecoveryPoint = {
  ageSeconds: ({ ageMs }: RecoveryPointFound) => secondsOf(ageMs),
  promiseSeconds: ({ promiseMs }: RecoveryPointFound) => secondsOf(promiseMs),
};
