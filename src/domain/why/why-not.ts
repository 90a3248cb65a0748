import { alertName, type Severity } from '../alert.ts';
import { durationInWords, type Pending } from '../alert-facts.ts';
import type { NodeKind } from '../cluster.ts';
import { type OpenWindow, windowHides, windowMute } from '../hiding-windows.ts';
import { nodeLabel } from '../node-identity.ts';
import type { OwnRule } from '../rules/book.ts';
import { overrideInWords, whenInWords } from '../rules/in-words.ts';
import { hidingsOf } from '../rules/inhibitions.ts';
import type { RuledNode } from '../rules/judge-metric.ts';
import { switchedOffInWords } from '../rules/override.ts';
import { heldBackBy, leftTo, type Present } from '../rules/present.ts';
import { type AlertRule, isMetricRule } from '../rules/rule.ts';
import { notJudgedInWords, pendingInWords, type StandingRule, standingOf } from '../rules/standing.ts';
import { metricLook, type WatchedCluster, whyBlind } from '../rules/watched.ts';
import { type ActiveSilence, silenceHides } from '../silence.ts';
import { countUnjudged } from '../unjudged.ts';
import { inUtc } from '../utc.ts';
import { type Explanation, explain, type Finding, finding } from './finding.ts';
import { type AlertFacts, explainAlert } from './why-alert.ts';

export type WhyNotFacts = {
  readonly watched: WatchedCluster;
  /** The rule as it was named. */
  readonly name: string;
  /** People's own rule of this name that was removed; null = none that the asker may see. */
  readonly removed: OwnRule | null;
  /** Null = whatever the rule is about. */
  readonly node: RuledNode | null;
  /** What takes nodes away on purpose now: a run, or a stop that lasts. */
  readonly work: readonly { readonly nodeId: string; readonly by: string; readonly because: string }[];
  readonly silences: readonly ActiveSilence[];
  /** The maintenance windows that are open now and hide alerts of the cluster. */
  readonly windows: readonly OpenWindow[];
  /** Of the open alerts of the rule, in the order of the watched cluster. */
  readonly alerts: readonly AlertFacts[];
};

/** Pure. Why a rule calls nobody on a cluster, or about one of its nodes: one finding decides; an alert that there is speaks for itself. */
export function explainWhyNot(facts: WhyNotFacts): Explanation {
  const { watched, name, node } = facts;
  const rule = watched.book.rules.find((each) => each.name === name);
  const standing = rule === undefined ? null : standingOf(rule, watched);
  if (rule === undefined || standing === null) return explain(false, { decision: noRule(facts), others: [] });
  const [open] = facts.alerts.filter(({ alert }) => node === null || isAbout(alert, node));
  if (open !== undefined) {
    const { isCalled, decision, findings } = explainAlert(open, watched);
    const there = finding('ALERT', `There is an alert: ${alertName(open.alert)}`, {
      at: open.alert.openedAt,
      by: alertName(open.alert),
    });
    return explain(isCalled, { decision, others: [there, ...findings.filter((each) => each !== decision)] });
  }
  const effective = watched.book.effective(name, node?.id ?? null) ?? standing.effective;
  const decision = decide(facts, { rule, standing });
  const others = [
    ...(decision.kind === 'RULE' ? [] : [finding('RULE', `${name}: ${whenInWords(rule, effective)}`, { by: name })]),
    ...effective.changedBy
      .filter(() => decision.kind !== 'SWITCHED_OFF')
      .map((each) =>
        finding('OVERRIDE', `${name} was changed: ${overrideInWords(rule, each)}`, { at: each.at, by: each.byName }),
      ),
    ...lookFindings(watched, decision),
    ...silencesAhead(facts, rule),
    ...windowsAhead(facts, { rule, severity: effective.severity ?? rule.severity }),
  ];
  return explain(false, { decision, others });
}

type Ruled = { readonly rule: AlertRule; readonly standing: StandingRule };

function decide(facts: WhyNotFacts, { rule, standing }: Ruled): Finding {
  const { watched, node, work } = facts;
  const off = watched.book.effective(rule.name, node?.id ?? null)?.off ?? null;
  if (off !== null) return finding('SWITCHED_OFF', capital(switchedOffInWords(off)), { at: off.at, by: off.byName });
  const stranger = node === null ? null : whyNotOfNode(rule, node);
  if (stranger !== null) return finding('NO_SUBJECT', stranger);
  const blind = whyBlind(watched);
  if (blind !== null) return finding('LOOK', `Nothing is known now: ${blind}`, { at: watched.look?.dueAt ?? null });
  const away = rule.isInhibitedByRuns ? work.filter(({ nodeId }) => node === null || nodeId === node.id)[0] : undefined;
  if (away !== undefined)
    return finding('INHIBITION', `What it finds is not counted meanwhile: ${away.because}`, { by: away.by });
  const [ripening] = standing.pending.filter((each) => node === null || each.labels.node === nodeLabel(node));
  if (ripening !== undefined) return ripeningFinding(ripening, watched);
  const unknown = standing.unknown.find(
    ({ labels }) => labels === null || node === null || labels.node === undefined || labels.node === nodeLabel(node),
  );
  const [value] = standing.values.filter(
    ({ subject }) => node === null || subject?.nodeId === node.id || subject?.nodeId === undefined,
  );
  if (
    unknown !== undefined &&
    (value === undefined || (unknown.labels !== null && node !== null) || unknown.labels === null)
  )
    return finding('NOT_JUDGED', `The last look could not judge it: ${notJudgedInWords(unknown)}`, {
      at: watched.look?.at ?? null,
    });
  const all = countUnjudged(standing.unknown);
  if (value === undefined && node !== null && all > standing.unknown.length)
    return finding('NOT_JUDGED', `The last look could not judge it of ${all}, and this may be one of them`, {
      at: watched.look?.at ?? null,
    });
  return value === undefined ? withoutValue(facts, rule) : byValue(rule, { value, watched });
}

