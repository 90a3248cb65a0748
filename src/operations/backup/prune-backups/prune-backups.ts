import { z } from 'zod';
import type { Reading } from '../../../adapters/reading.ts';
import { policyHash } from '../../../domain/backup/policy-rules.ts';
import type { Lane, PlanResult } from '../../../domain/plan.ts';
import type { PostCheck } from '../../../domain/run.ts';
import { count } from '../../../domain/words.ts';
import { defineOperation } from '../../define.ts';
import { backupPolicyId, clusterId } from '../../input/fields.ts';
import { checkDeleted } from '../deletion/check-deleted.ts';
import { observeRetention, type RetentionFacts, whyNotArmed } from '../deletion/observe.ts';
import { checkArmed, checkNoRestore, countBackupObjects, removeBackupObjects } from '../deletion/steps.ts';

const input = z.object({ clusterId, policyId: backupPolicyId });
export type PruneBackupsInput = z.infer<typeof input>;

/*
 * Each backup has a lane of its own, one after the other: what stands in the way of one, perhaps for weeks, must not keep
 * all others from being deleted. What others still need is looked at again right before each.
 */

/** A run deletes no more than so many backups; the next one goes on. */
const mostAtOnce = 200;

export const pruneBackups = defineOperation({
  name: 'pruneBackups',
  title: 'Delete backups by policy',
  version: 1,
  summary: 'Delete the backups that no rule of an armed policy keeps; the plan says for each that stays why it does.',
  // Deleting was agreed to when the policy was armed, by somebody with backup:delete.
  permission: 'backup:manage',
  risk: 'destructive',
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: { clusterId: 'clu_01J00000000000000000000000', policyId: 'bpl_01J00000000000000000000000' },
  slack: {
    verb: 'prune-backups',
    positional: ['clusterId', 'policyId'],
    examples: ['prune-backups prod-eu nightly --dry-run'],
  },
  steps: [checkArmed, checkNoRestore, countBackupObjects, removeBackupObjects],
  observe: ({ clusterId: id, policyId }: PruneBackupsInput, reading: Reading) =>
    observeRetention({ clusterId: id, policyId }, reading),
  plan: planPruneBackups,
  postCheck: (_given: PruneBackupsInput, reading: Reading, run): Promise<PostCheck> => checkDeleted(run.steps, reading),
});

/** Deletes what no rule holds. Refuses only an unknown policy: that it is not armed is no reason not to show the plan. */
export function planPruneBackups(given: PruneBackupsInput, facts: RetentionFacts | null): PlanResult {
  if (facts === null) {
    const message = 'The cluster has no such backup policy';
    return { refusals: [{ code: 'NOT_FOUND', message, hint: 'Query backupPolicies.', path: ['input', 'policyId'] }] };
  }
  const { policy, plan, blockers } = facts;
  const now = plan.delete.slice(0, mostAtOnce);
  const because = `Retention of ${policy.name}`;
  return {
    summary:
      now.length === 0
        ? `Nothing to delete: every backup is held by a rule of ${policy.name}`
        : `Delete ${count(now.length, 'backup')} that no rule of ${policy.name} keeps`,
    steps: [
      checkArmed.with({ policyId: given.policyId, name: policy.name, contentHash: policyHash(policy.content) }),
      ...(now.length === 0 ? [] : [checkNoRestore.with({})]),
      ...now.flatMap(({ backup: { id: backupId, database, repository, snapshot } }) => {
        const lane: Lane = { stage: 'Deletion', name: snapshot ?? backupId, width: 1, independent: true };
        return [
          countBackupObjects.with({ backupId, database, repository, snapshot }, lane),
          removeBackupObjects.with({ backupId, database, repository, snapshot, policyId: policy.id, because }, lane),
        ];
      }),
    ],
    notes: [
      ...blockers,
      ...now.map(({ backup, because: why }) => `${backup.snapshot ?? backup.id} goes: ${why}`),
      ...(now.length < plan.delete.length ? [`${plan.delete.length - now.length} more go next time`] : []),
      `${count(plan.keep.length, 'backup')} stay; retentionPlan says for each which rules hold it`,
    ],
    blockers: blockersOf(whyNotArmed(policy)),
  };
}

function blockersOf(reasons: readonly string[]) {
  return reasons.map((message) => ({
    code: 'PRECONDITION_FAILED' as const,
    message,
    hint: 'Look at its retentionPlan, then arm it with armBackupPolicy.',
    path: ['input', 'policyId'],
  }));
}
