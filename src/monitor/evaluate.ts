import type { Logger } from 'pino';
import type { Condition } from '../domain/alert-life.ts';
import type { ConfiguredRule, Rule, Unjudged } from './define-rule.ts';
import type { Parts } from './read-parts.ts';

/** Gives each rule what the configuration says about it. Throws when the configuration names an unknown rule. */
export function configureRules(
  rules: readonly Rule[],
  settings: Readonly<Record<string, unknown>>,
): readonly ConfiguredRule[] {
  const unknown = Object.keys(settings).find((name) => !rules.some((rule) => rule.name === name));
  if (unknown !== undefined) throw new Error(`there is no alert rule ${unknown}`);
  return rules.map((rule) => rule.configure(settings[rule.name]));
}

type Judging = { readonly clusterId: string; readonly parts: Parts; readonly log: Logger };

/** What all rules find in one probe. A rule that fails says nothing about the cluster, and does not stop the others. */
export function evaluateRules(rules: readonly ConfiguredRule[], { clusterId, parts, log }: Judging) {
  const conditions: Condition[] = [];
  const unjudged: string[] = [];
  for (const rule of rules) {
    const judged = judgeOrNot(rule, { clusterId, parts, log });
    if ('unjudged' in judged) {
      log.debug({ clusterId, rule: rule.name, because: judged.unjudged }, 'a rule could not be judged');
      unjudged.push(rule.name);
    } else conditions.push(...judged);
  }
  return { conditions, unjudged };
}

function judgeOrNot(rule: ConfiguredRule, { clusterId, parts, log }: Judging): readonly Condition[] | Unjudged {
  try {
    return rule.judge(clusterId, parts);
  } catch (err) {
    log.error({ clusterId, rule: rule.name, err }, 'an alert rule failed; its alerts go stale');
    return { unjudged: 'the rule failed' };
  }
}
