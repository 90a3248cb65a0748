import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Alert } from '../../src/domain/alert.ts';
import { alertHidings } from '../../src/domain/alert-hidings.ts';
import {
  applySample,
  type Condition,
  defaultAlertTimes,
  type Pending,
  type RuleFacts,
  type Sample,
} from '../../src/domain/alert-life.ts';
import { findingsOfAlerts } from '../../src/domain/health/alert-findings.ts';
import type { HealthFacts } from '../../src/domain/health/facts.ts';
import { pendingInWords } from '../../src/domain/rules/standing.ts';
import { isSettling, longestSettleMs, type Settling, settleAfterRunMs } from '../../src/domain/settling.ts';
import type { ActiveSilence } from '../../src/domain/silence.ts';
import { rules as checks } from '../../src/monitor/rules/index.ts';
import { alert, byRun, condition, fingerprint, rules as invented, minutes, sample, start } from './alert-builders.ts';

const lamp: RuleFacts = {
  ...{ name: 'lamp_out', over: 'the light is seen', inhibits: null, isInhibitedByRuns: true },
  settlesMs: 120_000,
};
const rules = invented.map((rule) => (rule.name === 'lamp_out' ? lamp : rule));
/** R-9 ended well at noon, and had hidden that the light of nod_1 is out. */
const ended: Settling = { fingerprint, runId: 'run_9', runNumber: 9, endedAt: new Date(start), nodeIds: ['nod_1'] };
const hidden = alert({ mute: byRun, hiddenSince: minutes(-3) });
const down = [condition()];
const aHealth: HealthFacts = {
  ...{
    now: minutes(1),
    observedAt: minutes(1),
    look: null,
    runMode: null,
    nodes: [],
    explained: new Map(),
    alerts: [],
  },
  ...{ measured: null, isUpgrading: false, notJudged: [], work: [] },
};

type Before = { alerts?: readonly Alert[]; pending?: readonly Pending[]; settling?: readonly Settling[] };
function look(
  seconds: number,
  conditions: readonly Condition[],
  before: Before & { rules?: readonly RuleFacts[]; more?: Partial<Sample>; silences?: readonly ActiveSilence[] } = {},
) {
  const state = { alerts: [], pending: [], settling: [ended], ...before };
  const at = new Date(start + seconds * 1_000);
  const policy = { times: defaultAlertTimes, rules: before.rules ?? rules };
  return applySample(state, sample(at, { conditions, ...before.more }), policy);
}
const told = ({ changed }: ReturnType<typeof look>) => changed.flatMap(({ events }) => events.map(({ type }) => type));

