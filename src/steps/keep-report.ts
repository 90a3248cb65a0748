import { couldLook } from '../domain/health-checks.ts';
import type { JsonObject } from '../domain/json.ts';
import type { NamedCheck } from '../domain/verdict.ts';
import type { AppError } from '../errors.ts';
import type { Applied, StepContext } from './define.ts';

export type LookedAt = {
  readonly checks: readonly NamedCheck[];
  /** Why the cluster could not be asked at all; null = it was asked. */
  readonly unanswered: AppError | null;
};

/**
 * Answers the report as a record, to be kept under the run. A report in which nothing could be observed is kept too, and
 * fails the step: a run that could not look has checked nothing. A retry looks again.
 */
export function keepReport(
  { checks, unanswered }: LookedAt,
  { log }: Pick<StepContext, 'log'>,
  factsOf: (checks: readonly NamedCheck[]) => JsonObject,
): Applied {
  for (const check of checks.filter((one) => one.status === 'FAIL'))
    log(`${check.severity} ${check.name}: ${check.observed}`);
  const records = [{ record: 'reportMade' as const, checks }];
  if (unanswered !== null) {
    return {
      state: 'blocked',
      // With the report the step is over: unlike a step that waits for an answer, it is not repeated after a time-out.
      code: unanswered.code === 'TIMEOUT' ? 'SQL_UNREACHABLE' : unanswered.code,
      message: `The cluster could not be looked at: ${unanswered.message}`,
      hint: unanswered.hint ?? 'Look at the frontends and at the network between, then retry the run.',
      records,
    };
  }
  if (couldLook(checks)) return { state: 'done', facts: factsOf(checks), records };
  return {
    state: 'blocked',
    code: 'POSTCHECK_FAILED',
    message: `Nothing that decides could be looked at: ${notMade(checks)}`,
    hint: 'Look at what keeps Starwarden from asking, then retry the run.',
    records,
  };
}

function notMade(checks: readonly NamedCheck[]): string {
  const skipped = checks.filter(({ status }) => status === 'SKIPPED');
  return skipped.map(({ name, observed }) => `${name} (${observed})`).join(', ') || 'the report is empty';
}
