import { alertCard } from '../../src/bot/views/alert-card.ts';
import { digestMessage } from '../../src/bot/views/digest.ts';
import { allTaken, groupCard } from '../../src/bot/views/group-card.ts';
import { newsLine, stormOverLine } from '../../src/bot/views/group-lines.ts';
import { gapMessage } from '../../src/bot/views/on-call-gap.ts';
import { silenceEndMessage } from '../../src/bot/views/silence-end.ts';
import { silenceList, silenceMade } from '../../src/bot/views/silences.ts';
import type { Message } from '../../src/bot/views/text.ts';
import { tokenList, tokenMessage } from '../../src/bot/views/tokens.ts';
import { whyHere } from '../../src/bot/views/why-here.ts';
import { type Alert, severities } from '../../src/domain/alert.ts';
import type { Digest } from '../../src/domain/delivery/digest.ts';
import { closedGap } from '../../src/domain/on-call-gap.ts';
import type { SilenceEnd } from '../../src/domain/silence-end.ts';
import type { EndingToken } from '../../src/domain/token-expiry.ts';
import type { CarriedStep } from '../../src/store/escalation/escalation-rows.ts';
import type { AlertGroup } from '../../src/store/slack/alert-groups.ts';
import type { CardKind } from '../../src/store/slack/slack-cards.ts';
import { alert, at } from './builders.ts';

type Messages = Readonly<Record<string, Message>>;

/**
 * The messages that are kept up to date in Slack, with this text wherever text comes from outside: one entry for each kind, which
 * does not compile without. Those of runs stand beside what else is said of runs.
 */
export function cardsByKind(text: string): Readonly<Record<Exclude<CardKind, 'RUN'>, Messages>> {
  return {
    ALERT: alertCards(text),
    ESCALATION: escalationCards(text),
    GROUP: groupCards(text),
    STORM: stormCards(text),
    DIGEST: digests(text),
    TOKEN: tokens(text),
    SILENCE: silences(text),
    GAP: gaps(text),
  };
}

export function cardMessages(text: string): Messages {
  return Object.assign({}, ...Object.values(cardsByKind(text)));
}

const plainly = { mayRepeat: false, mutedByRun: null, runbook: null } as const;
const runbook = 'https://docs.example/docs/monitoring/runbooks.md#node_down';

function badAlert(text: string): Alert {
  return alert({
    ...{ clusterName: text, title: text, pastTitle: text, text, labels: { node: text, [text]: text } },
    handling: { kind: 'ACKED', byId: 'per_1', byName: text, at, until: at, reminded: false },
    ...{ flaps: 2, resolvedAt: at, assignee: { id: 'per_1', name: text } },
  });
}

/** An alert in each of its states. */
function inStates(text: string): readonly Alert[] {
  const bad = badAlert(text);
  const fresh = { ...bad, handling: { kind: 'UNACKED' } as const };
  const hidden = (kind: 'SILENCED' | 'MAINTENANCE' | 'INHIBITED', by: string): Alert => ({
    ...fresh,
    mute: { kind, by, because: text },
  });
  return [
    ...severities.map((severity) => ({ ...fresh, severity })),
    { ...fresh, flapping: { since: at, quietSince: at, judgedAt: at } },
    ...[bad, { ...fresh, signal: 'STALE' as const }, { ...fresh, signal: 'RESOLVED' as const }],
    { ...fresh, signal: 'RESOLVED', resolvedBy: { id: 'per_1', name: text, isConfirmed: true } },
    ...[hidden('SILENCED', 'S-3'), hidden('MAINTENANCE', 'window:win_1'), hidden('INHIBITED', text)],
    hidden('INHIBITED', `run:${text}`),
  ];
}

function alertCards(text: string): Messages {
  const escalates = { at, to: text };
  return Object.fromEntries(
    inStates(text).flatMap((each, index) => [
      [`alert card ${index}`, alertCard({ ...plainly, alert: each })],
      [`alert card ${index} with all`, alertCard({ alert: each, mayRepeat: true, mutedByRun: 12, runbook, escalates })],
    ]),
  );
}

