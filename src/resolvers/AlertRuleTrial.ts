import { findMetric } from '../domain/metrics/catalogue/index.ts';
import { parseSubject } from '../domain/metrics/measurement.ts';
import { bookFor, type RuleEdits } from '../domain/rules/book.ts';
import { limitsWith, mistakesInChanges } from '../domain/rules/mistakes.ts';
import { effectiveRule, type RuleChanges, type RuleOverride, type RulePlace } from '../domain/rules/override.ts';
import { type Comparison, isMetricRule, type JudgedOf, type MetricRule } from '../domain/rules/rule.ts';
import { firingsInWords, type PastLook, tryOut } from '../domain/rules/try-out.ts';
import { AppError } from '../errors.ts';
import { type History, historiesOfClusters } from '../store/reads/metric-history.ts';
import { readRuleEdits } from '../store/reads/rules.ts';
import type { RequestContext } from './request-context.ts';

type TrialInput = {
  readonly clusterId: string;
  readonly rule?: string | null;
  readonly metric?: string | null;
  readonly of?: JudgedOf | null;
  readonly compare?: Comparison | null;
  readonly threshold?: number | null;
  readonly clear?: number | null;
  readonly forSeconds?: number | null;
  readonly from?: Date | null;
  readonly to?: Date | null;
};

const longestMs = 7 * 24 * 3_600_000;
const mostFirings = 200;

/** The query `testAlertRule`: by the same judging and ripening as in life, on what is kept of the past. */
export async function testAlertRule(_: unknown, { input }: { input: TrialInput }, context: RequestContext) {
  const { deps, loaders } = context;
  const cluster = await loaders.cluster.load(input.clusterId);
  if (cluster === null) throw invalid('clusterId', `There is no cluster ${input.clusterId}`);
  const now = new Date();
  const to = input.to ?? now;
  const from = input.from ?? new Date(to.getTime() - longestMs);
  const lengthMs = to.getTime() - from.getTime();
  if (lengthMs <= 0 || lengthMs > longestMs) throw invalid('from', 'A rule is tried out on at most 7 days');
  const place = { clusterId: cluster.id, environment: cluster.environment, at: now };
  const { rule, effective } = tried(input, await readRuleEdits(deps.db), place);
  // More than a day ago there are points of 5 minutes only.
  const stepMs = lengthMs <= 6 * 3_600_000 ? 15_000 : lengthMs <= 24 * 3_600_000 ? 60_000 : 300_000;
  const range = { metric: rule.on.metric, from, to, stepMs, now };
  const [history] = await historiesOfClusters(deps.db, { ...range, clusterIds: [cluster.id] });
  const none = { clusterId: cluster.id, series: [] };
  const { unless } = rule.on;
  const [beside] =
    unless === undefined
      ? []
      : await historiesOfClusters(deps.db, { ...range, metric: unless, clusterIds: [cluster.id] });
  const looks = besideOf(looksOf(rule, history ?? none, { from, to, stepMs }), rule, beside ?? none);
  const nodes = await loaders.nodesOfCluster.load(cluster.id);
  const { firings, unknownLooks } = tryOut(rule, looks, { clusterId: cluster.id, nodes, effective, stepMs });
  const measured = looks.filter(({ measurements }) =>
    measurements.some(({ metric }) => metric === rule.on.metric),
  ).length;
  const unknownSteps = looks.length - measured;
  const said = measured === 0 ? 'nothing was measured that it is about' : firingsInWords(firings, { most: 5 });
  const gaps =
    unknownSteps + unknownLooks === 0 ? '' : `; in ${unknownSteps} of ${looks.length} steps nothing was known`;
  return {
    summary: `${rule.name} ${said} (steps of ${stepMs / 1_000} s${gaps}).`,
    firings: firings.slice(0, mostFirings),
    ...{ count: firings.length, from, to, stepSeconds: stepMs / 1_000, unknownSteps },
  };
}

function ruleNamed(name: string, rules: ReturnType<typeof bookFor>['rules']): MetricRule {
  const rule = rules.find((each) => each.name === name);
  if (rule === undefined) throw invalid('rule', `There is no alert rule ${name}`);
  if (!isMetricRule(rule)) throw invalid('rule', `${name} judges what is no number, of which no past is kept`);
  return rule;
}

