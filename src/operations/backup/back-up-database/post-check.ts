import type { Reading } from '../../../adapters/reading.ts';
import type { PostCheck } from '../../../domain/run.ts';
import { AppError } from '../../../errors.ts';
import { findSnapshot, isWhole } from './back-up.ts';

/** Passes when the repository lists the snapshot with the timestamp that was recorded, and with a good status. */
export async function checkBackedUp(
  { database }: { database: string },
  { sql, catalogue, signal }: Pick<Reading, 'sql' | 'catalogue' | 'signal'>,
  { runId }: { runId: string },
): Promise<PostCheck> {
  const backup = await catalogue.findOfRun(runId, database);
  if (backup === null || backup.snapshot === null)
    throw new AppError('POSTCHECK_FAILED', 'The record of the backup is gone', { hint: 'Ask for a new backup.' });
  const found = await findSnapshot(sql, { repository: backup.repository, snapshot: backup.snapshot }, signal);
  const passed =
    found !== null &&
    backup.backupTimestamp !== null &&
    found.timestamps.includes(backup.backupTimestamp) &&
    isWhole(found);
  return {
    passed,
    facts: {
      backupId: backup.id,
      repository: backup.repository,
      snapshot: backup.snapshot,
      backupTimestamp: backup.backupTimestamp,
    },
    checks: [
      {
        name: 'snapshot-whole',
        status: passed ? 'PASS' : 'FAIL',
        severity: 'BLOCK',
        observed:
          found === null
            ? 'not in the repository'
            : `status ${found.status}, timestamp ${found.timestamps.join(', ') || 'none'}`,
        wanted: `status OK, timestamp ${backup.backupTimestamp ?? 'known'}`,
        hint: 'Look at the repository in the object store.',
      },
    ],
  };
}