function escalationCards(text: string): Messages {
  const kim = { kind: 'PERSON', id: 'per_1', name: text, role: 'PRIMARY' } as const;
  const step = (kind: CarriedStep['kind'], at_: number): CarriedStep => ({
    ...{ id: `esc_${at_}`, alertId: 'alr_1', episode: 1, severity: 'CRITICAL', step: at_, from: 1, kind, revision: 3 },
    ...{ at, told: [kim, { kind: 'GROUP', id: text, role: 'GROUP' }], missing: [text], undeliveredAt: null },
    ...{ reason: text, by: { id: 'per_1', name: text } },
  });
  const kinds = [
    ['FIRST', 0],
    ['STEP', 2],
    ['REPEAT', 4],
    ['EXHAUSTED', 8],
    ['HOURLY', 9],
  ] as const;
  return Object.fromEntries(
    kinds.map(([kind, number]) => [
      `escalation ${kind}`,
      alertCard({
        ...{
          ...plainly,
          alert: { ...badAlert(text), handling: { kind: 'UNACKED' } },
          escalates: { at, to: text },
          runbook,
        },
        whyHere: whyHere({ step: step(kind, number), said: text, before: [step('FIRST', 0)], ownChannel: text }),
      }),
    ]),
  );
}

function groupOf(text: string, change: Partial<AlertGroup>): AlertGroup {
  return {
    ...{
      id: `agr_${'0'.repeat(26)}`,
      kind: 'GROUP',
      clusterName: text,
      family: text,
      severity: 'CRITICAL',
      cause: null,
    },
    ...{ openedAt: at, closedAt: null, isHistory: false, joinRevision: 1, revision: 1, listed: [], counts: [] },
    ...change,
  };
}

/** What may be said of how many, in each state that has another colour. */
const shares = [
  { all: 40, open: 40, stale: 0, hidden: 0, acked: 0, untaken: 40 },
  { all: 40, open: 39, stale: 9, hidden: 9, acked: 10, untaken: 20 },
  { all: 1, open: 1, stale: 0, hidden: 0, acked: 1, untaken: 0 },
  { all: 1, open: 1, stale: 0, hidden: 1, acked: 0, untaken: 0 },
  { all: 1, open: 0, stale: 0, hidden: 0, acked: 0, untaken: 0 },
] as const;

function groupCards(text: string): Messages {
  const listed = inStates(text).slice(0, 10);
  return {
    ...Object.fromEntries(
      shares.map((share, index) => {
        const counts = [{ clusterName: text, rule: text, severity: 'CRITICAL' as const, ...share }];
        return [`group ${index}`, groupCard(groupOf(text, { listed, counts }), { mayRepeat: true })];
      }),
    ),
    'group without anything': groupCard(groupOf(text, { severity: null, clusterName: null, family: null }), {
      mayRepeat: false,
    }),
    'reply about those that joined': { text: newsLine({ severity: 'ALERTS', count: 40, named: named(text) }) },
    'what became of taking all': allTaken(
      Array.from({ length: 40 }, () => badAlert(text)),
      Array.from({ length: 9 }, (_, index) => `${index} ${text}`),
    ),
  };
}

function named(text: string) {
  return Array.from({ length: 8 }, () => ({ number: 7, title: text, clusterName: text, severity: 'HIGH' as const }));
}

function stormCards(text: string): Messages {
  const names = Array.from({ length: 50 }, (_, index) => `${text.slice(0, 200)} ${index}`);
  const counts = (share: (typeof shares)[number]) =>
    names.flatMap((clusterName) =>
      severities.map((severity) => ({ clusterName, rule: `${severity} ${text}`, severity, ...share })),
    );
  const change = { kind: 'STORM', clusterName: null, family: null, severity: null, listed: inStates(text) } as const;
  return {
    ...Object.fromEntries(
      shares.map((share, index) => [
        `storm ${index}`,
        groupCard(groupOf(text, { ...change, counts: counts(share), cause: 'RATE' }), { mayRepeat: true }),
      ]),
    ),
    'storm that is over': groupCard(groupOf(text, { ...change, counts: counts(shares[1]), closedAt: at }), {
      mayRepeat: false,
    }),
    'storm of an hour': groupCard(groupOf(text, { ...change, counts: [], cause: 'BUDGET' }), { mayRepeat: false }),
    'reply that a storm is over': { text: stormOverLine() },
  };
}

