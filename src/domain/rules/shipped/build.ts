import type { AlertRule } from '../rule.ts';

export const minute = 60_000;

/** The page that has a section for every shipped rule. */
export const runbooks = 'docs/monitoring/runbooks.md';

type Common = 'family' | 'runbook' | 'action' | 'isInhibitedByRuns';
type Given = Omit<AlertRule, Common> & Partial<Pick<AlertRule, 'action' | 'isInhibitedByRuns'>>;

/** The shipped rules of one family. */
export function familyOf<const Name extends string>(
  family: AlertRule['family'],
  rules: readonly (Given & { readonly name: Name })[],
): readonly (AlertRule & { readonly name: Name })[] {
  return rules.map((rule) => ({
    action: null,
    isInhibitedByRuns: false,
    ...rule,
    family,
    runbook: `${runbooks}#${rule.name}`,
  }));
}

/** What all rules have in common that are code. */
export const byCheck = { on: { kind: 'CHECK' }, forMs: null } as const;
