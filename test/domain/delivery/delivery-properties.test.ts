import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Severity } from '../../../src/domain/alert.ts';
import type { OpenGroup, Storm, WaitingAlert } from '../../../src/domain/delivery/channel-state.ts';
import { deliveryTimes } from '../../../src/domain/delivery/delivery-times.ts';
import { planDelivery } from '../../../src/domain/delivery/plan-delivery.ts';

/** A number of alerts of one group that begin at the same second. */
type Burst = { at: number; count: number; cluster: number; family: number; severity: Severity };
type Message = { at: number | null; madeAt: number; isExempt: boolean };

const bursts = fc.array(
  fc.record({
    at: fc.nat(900),
    count: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.constant(100)),
    cluster: fc.nat(30),
    family: fc.nat(3),
    severity: fc.constantFrom<Severity>('CRITICAL', 'HIGH', 'MEDIUM', 'LOW'),
  }),
  { minLength: 1, maxLength: 40 },
);
/** Seconds in which Slack confirms nothing. */
const outage = fc.record({ from: fc.nat(900), for: fc.nat(600) });
const lasts = 2_700;

/** A channel second by second: what the planner decides becomes messages, which Slack confirms one a second. */
function live(all: readonly Burst[], away: { from: number; for: number }) {
  const date = (second: number) => new Date(second * 1_000 + 1e12);
  const messages: Message[] = [];
  const toldAt = new Map<string, number>();
  const groups: OpenGroup[] = [];
  let waiting: WaitingAlert[] = [];
  let storm: Storm | null = null;
  let made = 0;
  const begun = new Map<string, { at: number; severity: Severity }>();
  const say = (at: number, isExempt: boolean) => messages.push({ at: null, madeAt: at, isExempt });
  const tell = (ids: readonly string[], at: number) => {
    for (const id of ids) {
      expect(toldAt.has(id)).toBe(false);
      toldAt.set(id, at);
    }
    const told = new Set(ids);
    waiting = waiting.filter(({ id }) => !told.has(id));
  };
  for (let second = 0; second < lasts; second += 1) {
    for (const { at, count, cluster, family, severity } of all) {
      if (at !== second) continue;
      for (let index = 0; index < count; index += 1) {
        made += 1;
        const id = `a${made}`;
        begun.set(id, { at: second, severity });
        waiting.push({ id, clusterId: `c${cluster}`, family: `f${family}`, severity, since: date(second) });
      }
    }
    if (waiting.every(({ severity }) => severity === 'LOW') && storm === null && groups.every(({ owed }) => owed === 0))
      continue;
    const isAway = second >= away.from && second < away.from + away.for;
    const next = isAway ? undefined : messages.find(({ at }) => at === null);
    if (next !== undefined) next.at = second;
    const recent = messages.filter(({ at }) => at === null || second - at < 3_600);
    const plan = planDelivery({
      ...{ now: date(second), waiting, groups, storm },
      messages: recent.map(({ at, isExempt }) => ({ at: at === null ? null : date(at), isExempt })),
      daily: { at: date(lasts), timeZone: 'UTC' },
      arrived: [...begun.values()].filter(({ at }) => second - at < 60).length,
    });
    for (const { alertIds, how, isNews, groupId, ...key } of plan.groups) {
      const isExempt = key.severity === 'CRITICAL';
      const index = groups.findIndex(({ id }) => id === groupId);
      const before = groups[index] ?? { ...key, members: 0, hasCard: false, owed: 0, newsAt: date(second) };
      const isTold = how !== 'JOIN' || isNews;
      const after: OpenGroup = {
        ...before,
        id: groupId ?? `g${groups.length}`,
        members: before.members + alertIds.length,
        hasCard: before.hasCard || how === 'NEW',
        joinedAt: date(second),
        newsAt: isTold ? date(second) : before.newsAt,
        owed: isTold ? 0 : before.owed + alertIds.length,
      };
      if (index < 0) groups.push(after);
      else groups[index] = after;
      for (let count = how === 'OWN' ? alertIds.length : isTold ? 1 : 0; count > 0; count -= 1) say(second, isExempt);
      tell(alertIds, second);
    }
    if (plan.storm === null) continue;
    const { begins, alertIds, isNews, isBusy, ends } = plan.storm;
    if (begins !== null || isNews || ends) say(second, true);
    const joining = alertIds.filter((id) => begun.get(id)?.severity === 'CRITICAL').length;
    const isTold = begins !== null || isNews;
    const kept: Storm = storm ?? {
      ...{ id: 's', cause: begins ?? 'RATE', busyAt: date(second), newsAt: date(second), owed: 0, owedCritical: 0 },
    };
    storm = ends
      ? null
      : {
          ...kept,
          busyAt: isBusy ? date(second) : kept.busyAt,
          newsAt: isTold ? date(second) : kept.newsAt,
          owed: isTold ? 0 : kept.owed + alertIds.length,
          owedCritical: isTold ? 0 : kept.owedCritical + joining,
        };
    tell(alertIds, second);
  }
  return { messages, toldAt, begun };
}

/** How long an alert may wait at most: for its batch, and for the time between two messages of its group. */
const longestMs = (severity: Exclude<Severity, 'LOW'>) =>
  deliveryTimes.furtherMs[severity] + deliveryTimes.intervalMs[severity];

describe('whatever comes, and however long Slack is away', () => {
  it('each alert is told once and in time, a LOW one by the daily message alone, and a channel gets at most 20 new messages a minute', () => {
    fc.assert(
      fc.property(bursts, outage, (all, away) => {
        const { messages, toldAt, begun } = live(all, away);
        for (const [id, { at, severity }] of begun) {
          if (severity === 'LOW') {
            expect(toldAt.has(id)).toBe(false);
            continue;
          }
          const waited = ((toldAt.get(id) ?? Number.POSITIVE_INFINITY) - at) * 1_000;
          expect(waited).toBeLessThanOrEqual(severity === 'CRITICAL' ? 60_000 : longestMs(severity));
        }
        const confirmed = messages.flatMap(({ at }) => (at === null ? [] : [at])).toSorted((a, b) => a - b);
        confirmed.forEach((at, index) => {
          expect(confirmed.slice(index).filter((other) => other - at < 60).length).toBeLessThanOrEqual(20);
        });
        const counted = messages.filter(({ isExempt, at }) => !isExempt && at !== null && at < 3_600);
        expect(counted.length).toBeLessThanOrEqual(30);
      }),
      { numRuns: 10 },
    );
  });
});
