import type { VerificationLevel } from '../../../domain/backup/backup.ts';
import type { BackupCatalogue } from '../../../domain/backup/catalogue.ts';
import type { PostCheck } from '../../../domain/run.ts';
import { skipped, verdict } from '../../../domain/verdict.ts';

type Asked = { readonly id: string; readonly level: VerificationLevel; readonly runId: string };

/** Passes when each level that was asked for has a result that says that it passed: an open one is no pass. */
export async function checkVerified(
  { id, level, runId }: Asked,
  catalogue: Pick<BackupCatalogue, 'listChecks'>,
): Promise<PostCheck> {
  const made = (await catalogue.listChecks(id)).filter((check) => check.runId === runId);
  const levels = level === 'L0' ? (['L0'] as const) : (['L0', 'L1'] as const);
  const checks = levels.map((each) => {
    const result = made.findLast((check) => check.level === each);
    const name = each === 'L0' ? 'snapshot-listed' : 'objects-whole';
    const wanted = each === 'L0' ? 'listed in the repository' : 'every object there, each with its checksum';
    const hint = 'Ask again when the repository answers.';
    if (result === undefined || result.passed === null)
      return skipped(name, { why: result?.message ?? 'no result', wanted, severity: 'BLOCK', hint });
    return verdict(name, 'BLOCK', result.passed, { observed: result.message, wanted, hint });
  });
  return { passed: checks.every(({ status }) => status === 'PASS'), checks, facts: { backupId: id, level } };
}