function digests(text: string): Messages {
  const low = { number: 7, title: text, since: at, isStale: true, takenBy: text };
  const cluster = {
    ...{ name: text, low: Array.from({ length: 50 }, () => low), lowCount: 60, oldCount: 1, ended: 1 },
    missed: Array.from({ length: 9 }, () => ({ rule: text, count: 1 })),
    flapping: Array.from({ length: 9 }, () => ({ number: 7, title: text, severity: 'HIGH' as const })),
    ...{ silenced: 1, inhibited: 1, hiddenBefore: 1 },
  };
  const full: Digest = {
    ...{ day: '2026-03-10', since: at, at, clusters: Array.from({ length: 60 }, () => cluster) },
    noisy: Array.from({ length: 3 }, () => ({ rule: text, count: 1 })),
    silences: Array.from({ length: 20 }, () => ({ name: 'S-3', until: at, reason: text })),
  };
  const one = { ...cluster, low: [low], lowCount: 1, flapping: [], missed: [] };
  return {
    'daily message': digestMessage(full, { mayRepeat: true }),
    'daily message with one of each': digestMessage(
      { ...full, clusters: [one], noisy: [], silences: [] },
      { mayRepeat: false, preview: { dueAt: null, timeZone: text } },
    ),
  };
}

function tokens(text: string): Messages {
  const now = new Date(at.getTime());
  const dayMs = 86_400_000;
  const token = (days: number | null, isSettled = false): EndingToken => ({
    ...{ id: 'tok_1', label: text, personId: 'per_1', personName: text, isSettled },
    ...{ createdAt: new Date(at.getTime() - 90 * dayMs) },
    expiresAt: days === null ? null : new Date(at.getTime() + days * dayMs),
  });
  const all = [token(14), token(1), token(-1), token(null), token(3, true)];
  return {
    ...Object.fromEntries(
      all.map((each, index) => [`token that ends ${index}`, tokenMessage(each, { now, calls: '', mayRepeat: true })]),
    ),
    'tokens of all': tokenList(all, { now, ofAll: true }),
    'no tokens': tokenList([], { now, ofAll: false }),
  };
}

function gaps(text: string): Messages {
  const gap = { from: at, until: at, why: text };
  const shown = { rotation: text, isUsed: true, gap, stage: 1, at } as const;
  return {
    'nobody is called': gapMessage(shown, { calls: '', mayRepeat: true }),
    'nobody is called, without an end': gapMessage(
      { ...shown, gap: { ...gap, until: null }, at: new Date(0) },
      { calls: '', mayRepeat: false },
    ),
    'somebody is called again': gapMessage({ ...shown, stage: closedGap }, { calls: '', mayRepeat: false }),
    'nobody calls it': gapMessage({ ...shown, isUsed: false }, { calls: '', mayRepeat: false }),
  };
}

function silences(text: string): Messages {
  const stages = ['FAR', 'SOON', 'WAITS', 'EXTENDED', 'OVER'] as const;
  const { silence } = silenceEnd(text, 'SOON', badAlert(text));
  const many = Array.from({ length: 40 }, () => badAlert(text));
  const preview = { open: many, lastWeek: many, neverHidden: many.slice(0, 1), isCut: true };
  const fresh = { ...silence, endedAt: null, endedBy: null };
  const before = new Date(at.getTime() - 60_000);
  const answers = {
    'silence that hides': silenceMade(fresh, { preview, at: before }),
    'silence that waits': silenceMade({ ...fresh, approvedAt: null, approvedBy: null }, { preview, at: before }),
    'silence that ended': silenceMade(silence, { preview, at }),
    silences: silenceList(
      Array.from({ length: 60 }, () => fresh),
      { at: before, names: new Map([[text, text]]) },
    ),
    'no silences': silenceList([], { at, names: new Map() }),
  };
  const ends = Object.fromEntries(
    stages.map((stage) => [
      `end of a silence: ${stage}`,
      silenceEndMessage(silenceEnd(text, stage, badAlert(text)), {
        ...{ here: Array.from({ length: 30 }, () => badAlert(text)), calls: '', mayRepeat: true },
      }),
    ]),
  );
  return { ...answers, ...ends };
}

/** A silence that comes to its end, with this text wherever people type, and forty alerts behind it. */
function silenceEnd(text: string, stage: SilenceEnd['stage'], behind: SilenceEnd['firing'][number]): SilenceEnd {
  const who = { id: 'per_1', name: text };
  const silence = {
    ...{
      id: 'sil_1',
      number: 3,
      scope: { kind: 'all' } as const,
      reason: text,
      createdBy: who,
      createdAt: at,
      until: at,
    },
    matchers: { rule: text, severities: null, labels: { [text]: text, node: text } },
    ...{ needsSecond: true, approvedBy: who, approvedAt: at, endedBy: who, endedAt: at },
  };
  return { silence, stage, extension: silence, firing: Array.from({ length: 40 }, () => behind) };
}
