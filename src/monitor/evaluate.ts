import type { Logger } from 'pino';
import type { Condition, Sample, UnknownSubject } from '../domain/alert-life.ts';
import type { NotJudged } from '../domain/probe.ts';
import type { RuleBook } from '../domain/rules/book.ts';
import { endedByValue, judgeMetricRule, type RuledNode } from '../domain/rules/judge-metric.ts';
import { isMetricRule, type MetricRule } from '../domain/rules/rule.ts';
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

type Judging = {
  readonly clusterId: string;
  readonly parts: Parts;
  readonly log: Logger;
  /** The rules of the cluster as people want them. */
  readonly book: RuleBook;
  /** The nodes of the inventory, by which subjects of metrics are named. */
  readonly nodes: readonly RuledNode[];
};

/** What all rules find in one probe. */
export type Evaluated = Pick<Sample, 'conditions' | 'unjudged' | 'endedBy'> & {
  readonly unknown: readonly UnknownSubject[];
  /** What could not be judged, and why. */
  readonly notJudged: readonly NotJudged[];
};

/** What all rules find in one probe. A rule that fails says nothing about the cluster, and does not stop the others. */
export function evaluateRules(checks: readonly ConfiguredRule[], judging: Judging): Evaluated {
  const { book } = judging;
  const found = [
    ...checks.filter(({ name }) => isOnSomewhere(name, judging)).map((rule) => judgeCheck(rule, judging)),
    ...book.rules.filter(isMetricRule).map((rule) => judgeMetric(rule, judging)),
  ];
  const unknown = found.flatMap((each) => each.unknown);
  return {
    conditions: found.flatMap(({ conditions }) => conditions),
    unjudged: [...found.flatMap(({ unjudged }) => unjudged.map(({ rule }) => rule)), ...book.unread],
    unknown: unknown.map(({ because: _, ...each }) => each),
    endedBy: ({ rule: name, fingerprint }) => {
      const rule = book.rules.filter(isMetricRule).find((each) => each.name === name);
      const { clusterId, parts, nodes } = judging;
      if (rule === undefined || parts.metrics === null) return null;
      return endedByValue(rule, fingerprint, { clusterId, seen: parts.metrics, nodes, effective: book.effective });
    },
    notJudged: [
      ...found.flatMap(({ unjudged }) => unjudged.map((each) => ({ ...each, labels: null }))),
      ...book.unread.map((rule) => ({
        rule,
        labels: null,
        because: 'what somebody changed of the rule cannot be read',
      })),
      // Where nothing happened there is nothing that anybody could have known.
      ...unknown.flatMap(({ nothingForMs, ...each }) => (nothingForMs === undefined ? [each] : [])),
    ],
  };
}

type Because = { readonly because: string };

type Found = {
  readonly conditions: readonly Condition[];
  readonly unjudged: readonly ({ readonly rule: string } & Because)[];
  readonly unknown: readonly (UnknownSubject & Because)[];
};

/** A rule that is off everywhere is not judged: its failures would be nobody's. */
function isOnSomewhere(name: string, { book, nodes }: Judging): boolean {
  return [null, ...nodes.map(({ id }) => id)].some((nodeId) => book.effective(name, nodeId)?.off == null);
}

/** What a code rule finds, as people want to hear of it. */
function judgeCheck(rule: ConfiguredRule, { clusterId, parts, log, book }: Judging): Found {
  const judged = attempt({ clusterId, rule: rule.name, log }, () => rule.judge(clusterId, parts));
  if ('unjudged' in judged) return nothing({ rule: rule.name, because: judged.unjudged, clusterId, log });
  const conditions = judged.flatMap((condition) => {
    const effective = book.effective(rule.name, condition.nodeId);
    if (effective === undefined) return [condition];
    const { off, severity, forMs } = effective;
    return off === null
      ? [{ ...condition, severity: severity ?? condition.severity, forMs: forMs ?? condition.forMs }]
      : [];
  });
  return { conditions, unjudged: [], unknown: [] };
}

function judgeMetric(rule: MetricRule, { clusterId, parts, log, book, nodes }: Judging): Found {
  const seen = parts.metrics;
  if (seen === null) return nothing({ rule: rule.name, because: 'nothing was measured', clusterId, log });
  const judged = attempt({ clusterId, rule: rule.name, log }, () =>
    judgeMetricRule(rule, { clusterId, seen, nodes, effective: book.effective }),
  );
  if ('unjudged' in judged) return nothing({ rule: rule.name, because: judged.unjudged, clusterId, log });
  return { conditions: judged.conditions, unjudged: [], unknown: judged.unknown };
}

type Naming = { readonly clusterId: string; readonly rule: string; readonly log: Logger };

function nothing({ because, clusterId, rule, log }: Naming & { readonly because: string }): Found {
  log.debug({ clusterId, rule, because }, 'a rule could not be judged');
  return { conditions: [], unjudged: [{ rule, because }], unknown: [] };
}

function attempt<T>({ clusterId, rule, log }: Naming, judge: () => T): T | Unjudged {
  try {
    return judge();
  } catch (err) {
    log.error({ clusterId, rule, err }, 'an alert rule failed; its alerts go stale');
    return { unjudged: 'the rule failed' };
  }
}