function draftOf({ metric, of, compare, threshold, clear, forSeconds }: TrialInput): MetricRule {
  if (metric == null || threshold == null) throw invalid('metric', 'A draft needs a metric and a threshold');
  if (findMetric(metric) === undefined) throw invalid('metric', `There is no metric ${metric}`);
  return {
    ...{ name: 'the draft', family: 'own', title: 'draft', pastTitle: 'draft', severity: 'LOW' },
    ...{ means: '', todo: '', runbook: null, action: null, isInhibitedByRuns: false },
    forMs: (forSeconds ?? 300) * 1_000,
    on: {
      ...{ kind: 'METRIC', metric, of: of ?? 'EACH', compare: compare ?? 'ABOVE' },
      ...{ threshold, clear: clear ?? threshold },
    },
  };
}

/**
 * The rule without its stricter neighbour, which is not tried, as it would hold if what is asked for were said of the cluster:
 * what people said of its nodes counts before that.
 */
function tried(input: TrialInput, edits: RuleEdits, place: Omit<RulePlace, 'nodeId'>) {
  const { threshold, clear, forSeconds } = input;
  const named = input.rule == null ? draftOf(input) : ruleNamed(input.rule, bookFor(edits, place).rules);
  if (clear != null && threshold == null)
    throw invalid('clear', 'clear alone may stand on the wrong side of the threshold');
  const { upTo: _, ...on } = named.on;
  const rule = { ...named, on };
  const changes: RuleChanges = {
    isOff: false,
    limits: threshold == null ? null : limitsWith(on, { threshold, clear: clear ?? null }),
    forMs: forSeconds == null ? null : forSeconds * 1_000,
    severity: null,
  };
  const [mistake] = mistakesInChanges(rule, changes);
  if (mistake !== undefined) throw invalid(mistake.field, mistake.message);
  const asked: RuleOverride = {
    ...{
      id: 'asked',
      rule: rule.name,
      changes,
      reason: 'tried out',
      until: null,
      byId: '',
      byName: '',
      at: place.at,
      madeIn: null,
    },
    scope: { kind: 'cluster', clusterId: place.clusterId },
  };
  const effective = (_name: string, nodeId: string | null) =>
    effectiveRule(rule, [asked, ...edits.overrides], { ...place, nodeId });
  return { rule: { ...rule, forMs: effective(rule.name, null).forMs ?? rule.forMs }, effective };
}

/**
 * One look for each step. Where a condition has to hold for some time the mean of a step counts, since one high value is no
 * time; otherwise the worst. A subject that was measured before or later and not now is not known now.
 */
function looksOf(
  { on, forMs }: MetricRule,
  { series }: History,
  { from, to, stepMs }: { from: Date; to: Date; stepMs: number },
): readonly PastLook[] {
  const subjects = series.flatMap(({ subject: key, points }) => {
    const subject = parseSubject(key);
    const byTime = new Map(points.flatMap((point) => (point === null ? [] : [[point.at.getTime(), point] as const])));
    return subject === null ? [] : [{ subject, byTime }];
  });
  const first = Math.floor(from.getTime() / stepMs) * stepMs;
  const steps = Math.ceil((to.getTime() - first) / stepMs);
  return Array.from({ length: steps }, (_, index) => {
    const at = first + index * stepMs;
    const all = subjects.map(({ subject, byTime }) => ({ subject, point: byTime.get(at) }));
    return {
      at: new Date(at),
      measurements: all.flatMap(({ subject, point }) => {
        if (point === undefined) return [];
        const worst = on.compare === 'ABOVE' ? point.max : point.min;
        return [{ metric: on.metric, subject, value: forMs > 0 ? point.mean : worst }];
      }),
      unknown: all.flatMap(({ subject, point }) =>
        point === undefined
          ? [{ metric: on.metric, subject, reason: 'FACT_UNKNOWN' as const, because: 'nothing was measured then' }]
          : [],
      ),
    };
  });
}

/** The looks with what was known of the metric by which the rule is held back. */
function besideOf(
  looks: readonly PastLook[],
  { on: { unless } }: MetricRule,
  { series }: History,
): readonly PastLook[] {
  if (unless === undefined) return looks;
  const known = series.flatMap(({ subject: key, points }) => {
    const subject = parseSubject(key);
    return subject === null
      ? []
      : points.flatMap((point) => (point === null ? [] : [{ subject, atMs: point.at.getTime(), value: point.mean }]));
  });
  const byTime = Map.groupBy(known, ({ atMs }) => atMs);
  return looks.map((look) => {
    const others = (byTime.get(look.at.getTime()) ?? []).map(({ subject, value }) => ({
      metric: unless,
      subject,
      value,
    }));
    return { ...look, measurements: [...look.measurements, ...others] };
  });
}

function invalid(field: string, message: string): AppError {
  return new AppError('BAD_USER_INPUT', message, {
    hint: 'Look at the query alertRules, and at metrics.',
    path: ['input', field],
  });
}
