import { z } from 'zod';
import type { Reading } from '../../../adapters/reading.ts';
import { type DeletionQuestion, whyNotDelete } from '../../../domain/backup/deletion.ts';
import { momentInWords } from '../../../domain/backup/periods.ts';
import { findUsable, momentOf } from '../../../domain/backup/usable.ts';
import type { PlanResult } from '../../../domain/plan.ts';
import type { PostCheck } from '../../../domain/run.ts';
import { defineOperation } from '../../define.ts';
import { backupId, clusterId } from '../../input/fields.ts';
import { checkDeleted } from '../deletion/check-deleted.ts';
import { readReach } from '../deletion/observe.ts';
import { checkNoRestore, countBackupObjects, removeBackupObjects } from '../deletion/steps.ts';

const input = z.object({ clusterId, backupId });
export type DeleteBackupInput = z.infer<typeof input>;

export const deleteBackup = defineOperation({
  name: 'deleteBackup',
  title: 'Delete a backup',
  version: 1,
  summary:
    'Delete one backup of ours and every object of it; what others need, a pin or the floor of a policy refuses.',
  permission: 'backup:delete',
  risk: 'destructive',
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: { clusterId: 'clu_01J00000000000000000000000', backupId: 'bak_01J00000000000000000000000' },
  slack: {
    verb: 'delete-backup',
    positional: ['clusterId', 'backupId'],
    examples: ['delete-backup prod-eu sales_20261127_060000_000 --dry-run'],
  },
  steps: [checkNoRestore, countBackupObjects, removeBackupObjects],
  observe,
  plan: planDeleteBackup,
  postCheck: (_given: DeleteBackupInput, reading: Reading, run): Promise<PostCheck> => checkDeleted(run.steps, reading),
});

async function observe(
  { clusterId: id, backupId: wanted }: DeleteBackupInput,
  { catalogue, sql, signal, now }: Reading,
): Promise<DeletionQuestion | null> {
  const backups = await catalogue.listCatalogued({ clusterId: id });
  const backup = backups.find((each) => each.id === wanted);
  if (backup === undefined) return null;
  const policy = backup.policyId === null ? null : await catalogue.findPolicy(backup.policyId);
  return { backup, backups, policy, ...(await readReach(id, { sql, catalogue, signal })), now: now() };
}

export function planDeleteBackup(_given: DeleteBackupInput, facts: DeletionQuestion | null): PlanResult {
  if (facts === null) {
    const message = 'The cluster has no such backup, or it is deleted already';
    return { refusals: [{ code: 'NOT_FOUND', message, hint: 'Query backups.', path: ['input', 'backupId'] }] };
  }
  const refusals = whyNotDelete(facts);
  if (refusals.length > 0) return { refusals };
  const { backup, backups } = facts;
  const { id, database, repository, snapshot } = backup;
  const others = findUsable(backups.filter((other) => other.database === database && other.id !== id));
  return {
    summary: `Delete the backup of ${database} of ${momentInWords(momentOf(backup))}${snapshot === null ? '' : ` (${snapshot})`}`,
    steps: [
      checkNoRestore.with({}),
      countBackupObjects.with({ backupId: id, database, repository, snapshot }),
      removeBackupObjects.with({
        ...{ backupId: id, database, repository, snapshot },
        policyId: null,
        because: 'A person asked for it',
      }),
    ],
    notes: others.size === 0 ? [`No usable backup of ${database} is left after this`] : [],
  };
}
