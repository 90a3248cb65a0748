import { findMetric } from '../metrics/catalogue/index.ts';
import type { Metric } from '../metrics/metric.ts';
import type { RuleChanges, RuleLimits } from './override.ts';
import { type AlertRule, isBeyond, type OnMetric, ownPrefix } from './rule.ts';
import { valueInWords } from './value-words.ts';

/** What is wrong with a rule or an override that somebody asks for, by the field it is about. */
export type RuleMistake = { readonly field: string; readonly message: string; readonly hint: string };

const longestForMs = 24 * 3_600_000;
/** A limit that can be exceeded can be exceeded by much. */
const greatestShare = 10;

/** Pure. Empty = the rule can be judged. */
export function mistakesInRule({ name, on, forMs, title }: AlertRule): readonly RuleMistake[] {
  const named = new RegExp(`^${ownPrefix}[a-z0-9_]{2,50}$`).test(name);
  return [
    ...(named
      ? []
      : [
          {
            ...{
              field: 'name',
              message: `A rule of yours is called ${ownPrefix} and 2 to 50 small letters, digits and _`,
            },
            hint: `Such as ${ownPrefix}sales_latency: shipped rules never begin so.`,
          },
        ]),
    ...mistakeInTitle(title),
    ...(forMs === null ? [] : mistakesInTime(forMs)),
    ...(on.kind === 'METRIC' ? mistakesInCondition(on) : []),
  ];
}

/** Pure. Empty = the changes can be made to this rule. */
export function mistakesInChanges(
  rule: AlertRule,
  { isOff, limits, forMs, severity }: RuleChanges,
): readonly RuleMistake[] {
  if (isOff === null && limits === null && forMs === null && severity === null)
    return [
      { field: 'rule', message: 'The override changes nothing', hint: 'Give a threshold, a time, a severity, or off.' },
    ];
  const onMetric = rule.on.kind === 'METRIC' ? rule.on : null;
  if (limits !== null && onMetric === null)
    return [
      {
        ...{ field: 'threshold', message: `${rule.name} has no threshold: it judges what is no number` },
        hint: 'Its severity and its time can be changed.',
      },
    ];
  return [
    ...(forMs === null ? [] : mistakesInTime(forMs)),
    ...(limits === null || onMetric === null ? [] : mistakesInCondition({ ...onMetric, ...limits })),
  ];
}

function mistakeInTitle(title: string): readonly RuleMistake[] {
  const isShort = title.trim().length >= 3 && title.length <= 200;
  return isShort && !/\p{Cc}/u.test(title)
    ? []
    : [{ field: 'title', message: 'A title has 3 to 200 characters on one line', hint: 'Say what is wrong.' }];
}

function mistakesInTime(forMs: number): readonly RuleMistake[] {
  return forMs >= 0 && forMs <= longestForMs
    ? []
    : [{ field: 'forSeconds', message: 'A condition has to hold for 0 s to a day', hint: 'Such as 300.' }];
}

function mistakesInCondition(on: OnMetric): readonly RuleMistake[] {
  const metric = findMetric(on.metric);
  if (metric === undefined)
    return [
      { field: 'metric', message: `There is no metric ${on.metric}`, hint: 'The query metrics lists their names.' },
    ];
  return [...mistakesInSubject(on, metric), ...mistakesInLimits(on, metric)];
}

function mistakesInSubject({ of }: OnMetric, { name, scope, overall }: Metric): readonly RuleMistake[] {
  if (of === 'EACH' || scope === 'CLUSTER' || overall !== null) return [];
  return [{ field: 'of', message: `The values of ${name} have none in common`, hint: 'Judge EACH of them.' }];
}

function mistakesInLimits(on: OnMetric, { unit }: Metric): readonly RuleMistake[] {
  const { threshold, clear, compare } = on;
  const most = unit === 'SHARE' ? greatestShare : Number.MAX_SAFE_INTEGER;
  const isPossible = (value: number) => Number.isFinite(value) && value >= 0 && value <= most;
  const bad = (['threshold', 'clear'] as const).filter((field) => !isPossible(on[field]));
  if (bad[0] !== undefined) {
    const hint = unit === 'SHARE' ? 'A share is a part of one: 0.85 for 85 %.' : `It is in the unit ${unit}.`;
    return [{ field: bad[0], message: `${on[bad[0]]} is no possible ${bad[0]} of ${on.metric}`, hint }];
  }
  if (!isBeyond(compare, clear, threshold)) return [];
  const [side, other] = compare === 'ABOVE' ? (['over', 'at most'] as const) : (['below', 'at least'] as const);
  return [
    {
      field: 'clear',
      message: `An alert that begins ${side} ${valueInWords(threshold, unit)} cannot end at ${valueInWords(clear, unit)}`,
      hint: `Let it end at ${other} the threshold.`,
    },
  ];
}

/**
 * The limits with a new threshold: where nobody says at which value an alert ends, as far from the threshold as before, and
 * not further away in proportion. So a value that is good by any measure ends it: 5 % below 1 s and not below 10 s.
 */
export function limitsWith(
  rule: OnMetric,
  { threshold, clear }: { threshold: number; clear: number | null },
): RuleLimits {
  if (clear !== null) return { threshold, clear };
  const sameDistance = threshold + (rule.clear - rule.threshold);
  const sameShare = rule.threshold === 0 ? threshold : (threshold * rule.clear) / rule.threshold;
  const moved = rule.compare === 'ABOVE' ? Math.max(sameDistance, sameShare) : Math.min(sameDistance, sameShare);
  // Numbers such as 0.85 - 0.02 have no exact form, and none may come to lie beyond the threshold.
  const end = Number(moved.toPrecision(12));
  return { threshold, clear: isBeyond(rule.compare, end, threshold) ? threshold : end };
}
