import type { Backup, VerificationLevel } from '../../../domain/backup/backup.ts';
import { isOfCatalogs } from '../../../domain/backup/external-catalogs.ts';
import type { PlanResult, Refusal } from '../../../domain/plan.ts';
import { verifyListed } from '../verify/verify-listed.ts';
import { verifyObjects } from '../verify/verify-objects.ts';

export type VerifyFacts = {
  /** Null = the cluster has no such backup in the history. */
  readonly backup: Backup | null;
  /** Why Starwarden cannot look at the objects by itself; null = it can try. */
  readonly whyNoObjects: string | null;
};

type Input = { readonly backupId: string; readonly level: VerificationLevel; readonly readGib: number };

/** Asks StarRocks first, then looks at the objects if that is wanted. */
export function planVerifyBackup({ backupId, level, readGib }: Input, facts: VerifyFacts): PlanResult {
  const { backup } = facts;
  const refusal = refusalOf(level, facts);
  if (refusal !== null || backup === null) return { refusals: refusal === null ? [] : [refusal] };
  const { database, repository } = backup;
  const params = { database, repository, backupId };
  return {
    summary: `Verify the backup ${backup.snapshot} of ${database} in ${repository}`,
    steps: [verifyListed.with(params), ...(level === 'L0' ? [] : [verifyObjects.with({ ...params, readGib })])],
    notes: ['A backup that turns out not to be whole counts as broken from then on'],
  };
}

function refusalOf(level: VerificationLevel, { backup, whyNoObjects }: VerifyFacts): Refusal | null {
  const path = ['input', 'backupId'];
  if (backup === null)
    return {
      ...{ code: 'NOT_FOUND', message: 'The cluster has no such backup in its history', path },
      hint: 'Take the id from the list of its backups.',
    };
  const cannot = (message: string, hint: string): Refusal => ({ code: 'PRECONDITION_FAILED', message, hint, path });
  switch (backup.state) {
    case 'SCHEDULED':
    case 'RUNNING':
      return cannot('It is not complete yet', 'Wait for its run.');
    case 'DELETING':
    case 'DELETED':
      return cannot('It is deleted, or its objects are being removed', 'Choose another one.');
    case 'AVAILABLE':
    case 'PARTIAL':
    case 'BROKEN':
      break;
    default:
      return backup.state satisfies never;
  }
  if (backup.snapshot === null)
    return cannot(
      'It has no snapshot of its own, since nothing had changed',
      `Verify the full backup that it is based on${backup.baseId === null ? '' : `: ${backup.baseId}`}.`,
    );
  if (level === 'L1' && isOfCatalogs(backup))
    return {
      ...{ code: 'PRECONDITION_FAILED', path: ['input', 'level'] },
      message: 'The objects of a backup of external catalogs are not compared: nothing says what they should be',
      hint: 'Verify it with level L0.',
    };
  if (level === 'L1' && whyNoObjects !== null)
    return {
      ...{ code: 'PRECONDITION_FAILED', path: ['input', 'level'] },
      message: `Starwarden cannot look at the objects by itself: ${whyNoObjects}`,
      hint: 'Verify it with level L0, or give Starwarden access to the object store of the repository.',
    };
  return null;
}
