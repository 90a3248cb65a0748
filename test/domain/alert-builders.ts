import { type Alert, alertFingerprint } from '../../src/domain/alert.ts';
import {
  applySample,
  type Condition,
  defaultAlertTimes,
  type Pending,
  type RuleFacts,
  type Sample,
} from '../../src/domain/alert-life.ts';

export const start = Date.parse('2026-03-01T12:00:00Z');
export const minutes = (count: number) => new Date(start + count * 60_000);

/** Invented, so that nothing here can rest on the name of a rule that there is. */
export const rules: readonly RuleFacts[] = [
  {
    name: 'all_dark',
    over: 'somebody sees the house',
    inhibits: { rules: 'others', because: 'nobody sees the house' },
    isInhibitedByRuns: false,
  },
  { name: 'lamp_out', over: 'the light of {node} is seen', inhibits: null, isInhibitedByRuns: true },
  {
    name: 'fuse_blown',
    over: 'the fuse is whole',
    inhibits: { rules: ['lamp_out'], because: 'the fuse is blown' },
    isInhibitedByRuns: false,
  },
];

export const identity = { clusterId: 'clu_1', rule: 'lamp_out', labels: { node: 'be 10.0.0.11:9050' } } as const;
export const fingerprint = alertFingerprint(identity);

export function alert(changes: Partial<Alert> = {}): Alert {
  return {
    id: 'alr_1',
    number: 7,
    fingerprint,
    rule: 'lamp_out',
    severity: 'CRITICAL',
    clusterId: 'clu_1',
    clusterName: 'prod-eu',
    environment: 'prod',
    nodeId: 'nod_1',
    labels: identity.labels,
    title: 'be is down',
    pastTitle: 'be was down',
    text: 'down since 2026-03-01 12:00:00 UTC.',
    signal: 'FIRING',
    handling: { kind: 'UNACKED' },
    mute: { kind: 'NONE' },
    since: minutes(0),
    openedAt: minutes(0),
    lastSeenAt: minutes(0),
    resolvedAt: null,
    closedAt: null,
    count: 1,
    flaps: 0,
    turns: [],
    flapping: null,
    hiddenSince: null,
    isNeverHidden: false,
    assignee: null,
    resolvedBy: null,
    previousId: null,
    revision: 1,
    changedAt: minutes(0),
    ...changes,
  };
}

export function condition(changes: Partial<Condition> = {}): Condition {
  return {
    fingerprint,
    rule: 'lamp_out',
    severity: 'CRITICAL',
    nodeId: 'nod_1',
    labels: identity.labels,
    title: 'be is down',
    pastTitle: 'be was down',
    text: ['down since ', '.'],
    startedAt: null,
    forMs: 0,
    minSamples: 1,
    ...changes,
  };
}

export function sample(at: Date, changes: Partial<Sample> = {}): Sample {
  return { at, conditions: [], unjudged: [], plannedWork: [], ...changes };
}

export function apply(alerts: readonly Alert[], look: Sample, pending: readonly Pending[] = []) {
  return applySample({ alerts, pending }, look, { times: defaultAlertTimes, rules });
}

export const acked = (untilMinutes: number, reminded = false) =>
  ({ kind: 'ACKED', byId: 'per_kim', byName: 'kim', at: minutes(0), until: minutes(untilMinutes), reminded }) as const;

export const byRun = { kind: 'INHIBITED', by: 'run:run_9', because: 'run run_9 is working on the node' } as const;
export const byDark = { kind: 'INHIBITED', by: 'all_dark', because: 'nobody sees the house' } as const;