describe('what a run hid, after the run ended well', () => {
  it('counts and is told of to nobody, until the time of its rule is over', () => {
    const first = look(10, down);
    expect(first).toMatchObject({
      ...{ opened: [], covered: [{ runId: 'run_9' }] },
      pending: [{ samples: 1, settles: { until: minutes(2), runNumber: 9 } }],
    });
    const late = look(119, down, { pending: first.pending });
    expect(late).toMatchObject({ opened: [], pending: [{ since: new Date(start + 10_000), samples: 2 }] });
    const after = look(120, down, { pending: late.pending });
    expect(after).toMatchObject({ pending: [], covered: [] });
    expect(after.opened).toMatchObject([{ since: new Date(start + 10_000), mute: { kind: 'NONE' } }]);
  });

  it('is at no time told later than its own time or the settle time, whichever is longer', () => {
    const slow = [condition({ forMs: 300_000, minSamples: 2 })];
    const { pending } = look(15, slow);
    expect(look(300, slow, { pending }).opened).toEqual([]);
    expect(look(315, slow, { pending }).opened).toHaveLength(1);
  });

  it('leaves an alert that was open before hidden, says so once, and then shows it as firing for the first time', () => {
    const first = look(10, down, { alerts: [hidden] });
    expect(told(first)).toEqual(['MUTED']);
    const [change] = first.changed;
    expect(change?.alert).toMatchObject({ hiddenSince: minutes(-3), mute: { kind: 'INHIBITED', by: 'run:run_9' } });
    expect(change?.events[0]?.message).toBe(
      'Hidden: R-9 ended well, and what it hid may take until 2026-03-01 12:02:00 UTC to be over',
    );
    const alerts = change === undefined ? [] : [change.alert];
    expect(told(look(60, down, { alerts }))).toEqual([]);
    const after = look(125, down, { alerts });
    expect(told(after)).toEqual(['UNMUTED']);
    expect(after.changed[0]?.alert).toMatchObject({ mute: { kind: 'NONE' }, handling: { kind: 'UNACKED' } });
    expect(told(look(60, [], { alerts }))).toContain('RESOLVED');
  });

  it.each<[string, ReturnType<typeof look>]>([
    ['a run that failed, was cancelled or is lost', look(10, down, { settling: [] })],
    ['what a look found over before it came back', look(40, down, { settling: [] })],
    ['what the run never hid', look(10, down, { settling: [{ ...ended, fingerprint: 'another' }] })],
    ['another node', look(10, [condition({ nodeId: 'nod_2', fingerprint: 'two' })])],
    ['another node under the same alert', look(10, [condition({ nodeId: 'nod_2' })])],
    ['a node that the run did not bring back', look(10, down, { settling: [{ ...ended, nodeIds: ['nod_2'] }] })],
    ['what is about no node', look(10, [condition({ nodeId: null })])],
    ['a rule that nothing hides', look(10, down, { rules: [{ ...lamp, isNeverHidden: true }] })],
    ['a rule that no run explains', look(10, down, { rules: [{ ...lamp, isInhibitedByRuns: false }] })],
    ['a rule that gives no time', look(10, down, { rules: invented })],
    ['an end that lies ahead', look(-1, down)],
  ])('is loud at once: %s', (_, effect) => {
    expect(effect).toMatchObject({ opened: [{ mute: { kind: 'NONE' } }], covered: [], pending: [] });
  });

  it('is loud at once where it was open before, when the run did not end well', () => {
    expect(told(look(10, down, { alerts: [hidden], settling: [] }))).toEqual(['UNMUTED']);
  });

  it('is explained by a second run while that one works on the node, and not counted', () => {
    const plannedWork = [{ nodeId: 'nod_1', runId: 'run_10' }];
    const effect = look(10, down, { more: { plannedWork } });
    expect(effect).toMatchObject({ opened: [], pending: [], covered: [{ runId: 'run_10' }] });
  });

  it('stays resolved by hand, and comes back when the time is over', () => {
    const resolvedBy = { id: 'per_kim', name: 'kim', note: 'done', at: minutes(0), isConfirmed: false };
    const closed = alert({ signal: 'RESOLVED', resolvedAt: minutes(0), resolvedBy });
    expect(told(look(10, down, { alerts: [closed] }))).toEqual([]);
    expect(told(look(120, down, { alerts: [closed] }))).toEqual(['STILL_FIRING']);
  });

  it('keeps what it has counted while no look can say', () => {
    const { pending } = look(10, down);
    expect(look(30, [], { pending, more: { unjudged: ['lamp_out'] } }).pending).toEqual(pending);
    expect(look(30, [], { pending }).pending).toEqual([]);
  });

  it('says in words what it waits for', () => {
    const [first] = look(10, down).pending;
    if (first === undefined) throw new Error('nothing ripens');
    expect(pendingInWords(first, { now: minutes(1) })).toBe(
      'be is down: for 50 s now, in 1 look; an alert after 60 s more, if it stays so; R-9, which hid it, ended well a moment ago',
    );
    expect(pendingInWords(first, { now: minutes(3) })).toContain('an alert with the next look');
  });

  it('delays nothing beyond the time of its rule, and nothing that the run did not hide', () => {
    const seconds = fc.integer({ min: -600, max: 1_200 });
    const times = fc.record({ ended: seconds, settlesMs: fc.integer({ min: 0, max: 3 * longestSettleMs }) });
    fc.assert(
      fc.property(times, seconds, fc.boolean(), ({ ended: from, settlesMs }, now, isSame) => {
        const endedAt = new Date(start + from * 1_000);
        const settling = [{ ...ended, endedAt, fingerprint: isSame ? fingerprint : 'another' }];
        const effect = look(now, down, { settling, rules: [{ ...lamp, settlesMs }] });
        const sinceMs = (now - from) * 1_000;
        const waits = isSame && sinceMs >= 0 && sinceMs < Math.min(settlesMs, longestSettleMs);
        expect(effect.opened).toHaveLength(waits ? 0 : 1);
        expect(effect.pending).toHaveLength(waits ? 1 : 0);
      }),
    );
  });
});

it('is two minutes for each check that a run explains, as the texts of the rules say', () => {
  const explained = checks.filter(({ isInhibitedByRuns }) => isInhibitedByRuns);
  expect(explained.map(({ name, settlesMs }) => [name, settlesMs])).toEqual(
    ['quorum_at_risk', 'node_down', 'frontend_no_greeting'].map((name) => [name, settleAfterRunMs]),
  );
  expect(checks.filter((rule) => !rule.isInhibitedByRuns && rule.settlesMs !== undefined)).toEqual([]);
});

it('is told from a run at work, and from a node that was stopped on purpose', () => {
  expect(isSettling(byRun.because)).toBe(false);
  expect(isSettling('it was stopped on purpose by kim (R-1), until it is started')).toBe(false);
});

describe('an alert that settles', () => {
  const because = 'R-9 ended well, and what it hid may take until 2026-03-01 12:02:00 UTC to be over';
  const settling = alert({ mute: { kind: 'INHIBITED', by: 'run:run_9', because } });

  it('is listed with the run that hid it, and until when', () => {
    const nothing = { silences: [], windows: [], work: [], stopped: [], runNumbers: new Map([['run_9', 9]]) };
    expect(alertHidings({ ...nothing, alerts: [settling] })).toMatchObject([
      { kind: 'RUN', name: 'R-9', because, untilWords: expect.stringContaining('the time that it may take') },
    ]);
  });

  it('costs the health score as much as a loud one', () => {
    const facts = { ...aHealth, alerts: [settling] };
    const [loud] = findingsOfAlerts({ ...aHealth, alerts: [alert()] });
    expect(findingsOfAlerts(facts)).toEqual([loud]);
    const [atWork] = findingsOfAlerts({ ...aHealth, alerts: [alert({ mute: byRun })] });
    expect(atWork?.points).toBeLessThan(loud?.points ?? 0);
  });
});
