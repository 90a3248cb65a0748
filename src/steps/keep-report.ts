import { couldLook } from '../domain/health-checks.ts';
import type { NamedCheck } from '../domain/run.ts';
import { AppError } from '../errors.ts';
import type { Ports, StepContext } from './define.ts';

export type LookedAt = {
  readonly checks: readonly NamedCheck[];
  /** Why the cluster could not be asked at all; null = it was asked. */
  readonly unanswered: AppError | null;
};

/**
 * Stores the report under the run. One in which nothing could be looked at is stored too, and fails the step: a run that
 * could not look has checked nothing. A retry looks again.
 */
export async function keepReport(
  { checks, unanswered }: LookedAt,
  { inventory }: Pick<Ports, 'inventory'>,
  { clusterId, runId, log }: StepContext,
): Promise<void> {
  for (const check of checks.filter((one) => one.status === 'FAIL'))
    log(`${check.severity} ${check.name}: ${check.observed}`);
  await inventory.saveReport({ clusterId, runId, checks });
  if (unanswered !== null) {
    // Its own time is over with the report: it is not asked again and again like a step that waits for an answer.
    throw new AppError(
      unanswered.code === 'TIMEOUT' ? 'SQL_UNREACHABLE' : unanswered.code,
      `The cluster could not be looked at: ${unanswered.message}`,
      {
        hint: unanswered.hint ?? 'Look at the frontends and at the network between, then retry the run.',
        cause: unanswered,
      },
    );
  }
  if (couldLook(checks)) return;
  throw new AppError('POSTCHECK_FAILED', `Nothing that decides could be looked at: ${notMade(checks)}`, {
    hint: 'Look at what keeps Starwarden from asking, then retry the run.',
  });
}

function notMade(checks: readonly NamedCheck[]): string {
  const skipped = checks.filter(({ status }) => status === 'SKIPPED');
  return skipped.map(({ name, observed }) => `${name} (${observed})`).join(', ') || 'the report is empty';
}
