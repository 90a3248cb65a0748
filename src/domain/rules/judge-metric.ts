import { alertFingerprint } from '../alert.ts';
import type { Condition, UnknownSubject } from '../alert-life.ts';
import type { NodeKind } from '../cluster.ts';
import { findMetric } from '../metrics/catalogue/index.ts';
import { flatten } from '../metrics/counters.ts';
import { latelyMs } from '../metrics/lately.ts';
import { type Measurement, type MetricSubject, subjectKey } from '../metrics/measurement.ts';
import type { Metric } from '../metrics/metric.ts';
import { isOfNothing, type Unknown } from '../metrics/unknown.ts';
import type { NodeIdentity } from '../node-identity.ts';
import type { EffectiveRule } from './override.ts';
import { isBeyond, isClear, type MetricRule, type OnMetric } from './rule.ts';
import { labelsOf, placeInWords, withLabels } from './subject-words.ts';
import { endInWords, sideInWords, valueBeside, valueInWords } from './value-words.ts';

/** What a look measured of a cluster, and when. */
export type MetricsSeen = {
  readonly at: Date;
  readonly measurements: readonly Measurement[];
  readonly unknown: readonly Unknown[];
};

/** The values and gaps of a look, without its time. */
type Values = Omit<MetricsSeen, 'at'>;

export type RuledNode = NodeIdentity & { readonly id: string };

/** The rules as they hold for the cluster (null) and for each of its nodes. Undefined = there is no such rule here. */
export type EffectiveRules = (rule: string, nodeId: string | null) => EffectiveRule | undefined;

export type MetricLook = {
  readonly clusterId: string;
  readonly seen: MetricsSeen;
  readonly nodes: readonly RuledNode[];
  readonly effective: EffectiveRules;
};

export type JudgedMetric = {
  readonly conditions: readonly Condition[];
  /** What could not be judged, and why; no labels = nothing of the rule could be. */
  readonly unknown: readonly (UnknownSubject & { readonly because: string })[];
};

/** How often a value must be seen beyond its threshold where it has to be so for some time: one look is no time. */
const looksOfTime = 2;

/** Pure. Every subject of a rule's metric whose value is bad, and every one that could not be judged. */
export function judgeMetricRule(rule: MetricRule, look: MetricLook): JudgedMetric {
  const metric = findMetric(rule.on.metric);
  if (metric === undefined)
    return {
      conditions: [],
      unknown: [{ rule: rule.name, labels: {}, because: `there is no metric ${rule.on.metric}` }],
    };
  const { measurements, unknown } = ofRule(rule, metric, look);
  return {
    conditions: measurements.flatMap((measurement) => conditionOf(rule, metric, { look, measurement })),
    unknown: unknown.flatMap(({ subject, because, reason }) => {
      const labels = labelsOf(subject, look.nodes);
      if (labels === null) return [];
      const isNothing = rule.on.nothingMeans === 'FINE' && isOfNothing(reason);
      return [{ rule: rule.name, labels, because, ...(isNothing ? { nothingForMs: nothingForMs(metric) } : {}) }];
    }),
  };
}

/**
 * Pure. The value by which a rule finds that an alert is over: `Disk use of /data1 on be 10.0.0.11:9050 is 71 %, not over 83 %`.
 * Null = none was measured of what the alert is about.
 */
export function endedByValue(rule: MetricRule, fingerprint: string, look: MetricLook): string | null {
  const metric = findMetric(rule.on.metric);
  if (metric === undefined) return null;
  const { clusterId, nodes } = look;
  const found = ofRule(rule, metric, look).measurements.find(({ subject }) => {
    const labels = labelsOf(subject, nodes);
    return labels !== null && alertFingerprint({ clusterId, rule: rule.name, labels }) === fingerprint;
  });
  if (found === undefined) return null;
  const { subject, value } = found;
  const limits = look.effective(rule.name, subject.nodeId ?? null)?.limits;
  if (limits == null) return null;
  const limit = valueInWords(limits.clear, metric.unit);
  return `${metric.title}${placeInWords(subject, nodes)} is ${valueInWords(value, metric.unit)}, not ${sideInWords(rule.on.compare)} ${limit}`;
}

/**
 * A share says nothing of the looks in which nothing happened, and is one of every minute where loads come every minute; a
 * latency says nothing of few queries. For so long a condition goes on ripening and an alert stays open over such looks: for hours
 * where what is counted over hours became less than it takes.
 */
function nothingForMs({ source }: Metric): number {
  const isOfHours = source.kind === 'PAGE' && flatten(source.derivation).some(({ kind }) => kind === 'LATELY');
  return isOfHours ? latelyMs : 5 * 60_000;
}

/** The values and gaps that a rule is about: those of its subjects, or those of the whole cluster. */
export function ofRule(
  { on }: MetricRule,
  metric: Metric,
  { seen, nodes }: { readonly seen: Values; readonly nodes: readonly RuledNode[] },
): Values {
  const isOurs = ({ metric: name }: { readonly metric: string }) => name === metric.name;
  const isWhole = ({ subject }: { readonly subject: MetricSubject }) => subjectKey(subject) === '';
  const isOfKind = ofKinds(on.nodes, nodes);
  const measurements = seen.measurements.filter((each) => isOurs(each) && isOfKind(each.subject));
  const gaps = seen.unknown.filter((each) => isOurs(each) && isOfKind(each.subject));
  // A latency of nothing is fine at once: StarRocks itself goes on showing it for minutes.
  const isFine = on.nothingMeans === 'FINE' && metric.unit !== 'SHARE';
  const unknown = isFine ? gaps.filter(({ reason }) => reason !== 'OF_NOTHING') : gaps;
  if (on.of === 'CLUSTER' || metric.scope === 'CLUSTER')
    return { measurements: measurements.filter(isWhole), unknown: wholeGaps(metric, unknown) };
  const parts = measurements.filter((each) => !isWhole(each));
  const partGaps = gaps.filter((each) => !isWhole(each));
  // Nothing is known of any subject: then what is said of the whole is said of each of them.
  const isAllUnknown = parts.length === 0 && partGaps.length === 0;
  return { measurements: parts, unknown: unknown.filter((each) => isAllUnknown || !isWhole(each)) };
}

