import { alertCard } from '../../src/bot/views/alert-card.ts';
import { groupCard } from '../../src/bot/views/group-card.ts';
import { silenceEndMessage } from '../../src/bot/views/silence-end.ts';
import { type Message, mention } from '../../src/bot/views/text.ts';
import { whyHere } from '../../src/bot/views/why-here.ts';
import type { Alert } from '../../src/domain/alert.ts';
import type { SilenceEnd } from '../../src/domain/silence-end.ts';
import type { CarriedStep } from '../../src/store/escalation/escalation-rows.ts';
import type { AlertGroup, GroupCount } from '../../src/store/slack/alert-groups.ts';

export type CardExample = {
  readonly name: string;
  readonly height: number;
  readonly sentAt: Date;
  readonly message: Message;
};

const at = new Date('2026-11-28T03:12:00Z');
const minutes = (count: number) => new Date(at.getTime() + count * 60_000);
const runbook = 'https://docs.example/docs/monitoring/runbooks.md#node_down';
const acked = (byName: string) =>
  ({ kind: 'ACKED', byId: 'per_1', byName, at: minutes(3), until: minutes(63), reminded: false }) as const;

function alert(number: number, change: Partial<Alert> = {}): Alert {
  const node = `be 10.0.0.${10 + number}:9050`;
  return {
    ...{ id: `alr_${'0'.repeat(26)}`, number, fingerprint: 'a', rule: 'node_down', severity: 'CRITICAL' },
    ...{ clusterId: 'clu_1', clusterName: 'prod-eu', environment: 'prod', nodeId: null, labels: { node } },
    ...{ title: `${node} is down`, pastTitle: `${node} was down`, signal: 'FIRING', handling: { kind: 'UNACKED' } },
    text: 'The heartbeat failed: connection refused. Tablets on it have one replica less. Look at its host and its log be.INFO, then start it.',
    ...{ mute: { kind: 'NONE' }, since: at, openedAt: at, lastSeenAt: minutes(5), resolvedAt: null, closedAt: null },
    ...{ count: 21, flaps: 0, turns: [], flapping: null, hiddenSince: null, isNeverHidden: false, assignee: null },
    ...{ resolvedBy: null, previousId: null, revision: 3, changedAt: at },
    ...change,
  };
}

/** The messages of which the documentation shows pictures. `kim` = the Slack account of who is on call. */
export function cardExamples({ channel, kim }: { channel: string; kim: string }): readonly CardExample[] {
  const plainly = { mayRepeat: false, mutedByRun: null, runbook };
  const escalates = { at: minutes(5), to: 'the user group, the second channel' };
  return [
    {
      name: 'alert-controls',
      height: 390,
      sentAt: minutes(0),
      message: alertCard({ ...plainly, alert: alert(1), escalates }),
    },
    {
      ...{ name: 'alert-resolved', height: 370, sentAt: minutes(14) },
      message: alertCard({
        ...plainly,
        alert: alert(1, {
          ...{
            signal: 'RESOLVED',
            resolvedAt: minutes(14),
            lastSeenAt: minutes(14),
            count: 56,
            handling: acked('kim'),
          },
          text: 'It answers again, seen at 2026-11-28 03:26:00 UTC. What was said while it fired: The heartbeat failed: connection refused.',
        }),
      }),
    },
    {
      ...{ name: 'alert-in-maintenance', height: 370, sentAt: minutes(5) },
      message: alertCard({
        ...plainly,
        alert: alert(2, {
          ...{ severity: 'HIGH', rule: 'disk_filling', title: 'The disk /data1 of be 10.0.0.12:9050 is 88 % full' },
          text: 'Disk use of /data1 on be 10.0.0.12:9050 is 88 %, over 85 %. Free on disk: 1.2 TiB.',
          mute: {
            ...{ kind: 'MAINTENANCE', by: 'window:win_1' },
            because: 'window "nights" until 2026-11-28 04:00 UTC, by ana: few people work, and loads are repeated',
          },
        }),
      }),
    },
    { name: 'escalation-in-slack', height: 500, sentAt: minutes(5), message: escalation(channel) },
    { name: 'group-in-slack', height: 500, sentAt: minutes(9), message: groupCard(groupOf(), { mayRepeat: false }) },
    { name: 'storm-in-slack', height: 790, sentAt: minutes(3), message: groupCard(stormOf(), { mayRepeat: false }) },
    { name: 'silence-end-in-slack', height: 210, sentAt: minutes(110), message: silenceEnd(mention(kim)) },
  ];
}

