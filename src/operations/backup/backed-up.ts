import type { Reading } from '../../adapters/reading.ts';
import type { Backup } from '../../domain/backup/backup.ts';
import type { PostCheck } from '../../domain/run.ts';
import type { NamedCheck } from '../../domain/verdict.ts';
import type { EndedRun } from '../define.ts';
import { findSnapshot, isWhole } from './take/snapshots.ts';

/**
 * Passes when each database that the run was about has a backup that holds what was asked for, and whose repository still
 * lists its snapshot with the timestamp that was recorded.
 */
export async function checkBackedUp(
  { sql, catalogue, signal }: Pick<Reading, 'sql' | 'catalogue' | 'signal'>,
  { runId, steps }: EndedRun,
): Promise<PostCheck> {
  const databases = new Set(
    steps.flatMap(({ kind, about }) => (kind === 'takeBackup' && about.id !== null ? [about.id] : [])),
  );
  const checks: NamedCheck[] = [];
  const made: Backup[] = [];
  for (const database of databases) {
    const backup = await catalogue.findOfRun(runId, database);
    if (backup !== null) made.push(backup);
    const observed = backup === null ? 'no record of it' : await observe(backup, sql, signal);
    checks.push({
      name: databases.size === 1 ? 'snapshot-whole' : `snapshot-whole ${database}`,
      status: observed === null ? 'PASS' : 'FAIL',
      severity: 'BLOCK',
      observed: observed ?? wordsOf(backup),
      wanted: 'available, and listed by its repository as whole',
      hint: 'Look at the backup and at its repository; ask for a new one.',
    });
  }
  const [only] = made;
  return {
    passed: checks.every(({ status }) => status === 'PASS'),
    facts:
      made.length === 1 && only !== undefined
        ? {
            backupId: only.id,
            repository: only.repository,
            snapshot: only.snapshot,
            backupTimestamp: only.backupTimestamp,
            sizeBytes: only.sizeBytes,
          }
        : { backupIds: made.map(({ id }) => id) },
    checks,
  };
}

/** What is wrong with it; null = nothing. */
async function observe(backup: Backup, sql: Reading['sql'], signal: AbortSignal): Promise<string | null> {
  if (backup.state !== 'AVAILABLE') return `${backup.state}${backup.problem === null ? '' : `: ${backup.problem}`}`;
  if (backup.snapshot === null) return null;
  const found = await findSnapshot(sql, { repository: backup.repository, snapshot: backup.snapshot }, signal);
  if (found === null) return 'not in the repository';
  const isListed = backup.backupTimestamp !== null && found.timestamps.includes(backup.backupTimestamp);
  if (isListed && isWhole(found)) return null;
  return `status ${found.status}, timestamp ${found.timestamps.join(', ') || 'none'}`;
}

function wordsOf(backup: Backup | null): string {
  if (backup === null) return '';
  return backup.snapshot === null
    ? `nothing had changed since ${backup.baseId ?? 'its base'}`
    : `${backup.state.toLowerCase()}, timestamp ${backup.backupTimestamp}`;
}