/** What the cluster as a whole is lacking; a node that could not tell is named in the reason already. */
function wholeGaps(metric: Metric, unknown: readonly Unknown[]): readonly Unknown[] {
  if (metric.scope === 'CLUSTER') return unknown.map((each) => ({ ...each, subject: {} }));
  return unknown.filter(({ subject }) => subjectKey(subject) === '');
}

function ofKinds(kinds: readonly NodeKind[] | undefined, nodes: readonly RuledNode[]) {
  const kindOf = new Map(nodes.map(({ id, kind }) => [id, kind]));
  return ({ nodeId }: MetricSubject) => {
    const kind = nodeId === undefined ? undefined : kindOf.get(nodeId);
    return kinds === undefined || kind === undefined || kinds.includes(kind);
  };
}

type Measured = { readonly look: MetricLook; readonly measurement: Measurement };

function conditionOf(rule: MetricRule, metric: Metric, { look, measurement }: Measured): readonly Condition[] {
  const { subject, value } = measurement;
  const nodeId = subject.nodeId ?? null;
  const effective = look.effective(rule.name, nodeId);
  if (effective?.limits == null || effective.off !== null) return [];
  const { limits, forMs, severity } = effective;
  const { compare } = rule.on;
  if (isClear(compare, value, limits.clear) && !isBeyond(compare, value, limits.threshold)) return [];
  const labels = labelsOf(subject, look.nodes);
  // A node that has left the cluster has no alerts.
  if (labels === null) return [];
  const holdsMs = forMs ?? rule.forMs;
  const isTold = isTaken(rule.on, { look, measurement, holdsMs }) || isJudgedElsewhere(rule.on, subject, look.seen);
  const isBegun = isBeyond(compare, value, limits.threshold) && !isTold;
  return [
    {
      fingerprint: alertFingerprint({ clusterId: look.clusterId, rule: rule.name, labels }),
      rule: rule.name,
      severity: severity ?? rule.severity,
      nodeId,
      labels,
      title: withLabels(rule.title, labels),
      pastTitle: withLabels(rule.pastTitle, labels),
      text: textOf(rule, metric, { look, measurement, threshold: limits.threshold }),
      startedAt: null,
      forMs: holdsMs,
      minSamples: holdsMs > 0 ? looksOfTime : 1,
      ...(isBegun ? {} : { onlyGoesOn: true }),
    },
  ];
}

/** Beyond the threshold of the stricter rule, which is on here and tells no later: that one has the alert. */
function isTaken(
  { upTo, compare }: OnMetric,
  { look, measurement, holdsMs }: Measured & { readonly holdsMs: number },
): boolean {
  if (upTo === undefined) return false;
  const stricter = look.effective(upTo, measurement.subject.nodeId ?? null);
  if (stricter?.limits == null || stricter.off !== null || (stricter.forMs ?? 0) > holdsMs) return false;
  return isBeyond(compare, measurement.value, stricter.limits.threshold);
}

/** Whether the metric by which the rule is held back is known of the subject, so that no alert begins. */
export function isJudgedElsewhere(
  { unless }: Pick<OnMetric, 'unless'>,
  of: MetricSubject,
  { measurements }: Pick<Values, 'measurements'>,
): boolean {
  const key = subjectKey(of);
  return measurements.some(({ metric, subject }) => metric === unless && subjectKey(subject) === key);
}

/** In pieces, between which the time goes since when it holds. */
function textOf(
  { on, means, todo }: MetricRule,
  metric: Metric,
  { look, measurement, threshold }: Measured & { readonly threshold: number },
): string[] {
  const { subject, value } = measurement;
  const isWithin = !isBeyond(on.compare, value, threshold);
  const shown = valueBeside(value, threshold, metric.unit);
  const limit = valueInWords(threshold, metric.unit);
  const side = sideInWords(on.compare);
  const is = isWithin ? `${shown} now, and was ${side} ${limit}` : `${shown}, ${side} ${limit},`;
  const also = (on.tells ?? []).flatMap((name) => tell(name, subject, look.seen));
  const end = metric.source.kind === 'FACT' ? metric.source.endOf : undefined;
  const ends = end === undefined ? [] : [endInWords(end, value, look.seen.at)];
  return [
    `${metric.title}${placeInWords(subject, look.nodes)} is ${is} since `,
    ['.', ...ends, ...(also.length === 0 ? [] : [`${also.join(', ')}.`]), means, todo]
      .filter((part) => part !== '')
      .join(' '),
  ];
}

function tell(name: string, subject: MetricSubject, { measurements }: Values): readonly string[] {
  const metric = findMetric(name);
  const key = subjectKey(subject);
  const found = measurements.find((each) => each.metric === name && subjectKey(each.subject) === key);
  return metric === undefined || found === undefined
    ? []
    : [`${metric.title}: ${valueInWords(found.value, metric.unit)}`];
}