function escalation(channel: string): Message {
  const step = (change: Partial<CarriedStep>): CarriedStep => ({
    ...{ id: 'esc_1', alertId: 'alr_1', episode: 1, severity: 'CRITICAL', step: 1, from: 1, kind: 'STEP', revision: 3 },
    ...{ at: minutes(5), told: [], missing: [], undeliveredAt: null, reason: null, by: null },
    ...change,
  });
  const kim = { kind: 'PERSON', id: 'per_1', name: 'kim', role: 'PRIMARY' } as const;
  const before = [step({ id: 'esc_0', step: 0, from: 0, kind: 'FIRST', told: [kim], at })];
  const said = 'Nobody has taken it for 5 min: escalated to the user group, the second channel';
  const message = alertCard({
    ...{ alert: alert(1), mayRepeat: false, mutedByRun: null, runbook },
    escalates: { at: minutes(10), to: 'lee (second on call), the webhook' },
    whyHere: whyHere({ step: step({}), said, before, ownChannel: channel }),
  });
  return { ...message, text: `${message.text}. ${said}.` };
}

function groupOf(): AlertGroup {
  const sums = { all: 14, open: 12, stale: 1, hidden: 1, acked: 2, untaken: 9 };
  return {
    ...{ id: `agr_${'0'.repeat(26)}`, kind: 'GROUP', clusterName: 'prod-eu', family: 'nodes', severity: 'CRITICAL' },
    ...{ cause: null, openedAt: at, closedAt: null, isHistory: false, joinRevision: 1, revision: 1 },
    counts: [{ clusterName: 'prod-eu', rule: 'node_down', severity: 'CRITICAL', ...sums }],
    listed: [
      ...[1, 2, 3, 4, 5].map((number) => alert(number)),
      alert(6, { signal: 'STALE' }),
      ...[alert(7, { handling: acked('kim') }), alert(8, { handling: acked('lee') })],
      alert(9, { mute: { kind: 'SILENCED', by: 'S-3', because: 'its disk is changed' } }),
      alert(10, { signal: 'RESOLVED', resolvedAt: minutes(9) }),
    ],
  };
}

function stormOf(): AlertGroup {
  const count = (clusterName: string, rule: string, severity: GroupCount['severity'], all: number): GroupCount => ({
    ...{ clusterName, rule, severity, all },
    ...{ open: all, stale: 0, hidden: 0, acked: 0, untaken: all },
  });
  const counts = [
    ...[count('prod-eu', 'node_down', 'CRITICAL', 4), count('prod-eu', 'disk_filling', 'HIGH', 9)],
    { ...count('prod-us', 'node_down', 'CRITICAL', 3), acked: 3, untaken: 0 },
    { ...count('prod-ap', 'query_p95_high', 'HIGH', 7), open: 5, untaken: 5 },
    { ...count('staging', 'load_failures', 'MEDIUM', 6), open: 0, untaken: 0 },
    ...Array.from({ length: 23 }, (_, index) => count(`tenant-${index + 1}`, 'clock_difference', 'HIGH', 2)),
  ];
  return {
    ...{ id: `agr_${'0'.repeat(26)}`, kind: 'STORM', clusterName: null, family: null, severity: null, cause: 'RATE' },
    ...{ openedAt: at, closedAt: null, isHistory: false, joinRevision: 1, revision: 1, counts },
    listed: [1, 2, 3, 4].map((number) => alert(number)),
  };
}

function silenceEnd(calls: string): Message {
  const silence = {
    ...{ id: `sil_${'0'.repeat(26)}`, number: 3, scope: { kind: 'cluster', clusterId: 'clu_1' } as const },
    ...{ reason: 'its disk is changed', createdBy: { id: 'per_1', name: 'kim' }, createdAt: at, until: minutes(120) },
    matchers: { rule: 'node_*', severities: null, labels: { node: 'be 10.0.0.11:9050' } },
    ...{ needsSecond: false, approvedBy: null, approvedAt: null, endedBy: null, endedAt: null },
  };
  const end: SilenceEnd = { silence, stage: 'SOON', extension: null, firing: [alert(1)] };
  return silenceEndMessage(end, { here: end.firing, calls, mayRepeat: false });
}
