import type { Refusal } from '../plan.ts';
import type { NamedCheck } from '../verdict.ts';
import { clusterChecks } from './checks-cluster.ts';
import { confChecks } from './checks-conf.ts';
import type { UpgradeFacts, UpgradeLimits } from './checks-facts.ts';
import { hostChecks } from './checks-hosts.ts';
import { releaseChecks } from './checks-release.ts';
import { upgradeCheckNames } from './checks-verdict.ts';

/**
 * The preflight of an upgrade or downgrade: every check by name, with what was seen, what is wanted and what to do.
 * Pure; the same facts give the same list, in the same order.
 */
export function upgradeChecks(facts: UpgradeFacts, limits: UpgradeLimits): readonly NamedCheck[] {
  return [
    ...releaseChecks(facts, limits.direction),
    ...clusterChecks(facts, limits),
    ...hostChecks(facts),
    ...confChecks(facts),
  ];
}

/**
 * Why these checks do not allow the operation to begin; empty = it may. A failed BLOCK check always forbids it. A failed
 * WARN check forbids it until a person names it in `acceptWarnings`; naming one there that did not fail is harmless, so
 * an input stays valid when a warning is gone. `names` = the checks that there are.
 */
export function upgradeRefusals(
  checks: readonly NamedCheck[],
  { acceptWarnings }: { acceptWarnings: readonly string[] },
  names: readonly string[] = upgradeCheckNames,
): readonly Refusal[] {
  const unknown = acceptWarnings.filter((name) => !names.includes(name));
  const failed = checks.filter((check) => check.status === 'FAIL');
  const blocking = failed.filter((check) => check.severity === 'BLOCK');
  const warning = failed.filter((check) => check.severity === 'WARN' && !acceptWarnings.includes(check.name));
  return [
    ...unknown.map(
      (name): Refusal => ({
        code: 'INVALID_INPUT',
        message: `There is no check "${name}"`,
        hint: `The checks are ${names.join(', ')}.`,
        path: ['input', 'acceptWarnings'],
      }),
    ),
    ...blocking.map(
      (check): Refusal => ({ code: codeOf(check.name), message: messageOf(check), hint: check.hint ?? check.wanted }),
    ),
    ...warning.map(
      (check): Refusal => ({
        code: codeOf(check.name),
        message: messageOf(check),
        hint: `${check.hint ?? check.wanted} If it is meant, put ${check.name} into acceptWarnings.`,
      }),
    ),
  ];
}

function messageOf({ name, observed, wanted }: NamedCheck): string {
  return `${name}: ${observed}; wanted: ${wanted}`;
}

const codes: Readonly<Record<string, Refusal['code']>> = {
  'path-allowed': 'UNSUPPORTED_VERSION_PATH',
  'one-leader': 'QUORUM_AT_RISK',
  'frontends-quorum': 'QUORUM_AT_RISK',
  'tablets-healthy': 'REPLICATION_AT_RISK',
  'single-replica-tables': 'REPLICATION_AT_RISK',
};

function codeOf(name: string): Refusal['code'] {
  return codes[name] ?? 'PREFLIGHT_FAILED';
}
