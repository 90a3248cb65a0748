import { durationInWords } from '../alert-facts.ts';
import type { NodeKind } from '../cluster.ts';
import { findMetric } from '../metrics/catalogue/index.ts';
import { settleAfterRunMs } from '../settling.ts';
import { inUtc } from '../utc.ts';
import { type Hiding, hidingsOf } from './inhibitions.ts';
import type { RuleLimits, RuleOverride } from './override.ts';
import type { AlertRule, CheckWaits, MetricRule, OnMetric } from './rule.ts';
import { isMetricRule } from './rule.ts';
import { sideInWords, valueInWords } from './value-words.ts';

/** The title without a subject: `The disk … of … fills up`. */
export function titleInWords({ title }: Pick<AlertRule, 'title'>): string {
  return title.replace(/\{\w+\}/g, '…');
}

/** A rule as it holds in a place, or as it is shipped. */
type Holding = { readonly limits: RuleLimits | null; readonly forMs: number | null };

/** Pure. When the rule has an alert and when that ends, in whole sentences. */
export function whenInWords(rule: AlertRule, holding: Holding = shippedHolding(rule)): string {
  if (!isMetricRule(rule))
    return `Each look judges it by itself; it is an alert ${checkWaitInWords(rule, holding.forMs)}, and over when a look finds that it does not hold.`;
  const { on } = rule;
  const { threshold, clear } = holding.limits ?? on;
  const unit = unitOf(on);
  const ends = on.compare === 'ABOVE' ? `at ${unit(clear)} or less` : `at ${unit(clear)} or more`;
  const taken = on.upTo === undefined ? [] : [`Beyond the threshold of ${on.upTo}, that rule has the alert.`];
  return [
    `${findMetric(on.metric)?.title ?? on.metric} (${on.metric}) ${subjectsInWords(rule)} is ${sideInWords(on.compare)} ${unit(threshold)} ${waitInWords(holding.forMs ?? rule.forMs)}; the alert ends ${ends}.`,
    ...taken,
    ...(on.unless === undefined
      ? []
      : [`It begins only where no look meanwhile had a value of ${on.unless}, which is judged by itself.`]),
    ...(on.nothingMeans === 'FINE' ? ['Where there is nothing of it, all is well.'] : []),
  ].join(' ');
}

function shippedHolding({ on, forMs }: AlertRule): Holding {
  return { forMs, limits: on.kind === 'METRIC' ? { threshold: on.threshold, clear: on.clear } : null };
}

const kinds = { FRONTEND: 'frontends', BACKEND: 'backends', COMPUTE_NODE: 'compute nodes' } as const satisfies Record<
  NodeKind,
  string
>;

const scopes = {
  CLUSTER: 'of the cluster',
  NODE: 'of a node',
  DISK: 'of a disk',
  MEDIUM: 'of all disks of a medium',
  DATABASE: 'of a database',
  USER: 'of a user',
  ROUTINE_LOAD: 'of a routine load',
  ENDPOINT: 'of an endpoint',
} as const;

function subjectsInWords({ on }: MetricRule): string {
  const scope = findMetric(on.metric)?.scope;
  if (on.of === 'CLUSTER' || scope === undefined) return scopes.CLUSTER;
  const only = on.nodes === undefined ? '' : `, only of ${on.nodes.map((kind) => kinds[kind]).join(' and ')},`;
  return `${scopes[scope]}${only}`;
}

/** `for 5 min`, `in one look`. */
export function waitInWords(forMs: number): string {
  return forMs === 0 ? 'in one look' : `for ${durationInWords(forMs)}`;
}

/** `at once`, `after 3 looks in a row`, `after 30 s and 2 looks in a row`. `forMs`: what people made of it; null = as the check has it. */
export function checkWaitInWords({ waits }: Pick<AlertRule, 'waits'>, forMs: number | null): string {
  const { minSamples = 1, forMs: own = 0 }: Partial<CheckWaits> = waits ?? {};
  const lasts = forMs ?? own;
  const parts = [
    ...(lasts === 0 ? [] : [durationInWords(lasts)]),
    ...(minSamples <= 1 ? [] : [`${minSamples} looks in a row`]),
  ];
  return parts.length === 0 ? 'at once' : `after ${parts.join(' and ')}`;
}

/** Pure. What can keep its alerts from being told, or that nothing does. */
export function hidingInWords(rule: AlertRule): string {
  const hidings = hidingsOf(rule);
  if (hidings.length === 0) return 'nothing: its alerts are always told.';
  return `${hidings.map(hiderInWords).join('; ')}.`;
}

function hiderInWords(hiding: Hiding): string {
  switch (hiding.kind) {
    case 'RUN':
      return `a run, while it takes the node away and brings it back; what it hid, for ${durationInWords(settleAfterRunMs)} after it ended well, or until a look does not find it`;
    case 'SILENCE':
      return 'a silence';
    case 'MAINTENANCE':
      return 'a maintenance window that hides alerts (no CRITICAL ones)';
    case 'RULE':
      return `an alert of ${hiding.rule}${hiding.isOfSameNode ? ' about the same node' : ''} (${hiding.because})`;
    default:
      return hiding satisfies never;
  }
}

/** Pure. What an override changes, who said so, until when and why: `threshold 90 %, ends at 88 %, by kim: a big disk`. */
export function overrideInWords(
  { on }: Pick<AlertRule, 'on'>,
  { changes, byName, reason, until }: RuleOverride,
): string {
  const { isOff, limits, forMs, severity } = changes;
  const unit = on.kind === 'METRIC' ? unitOf(on) : String;
  const what = [
    ...(isOff === null ? [] : [isOff ? 'off' : 'on']),
    ...(limits === null ? [] : [`threshold ${unit(limits.threshold)}, ends at ${unit(limits.clear)}`]),
    ...(forMs === null ? [] : [waitInWords(forMs)]),
    ...(severity === null ? [] : [severity]),
  ];
  const end = until === null ? '' : ` until ${inUtc(until)}`;
  return `${what.join(', ') || 'nothing'}, by ${byName}${end}: ${reason}`;
}

function unitOf({ metric }: OnMetric): (value: number) => string {
  const unit = findMetric(metric)?.unit ?? 'COUNT';
  return (value) => valueInWords(value, unit);
}
