import type { Reading } from '../adapters/reading.ts';
import { couldLook } from '../domain/health-checks.ts';
import type { JsonObject } from '../domain/json.ts';
import type { PostCheck } from '../domain/run.ts';
import type { NamedCheck } from '../domain/verdict.ts';

/**
 * The end of a run that makes a report: it passes when there is a report for which the cluster could be observed,
 * whatever it found.
 */
export async function checkReport(
  { inventory }: Pick<Reading, 'inventory'>,
  runId: string,
  factsOf: (checks: readonly NamedCheck[]) => JsonObject,
): Promise<PostCheck> {
  const report = await inventory.findReport(runId);
  if (report !== null) {
    return { passed: couldLook(report.checks), facts: factsOf(report.checks), checks: report.checks };
  }
  return {
    passed: false,
    checks: [
      {
        name: 'report',
        status: 'FAIL',
        severity: 'BLOCK',
        observed: 'no report',
        wanted: 'a report',
        hint: 'Retry the run.',
      },
    ],
  };
}
