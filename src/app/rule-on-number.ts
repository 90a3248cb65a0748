import type { Alert } from '../domain/alert.ts';
import type { RuleOnNumber } from '../domain/charts/alert-chart.ts';
import { bookFor } from '../domain/rules/book.ts';
import { isMetricRule } from '../domain/rules/rule.ts';
import type { Reader } from '../store/database.ts';
import { readRuleEdits } from '../store/reads/rules.ts';

type Judged = Pick<Alert, 'rule' | 'clusterId' | 'environment' | 'nodeId'>;

/** What the rule of an alert says of a number, with the threshold that holds there now; null = it judges none, or is gone. */
export async function readRuleOnNumber(
  db: Reader,
  { rule: name, clusterId, environment, nodeId }: Judged,
  at: Date,
): Promise<RuleOnNumber | null> {
  const book = bookFor(await readRuleEdits(db), { clusterId, environment, at });
  const rule = book.rules.find((each) => each.name === name);
  if (rule === undefined || !isMetricRule(rule)) return null;
  const { metric, of, compare } = rule.on;
  const threshold = book.effective(name, nodeId)?.limits?.threshold ?? rule.on.threshold;
  return { metric, of, compare, threshold };
}
