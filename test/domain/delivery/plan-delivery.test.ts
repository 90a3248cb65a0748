import { describe, expect, it } from 'vitest';
import type { Severity } from '../../../src/domain/alert.ts';
import type { ChannelState, OpenGroup, RecentMessage, Storm } from '../../../src/domain/delivery/channel-state.ts';
import { planDelivery } from '../../../src/domain/delivery/plan-delivery.ts';

const now = new Date('2026-03-01T12:00:00Z');
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1_000);
const inSeconds = (seconds: number) => ago(-seconds);

const waiting = (severity: Severity, count: number, { since = now, cluster = 'clu_1', family = 'nodes' } = {}) =>
  Array.from({ length: count }, (_, index) => ({
    ...{ id: `${cluster}-${family}-${severity}-${index}`, clusterId: cluster, family, severity, since },
  }));
const group = (change: Partial<OpenGroup> = {}): OpenGroup => ({
  ...{ id: 'agr_1', clusterId: 'clu_1', family: 'nodes', severity: 'HIGH', members: 1, hasCard: false },
  ...{ joinedAt: ago(3_600), newsAt: ago(3_600), owed: 0 },
  ...change,
});
const storm = (change: Partial<Storm> = {}): Storm => ({
  ...{ id: 'agr_s', cause: 'RATE', busyAt: ago(10), newsAt: ago(10), owed: 0, owedCritical: 0 },
  ...change,
});
const messages = (count: number, change: Partial<RecentMessage> = {}): RecentMessage[] =>
  Array.from({ length: count }, () => ({ at: ago(30), isExempt: false, ...change }));
const state = (change: Partial<ChannelState>): ChannelState => ({
  ...{
    now,
    waiting: [],
    groups: [],
    storm: null,
    messages: [],
    arrived: 0,
    daily: { at: inSeconds(7_200), timeZone: 'UTC' },
  },
  ...change,
});
const plan = (change: Partial<ChannelState>) => planDelivery(state(change));

describe('the first alerts of a group', () => {
  it.each<[Severity, number, boolean]>([
    ['CRITICAL', 0, true],
    ['HIGH', 29, false],
    ['HIGH', 30, true],
    ['MEDIUM', 119, false],
    ['MEDIUM', 120, true],
  ])('%s %d s after the first: told = %s', (severity, seconds, isTold) => {
    const { groups, waits } = plan({ waiting: waiting(severity, 2, { since: ago(seconds) }) });
    expect(groups.length === 1 && waits.length === 0).toBe(isTold);
  });

  it('are told with the first, however late they came', () => {
    const late = waiting('HIGH', 1, { since: ago(1) }).map((alert) => ({ ...alert, id: 'late' }));
    const { groups } = plan({ waiting: [...waiting('HIGH', 1, { since: ago(30) }), ...late] });
    expect(groups).toMatchObject([{ how: 'OWN', alertIds: ['clu_1-nodes-HIGH-0', 'late'] }]);
  });

  it('have messages of their own up to five, and one for all from the sixth on', () => {
    expect(plan({ waiting: waiting('CRITICAL', 5) }).groups).toMatchObject([{ how: 'OWN', groupId: null }]);
    expect(plan({ waiting: waiting('CRITICAL', 6) }).groups).toMatchObject([{ how: 'NEW', groupId: null }]);
  });

  it('are of another group when cluster, family or severity differ', () => {
    const others = [
      ...waiting('CRITICAL', 3),
      ...waiting('CRITICAL', 3, { cluster: 'clu_2' }),
      ...waiting('CRITICAL', 3, { family: 'disks' }),
      ...waiting('HIGH', 3, { since: ago(60) }),
    ];
    expect(plan({ waiting: others }).groups.map(({ how }) => how)).toEqual(['OWN', 'OWN', 'OWN', 'OWN']);
  });

  it('say until when they wait, and why', () => {
    const { waits, nextAt } = plan({
      waiting: [...waiting('HIGH', 1, { since: ago(10) }), ...waiting('LOW', 1, { since: ago(60) })],
    });
    expect(waits).toEqual([
      { alertId: 'clu_1-nodes-HIGH-0', because: 'FIRST', until: inSeconds(20) },
      { alertId: 'clu_1-nodes-LOW-0', because: 'DAILY', until: inSeconds(7_200), timeZone: 'UTC' },
    ]);
    expect(nextAt).toEqual(inSeconds(20));
  });
});

