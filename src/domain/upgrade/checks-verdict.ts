import { skipped as anySkipped, verdict as anyVerdict, type NamedCheck, type Texts } from '../verdict.ts';
import type { Asked } from './checks-facts.ts';

/** The preflight's checks. A name is what a person writes into `acceptWarnings`, so it never changes its meaning. */
export const upgradeCheckNames = [
  'path-allowed',
  'return-path',
  'mixed-versions',
  'kept-binaries',
  'release-registered',
  'release-contents',
  'archive-intact',
  'nodes-alive',
  'one-leader',
  'frontends-quorum',
  'spare-worker',
  'tablets-healthy',
  'no-decommission',
  'no-backup-or-restore',
  'no-schema-change',
  'loads-running',
  'routine-loads',
  'running-queries',
  'single-replica-tables',
  'backup-fresh',
  'image-fresh',
  'hosts-attached',
  'hosts-answer',
  'tools-on-host',
  'disk-space',
  'swap-possible',
  'service-control',
  'jdk',
  'frontend-clocks',
  'clocks',
  'conf-keys',
  'downgrade-log-ids',
] as const;

export type UpgradeCheckName = (typeof upgradeCheckNames)[number];

/** Checks of runs that take nodes away and leave their binaries as they are; the others of theirs have the names above. */
export type CheckName = UpgradeCheckName | 'conf-readable' | 'conf-changed';

export function verdict(name: CheckName, severity: NamedCheck['severity'], passed: boolean, texts: Texts): NamedCheck {
  return anyVerdict(name, severity, passed, texts);
}

/** A check that does not apply here, or where it is harmless that nobody knows the answer. */
export function skipped(name: CheckName, why: string): NamedCheck {
  return anySkipped(name, { why, wanted: 'nothing' });
}

/** A question without an answer, where not knowing is as bad as knowing the worst. */
export function unanswered(
  name: CheckName,
  severity: NamedCheck['severity'],
  { why, wanted }: { why: string; wanted: string },
): NamedCheck {
  const hint = 'It could not be asked; mend that, then check again.';
  return verdict(name, severity, false, { observed: why, wanted, hint });
}

/** The answers of many, and the reasons of those that could not be asked. */
export function partition<T>(asked: readonly { readonly label: string; readonly answer: Asked<T> | null }[]): {
  answered: { label: string; value: T }[];
  failed: string[];
} {
  const answered: { label: string; value: T }[] = [];
  const failed: string[] = [];
  for (const { label, answer } of asked) {
    if (answer === null) continue;
    if ('value' in answer) answered.push({ label, value: answer.value });
    else failed.push(`${label}: ${answer.failed}`);
  }
  return { answered, failed };
}

/** The first few of many, for one line. */
export function some(items: readonly string[], most = 5): string {
  const rest = items.length - most;
  return `${items.slice(0, most).join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`;
}
