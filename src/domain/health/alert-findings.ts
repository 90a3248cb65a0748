import { isSettling } from '../settling.ts';
import type { Finding, HealthFacts, ScoredAlert } from './facts.ts';
import { keyOfAlert, nodeOf } from './keys.ts';
import { points } from './points.ts';

/**
 * Pure. What the open alerts tell. Acknowledged and silenced ones count in full: a score says how the cluster is, not who
 * was told. One that a rule hides belongs to the alert that hides it and costs nothing of its own; where that alert is not
 * there, it counts in full. One that a run hides counts as the absence that the run causes, until the run has ended.
 */
export function findingsOfAlerts(facts: HealthFacts): readonly Finding[] {
  return facts.alerts.map((alert) => {
    const { rule: name, number } = alert;
    const told = { name, alert: number, because: wordsOf(alert), subject: subjectOf(alert, facts) };
    if (isHiddenByRun(alert)) return { ...told, key: keyOfAlert(alert, facts), points: points.nodeAway };
    const cause = causeOf(alert, facts);
    if (cause !== undefined) return { ...told, key: keyOfAlert(cause, facts), points: 0 };
    return { ...told, key: keyOfAlert(alert, facts), points: points.alert[alert.severity] };
  });
}

function wordsOf({ title, signal }: ScoredAlert): string {
  return signal === 'STALE' ? `${title} (as last known)` : title;
}

function isHiddenByRun({ mute }: ScoredAlert): boolean {
  return mute.kind === 'INHIBITED' && mute.by.startsWith('run:') && !isSettling(mute.because);
}

/** The alert that explains this one. An alert that is hidden itself explains none. */
function causeOf(alert: ScoredAlert, { alerts, nodes }: HealthFacts): ScoredAlert | undefined {
  const { mute } = alert;
  if (mute.kind !== 'INHIBITED') return undefined;
  const causes = alerts
    .filter((each) => each.rule === mute.by && each.mute.kind !== 'INHIBITED' && each.fingerprint !== alert.fingerprint)
    .toSorted((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
  const node = nodeOf(alert, nodes);
  const sameNode = node === undefined ? undefined : causes.find((each) => nodeOf(each, nodes)?.id === node.id);
  return sameNode ?? causes[0];
}

function subjectOf(alert: ScoredAlert, { nodes }: HealthFacts): string {
  const { node, policy, database, repository, job, endpoint } = alert.labels;
  if (node !== undefined || nodeOf(alert, nodes) !== undefined) return node ?? 'a node';
  if (policy !== undefined) return `policy ${policy}`;
  if (repository !== undefined) return `repository ${repository}`;
  return database ?? job ?? endpoint ?? 'the cluster';
}