describe('LOW alerts', () => {
  it('wait for the daily message, however many and however old, and begin no storm', () => {
    const { groups, storm: begun, waits, nextAt } = plan({ waiting: waiting('LOW', 100, { since: ago(90_000) }) });
    expect({ groups, begun, nextAt }).toEqual({ groups: [], begun: null, nextAt: null });
    expect(new Set(waits.map(({ because }) => because))).toEqual(new Set(['DAILY']));
    expect(waits).toHaveLength(100);
  });
});

describe('further alerts of a group', () => {
  it('wait 10 s when they are CRITICAL', () => {
    const known = [group({ severity: 'CRITICAL' })];
    const early = plan({ groups: known, waiting: waiting('CRITICAL', 1, { since: ago(9) }) });
    expect(early.waits).toMatchObject([{ because: 'FURTHER', until: inSeconds(1) }]);
    const due = plan({ groups: known, waiting: waiting('CRITICAL', 1, { since: ago(10) }) });
    expect(due.groups).toMatchObject([{ how: 'OWN', groupId: 'agr_1' }]);
  });

  it.each<[Severity, number]>([
    ['HIGH', 120],
    ['MEDIUM', 300],
  ])('%s come at most every %d s', (severity, seconds) => {
    const since = ago(290);
    const told = (joined: number) =>
      plan({ groups: [group({ severity, joinedAt: ago(joined) })], waiting: waiting(severity, 1, { since }) });
    expect(told(seconds - 1).waits).toMatchObject([{ because: 'INTERVAL', until: inSeconds(1) }]);
    expect(told(seconds).groups).toMatchObject([{ how: 'OWN' }]);
  });

  it('make one message of the group with the sixth, and join it from then on', () => {
    const more = waiting('HIGH', 1, { since: ago(60) });
    expect(plan({ groups: [group({ members: 4 })], waiting: more }).groups).toMatchObject([{ how: 'OWN' }]);
    expect(plan({ groups: [group({ members: 5 })], waiting: more }).groups).toMatchObject([{ how: 'NEW' }]);
    const joined = plan({ groups: [group({ members: 6, hasCard: true })], waiting: more });
    expect(joined.groups).toMatchObject([{ how: 'JOIN', isNews: true }]);
  });

  it('join a message of CRITICAL alerts at once, and the channel is notified once a minute', () => {
    const told = (newsAt: Date, owed = 0) => ({
      groups: [group({ severity: 'CRITICAL', members: 9, hasCard: true, newsAt, owed })],
    });
    const joins = plan({ ...told(ago(20)), waiting: waiting('CRITICAL', 1, { since: ago(10) }) });
    expect(joins.groups).toMatchObject([{ how: 'JOIN', isNews: false }]);
    expect(joins.nextAt).toEqual(inSeconds(40));
    expect(plan(told(ago(59), 1))).toMatchObject({ groups: [], nextAt: inSeconds(1) });
    expect(plan(told(ago(60), 1)).groups).toMatchObject([{ how: 'JOIN', isNews: true, alertIds: [] }]);
  });
});