function noRule({ name, removed, watched }: WhyNotFacts): Finding {
  if (removed?.removed != null) {
    const { byName, reason, at } = removed.removed;
    return finding('NO_RULE', `The rule ${name} was removed by ${byName}: ${reason}`, { at, by: byName });
  }
  return finding('NO_RULE', `${watched.cluster.name} has no alert rule ${name}`);
}

const kinds = { FRONTEND: 'frontends', BACKEND: 'backends', COMPUTE_NODE: 'compute nodes' } as const satisfies Record<
  NodeKind,
  string
>;

function whyNotOfNode(rule: AlertRule, node: RuledNode): string | null {
  if (!isMetricRule(rule)) return null;
  const { nodes } = rule.on;
  if (nodes === undefined || nodes.includes(node.kind)) return null;
  return `${rule.name} is only about ${nodes.map((kind) => kinds[kind]).join(' and ')}, and ${nodeLabel(node)} is none`;
}

function ripeningFinding(pending: Pending, watched: WatchedCluster): Finding {
  return finding('RIPENING', `It holds, but not for long enough yet: ${pendingInWords(pending, watched)}`, {
    at: pending.since,
  });
}

function withoutValue({ watched, node }: WhyNotFacts, rule: AlertRule): Finding {
  const at = watched.look?.at ?? null;
  if (!isMetricRule(rule)) return finding('QUIET', 'The last look judged it, and found nothing', { at });
  const probe = node === null ? undefined : watched.look?.nodes.find((each) => nodeLabel(each) === nodeLabel(node));
  if (node !== null && (probe?.alive === false || probe?.httpProblem != null))
    return finding(
      'NOT_JUDGED',
      `${nodeLabel(node)} told nothing in the last look: ${probe.httpProblem ?? 'the cluster calls it not alive'}`,
      { at: probe.silentSince ?? at },
    );
  const place = node === null ? 'the cluster' : nodeLabel(node);
  return finding('QUIET', `There is nothing that it judges: the last look measured no ${rule.on.metric} of ${place}`, {
    at,
  });
}

type Valued = { readonly value: Present; readonly watched: WatchedCluster };

function byValue(rule: AlertRule, { value, watched }: Valued): Finding {
  const at = watched.look?.at ?? null;
  if (value.side === 'GOOD' || !isMetricRule(rule)) return finding('QUIET', `It does not hold: ${value.words}`, { at });
  if (value.side === 'BETWEEN')
    return finding('QUIET', `It is not bad enough to begin an alert, and not good enough to end one: ${value.words}`, {
      at,
    });
  const stricter = leftTo(rule, value, watched.book);
  if (stricter !== null)
    return finding('STRICTER_RULE', `${stricter} has the alert, since it is beyond its threshold too: ${value.words}`, {
      at,
      by: stricter,
    });
  const other = heldBackBy(rule, value, metricLook(watched));
  if (other !== null)
    return finding(
      'QUIET',
      `No alert of it begins as long as ${other} is known, which is judged by itself: ${value.words}`,
      {
        at,
      },
    );
  return finding('RIPENING', `It is bad in the last look: ${value.words}; the next look counts it`, { at });
}

function lookFindings({ look, now }: WatchedCluster, decision: Finding): readonly Finding[] {
  if (look === null || decision.kind === 'LOOK') return [];
  const ago = durationInWords(now.getTime() - look.at.getTime());
  const saw = look.ok ? '' : ` It saw no nodes: ${look.problem ?? 'the cluster did not answer'}`;
  return [finding('LOOK', `The last look ended ${ago} ago, at ${inUtc(look.at)}.${saw}`, { at: look.at })];
}

/** What would keep it quiet if it fired now. */
function silencesAhead({ silences, node }: WhyNotFacts, rule: AlertRule): readonly Finding[] {
  if (rule.isNeverHidden === true) return [];
  const labels: Readonly<Record<string, string>> = node === null ? {} : { node: nodeLabel(node) };
  const alert = { rule: rule.name, severity: rule.severity, labels };
  return silences
    .filter((silence) => silenceHides(silence, alert))
    .map(({ name, because }) => finding('SILENCE', `If it fired now, nobody would be told: ${because}`, { by: name }));
}

function windowsAhead(
  { windows }: WhyNotFacts,
  { rule, severity }: { readonly rule: AlertRule; readonly severity: Severity },
): readonly Finding[] {
  if (!hidingsOf(rule).some(({ kind }) => kind === 'MAINTENANCE')) return [];
  return windows
    .filter((window) => windowHides(window, { severity }))
    .map((window) =>
      finding('MAINTENANCE', `If it fired now, nobody would be told: ${windowMute(window).because}`, {
        by: window.called,
      }),
    );
}

function isAbout({ nodeId, labels }: AlertFacts['alert'], node: RuledNode): boolean {
  return nodeId === node.id || labels.node === nodeLabel(node);
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
