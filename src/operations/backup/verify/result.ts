import { z } from 'zod';
import type { Backup, VerificationLevel } from '../../../domain/backup/backup.ts';
import type { BackupCatalogue } from '../../../domain/backup/catalogue.ts';
import type { ObjectSums } from '../../../domain/backup/object-sums.ts';
import type { Check } from '../../../domain/next-action.ts';
import { AppError, leavesOpen, messageOf } from '../../../errors.ts';
import type { Applied, StepContext } from '../../../steps/define.ts';
import type { Verdict } from './verdict.ts';

export const verifyParams = z.object({
  database: z.string(),
  repository: z.string(),
  /** Null = the newest backup of the database that the run itself has begun. */
  backupId: z.string().nullable(),
});
type Params = z.infer<typeof verifyParams>;

/** What a verification found; `passed` null = it could not be told, or there was nothing to see. */
export const verifyFacts = z.object({ passed: z.boolean().nullable(), message: z.string() });
type Facts = z.infer<typeof verifyFacts>;

/** So long a repository is asked again before it counts as one that could not be asked. */
export const patienceMs = 600_000;

type Result = {
  readonly backup: Backup;
  readonly level: VerificationLevel;
  readonly verdict: Verdict;
  readonly objects?: number;
  readonly bytes?: number;
  /** What was there, to be remembered if it is the first time and nothing is wrong. */
  readonly sums?: ObjectSums;
};

/** Throws `NOT_FOUND` when the row is not there: then nothing was begun that could be verified. */
export async function findBackup(
  { backupId, database }: Params,
  catalogue: BackupCatalogue,
  { runId, clusterId }: Pick<StepContext, 'runId' | 'clusterId'>,
): Promise<Backup> {
  const backup = backupId === null ? await catalogue.findOfRun(runId, database) : await catalogue.find(backupId);
  if (backup === null || backup.clusterId !== clusterId)
    throw new AppError('NOT_FOUND', `There is no backup of ${database} in the history`, { hint: 'Take a new backup.' });
  return backup;
}

/** The row that this run has written for the level shows that it was verified. One that failed is made anew by a retry. */
export async function findResult(
  level: VerificationLevel,
  given: Params,
  { catalogue, context }: { readonly catalogue: BackupCatalogue; readonly context: StepContext },
): Promise<Check<Facts>> {
  const backup = await findBackup(given, catalogue, context);
  const checks = await catalogue.listChecks(backup.id);
  const made = checks.findLast(
    (check) => check.runId === context.runId && check.level === level && check.passed !== false,
  );
  return made === undefined
    ? { state: 'todo' }
    : { state: 'done', facts: { passed: made.passed, message: made.message } };
}

/** The records of a result. A backup that is not whole fails the step; one of which nothing could be told does not. */
export function conclude(
  { backup, level, verdict, objects, bytes, sums }: Result,
  { log }: Pick<StepContext, 'log'>,
): Exclude<Applied<Facts>, void> {
  const { passed, message } = verdict;
  const records = [
    {
      record: 'backupChecked',
      ...{ backupId: backup.id, level, passed, message, objects: objects ?? null, bytes: bytes ?? null },
      ...(passed === true && sums !== undefined ? { remembered: sums } : {}),
    } as const,
  ];
  log(`${level}: ${message}`);
  if (passed !== false) return { state: 'done', facts: { passed, message }, records };
  return {
    state: 'blocked',
    code: 'BACKUP_DAMAGED',
    message,
    hint: 'It does not count as a backup any more. Take a new one; look at the repository for who has changed it.',
    records,
  };
}

/** A backup in which nothing had changed has no snapshot: it is as good as the one that it is based on. */
export function nothingToSee({ log }: Pick<StepContext, 'log'>): Exclude<Applied<Facts>, void> {
  const message = 'It has no snapshot of its own: nothing had changed since the full backup that it is based on.';
  log(message);
  return { state: 'done', facts: { passed: null, message } };
}

/**
 * Asks the repository. What may pass is thrown, so that it is asked again, until the step has tried for ten minutes; from
 * then on, and for what does not pass by itself, the answer is that it could not be told.
 */
export async function ask<T>(
  { startedAt, now }: Pick<StepContext, 'startedAt' | 'now'>,
  question: () => Promise<T>,
): Promise<T | Verdict> {
  try {
    return await question();
  } catch (error) {
    if (!(error instanceof AppError) || !isAboutAsking(error)) throw error;
    const triedMs = startedAt === null ? 0 : now().getTime() - startedAt.getTime();
    if ((error.retryable || leavesOpen(error.code)) && triedMs < patienceMs) throw error;
    return { passed: null, message: `The repository could not be asked: ${messageOf(error)}` };
  }
}

/** Says nothing of the backup, in contrast to what was read of it. */
function isAboutAsking({ code }: AppError): boolean {
  return code === 'TIMEOUT' || /^(SQL|OBJECT_STORE)_/.test(code);
}