describe('more than 20 messages in a minute', () => {
  it('make a storm, and CRITICAL alerts stay alone as long as there is room', () => {
    const clusters = Array.from({ length: 30 }, (_, index) => `clu_${index}`);
    const found = plan({
      waiting: clusters.flatMap((cluster) => [
        ...waiting('CRITICAL', 1, { cluster }),
        ...waiting('HIGH', 2, { cluster, since: ago(40) }),
      ]),
    });
    expect(found.groups).toHaveLength(19);
    expect(new Set(found.groups.map(({ severity }) => severity))).toEqual(new Set(['CRITICAL']));
    expect(found.storm).toMatchObject({ begins: 'RATE' });
    expect(found.storm?.alertIds).toHaveLength(11 + 60);
  });

  it('count those that Slack has not confirmed', () => {
    const queued = messages(19, { at: null });
    expect(plan({ waiting: waiting('CRITICAL', 1), messages: queued }).storm).toMatchObject({ begins: 'RATE' });
    expect(plan({ waiting: waiting('CRITICAL', 1), messages: messages(19, { at: ago(61) }) }).storm).toBeNull();
  });

  it('take 10,000 CRITICAL alerts of one group in one message, without a storm', () => {
    const found = plan({ waiting: waiting('CRITICAL', 10_000) });
    expect(found).toMatchObject({ groups: [{ how: 'NEW' }], storm: null, waits: [] });
  });
});

describe('a storm', () => {
  it('takes what would be told, CRITICAL alerts aside', () => {
    const found = plan({
      storm: storm(),
      waiting: [...waiting('CRITICAL', 1), ...waiting('MEDIUM', 3, { since: ago(120) })],
    });
    expect(found.groups).toMatchObject([{ how: 'OWN', severity: 'CRITICAL' }]);
    expect(found.storm).toMatchObject({ begins: null, ends: false });
    expect(found.storm?.alertIds).toHaveLength(3);
  });

  it('notifies the channel of CRITICAL alerts that joined within a minute, and of others within five', () => {
    expect(plan({ storm: storm({ newsAt: ago(59), owed: 1, owedCritical: 1 }) }).storm?.isNews).toBe(false);
    expect(plan({ storm: storm({ newsAt: ago(60), owed: 1, owedCritical: 1 }) }).storm?.isNews).toBe(true);
    expect(plan({ storm: storm({ newsAt: ago(299), owed: 1 }) }).storm?.isNews).toBe(false);
    expect(plan({ storm: storm({ newsAt: ago(300), owed: 1 }) }).storm?.isNews).toBe(true);
  });

  it('ends after five minutes with fewer than five alerts a minute', () => {
    expect(plan({ storm: storm({ busyAt: ago(299) }), arrived: 4 }).storm?.ends).toBe(false);
    expect(plan({ storm: storm({ busyAt: ago(300) }), arrived: 4 }).storm?.ends).toBe(true);
    expect(plan({ storm: storm({ busyAt: ago(300) }), arrived: 5 }).storm).toMatchObject({ ends: false, isBusy: true });
  });
});

describe('the messages of an hour', () => {
  const late = { since: ago(60) };

  it('are 30, and then alerts are collected', () => {
    const used = messages(30, { at: ago(600) });
    expect(plan({ waiting: waiting('HIGH', 1, late), messages: used }).storm).toMatchObject({ begins: 'BUDGET' });
    expect(plan({ waiting: waiting('CRITICAL', 1), messages: used })).toMatchObject({ storm: null });
  });

  it('do not count those about CRITICAL alerts', () => {
    const used = messages(30, { at: ago(600), isExempt: true });
    expect(plan({ waiting: waiting('HIGH', 1, late), messages: used })).toMatchObject({ storm: null });
  });

  it('are used for groups when there are few left', () => {
    const used = messages(28, { at: ago(600) });
    expect(plan({ waiting: waiting('HIGH', 3, late), messages: used }).groups).toMatchObject([{ how: 'NEW' }]);
  });

  it('have room again before the collecting ends', () => {
    const collecting = storm({ cause: 'BUDGET', busyAt: ago(3_000) });
    expect(plan({ storm: collecting, messages: messages(30, { at: ago(600) }) }).storm?.ends).toBe(false);
    expect(plan({ storm: collecting, messages: messages(29, { at: ago(600) }) }).storm?.ends).toBe(true);
  });
});
