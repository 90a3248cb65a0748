import { z } from 'zod';
import { couldLook, unreachableCheck } from '../../../domain/health-checks.ts';
import { theCluster } from '../../../domain/subject.ts';
import { upgradeChecks } from '../../../domain/upgrade/checks.ts';
import type { ArchiveFacts, Asked } from '../../../domain/upgrade/checks-facts.ts';
import { type NamedCheck, worstOf } from '../../../domain/verdict.ts';
import { AppError, type ErrorCode } from '../../../errors.ts';
import { defineStep, type StepContext } from '../../../steps/define.ts';
import { keepReport, type LookedAt } from '../../../steps/keep-report.ts';
import { readUpgradeFacts, type UpgradeReading } from '../facts.ts';
import { archiveOf, verifyArchive } from './verify-archive.ts';

const params = z.object({ to: z.string(), maxRunningQueries: z.number(), maxBackupAgeHours: z.number() });

type Looking = Omit<UpgradeReading, 'clusterId' | 'signal' | 'now'>;

/** Reads everything that matters for an upgrade, and stores the report under the run. */
export const inspectUpgrade = defineStep({
  kind: 'inspectUpgrade',
  params,
  about: () => theCluster,
  effect: 'looks',
  needs: { verified: [verifyArchive] },
  ports: ['sql', 'shell', 'http', 'inventory', 'archives'],
  timeoutMs: 300_000,
  repeat: 'safe',
  describe: ({ to }) => `Look whether nodes, hosts and jobs are ready for ${to}`,
  check: async (_params, { inventory }, { runId }) => {
    const report = await inventory.findReport(runId);
    return report === null || !couldLook(report.checks)
      ? { state: 'todo' }
      : { state: 'done', facts: { readiness: readinessOf(report.checks) } };
  },
  apply: async (wanted, ports, { found, ...context }) => {
    const archive = found.verified === null ? null : archiveOf(found.verified);
    const looked = await inspect(wanted, ports, { ...context, archive });
    return keepReport(looked, context, (checks) => ({ readiness: readinessOf(checks) }));
  },
  undo: { nothing: 'It only reads.' },
});

/**
 * Whether the upgrade would begin now: at once, with warnings accepted, or not at all. UNKNOWN: nothing could be
 * observed.
 */
export function readinessOf(checks: readonly NamedCheck[]): 'READY' | 'WARNINGS' | 'BLOCKED' | 'UNKNOWN' {
  const words = { BLOCK: 'BLOCKED', WARN: 'WARNINGS', UNKNOWN: 'UNKNOWN', NOTHING: 'READY' } as const;
  return words[worstOf(checks)];
}

const unreachable = new Set<ErrorCode>(['SQL_UNREACHABLE', 'SQL_AUTH_FAILED', 'SQL_PRIVILEGE_MISSING', 'TIMEOUT']);

/** A cluster that does not answer is a finding: the report is made all the same. */
async function inspect(
  { to, maxRunningQueries, maxBackupAgeHours }: z.infer<typeof params>,
  ports: Looking,
  { clusterId, signal, now, archive }: StepContext & { readonly archive: Asked<ArchiveFacts> | null },
): Promise<LookedAt> {
  try {
    const facts = await readUpgradeFacts({ to }, { ...ports, clusterId, signal, now }, { archive });
    const checks = upgradeChecks(facts, { maxRunningQueries, maxBackupAgeHours, direction: null });
    return { checks, unanswered: null };
  } catch (error) {
    if (!(error instanceof AppError) || !unreachable.has(error.code)) throw error;
    return { checks: [unreachableCheck(error)], unanswered: error };
  }
}
