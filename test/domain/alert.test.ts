import { describe, expect, it } from 'vitest';
import type { Alert } from '../../src/domain/alert.ts';
import type { Condition, Pending, Sample } from '../../src/domain/alert-life.ts';
import {
  acked,
  alert,
  apply,
  byDark,
  byRun,
  condition,
  fingerprint,
  minutes,
  sample,
  start,
} from './alert-builders.ts';

describe('a value between the one that begins an alert and the one that ends it', () => {
  const between = sample(minutes(5), { conditions: [condition({ onlyGoesOn: true })] });

  it('keeps an open alert going, also one whose data were away', () => {
    expect(apply([alert()], between).kept).toMatchObject([{ signal: 'FIRING', count: 2 }]);
    expect(apply([alert({ signal: 'STALE' })], between).changed).toMatchObject([{ alert: { signal: 'FIRING' } }]);
  });

  it('re-opens none that was resolved', () => {
    const resolved = alert({ signal: 'RESOLVED', resolvedAt: minutes(4) });
    expect(apply([resolved], between)).toMatchObject({ opened: [], changed: [], kept: [], pending: [] });
  });
});

it('leaves an alert as it is, and then stale, when its subject alone could not be judged', () => {
  const others = alert({ id: 'alr_2', fingerprint: 'other', labels: { node: 'be elsewhere' }, lastSeenAt: minutes(5) });
  const unknown = [{ rule: 'lamp_out', labels: condition().labels }];
  const effect = apply([alert({ lastSeenAt: minutes(0) }), others], sample(minutes(5), { unknown }));
  expect(effect.changed.map(({ alert: { id, signal } }) => [id, signal])).toEqual([
    ['alr_1', 'STALE'],
    ['alr_2', 'RESOLVED'],
  ]);
});

it('does not say that an alert still fires that comes and goes and is away when it is shown again', () => {
  const flapping = { since: minutes(1), quietSince: minutes(2), judgedAt: minutes(4) };
  const hidden = alert({ flapping, mute: byRun, hiddenSince: minutes(3) });
  const [shown] = apply([hidden], sample(minutes(5))).changed;
  expect(shown?.events.find(({ type }) => type === 'UNMUTED')?.message).toMatch(
    /^Was hidden 2 min .*; it comes and goes, and does not hold now$/,
  );
});

describe('one alert meets one sample', () => {
  const fires = { conditions: [condition()] };
  const resolved = { signal: 'RESOLVED', resolvedAt: minutes(10) } as const;
  const blind = { unjudged: ['lamp_out'] } as const;

  it.each<[string, Partial<Alert>, Sample, string[], Partial<Alert>]>([
    [
      'resolves when it no longer holds',
      {},
      sample(minutes(5)),
      ['RESOLVED'],
      { signal: 'RESOLVED', resolvedAt: minutes(5) },
    ],
    [
      'stays firing while data is missing for a moment',
      { lastSeenAt: minutes(5) },
      sample(new Date(+minutes(5) + 44_999), blind),
      [],
      { signal: 'FIRING' },
    ],
    [
      'is stale, not resolved, when data is missing for three intervals',
      { lastSeenAt: minutes(5) },
      sample(new Date(+minutes(5) + 45_000), blind),
      ['STALE'],
      { signal: 'STALE', resolvedAt: null },
    ],
    ['says once that it is stale', { signal: 'STALE' }, sample(minutes(60), blind), [], { signal: 'STALE' }],
    [
      'fires on when data is back',
      { signal: 'STALE' },
      sample(minutes(60), fires),
      ['DATA_BACK'],
      { signal: 'FIRING', count: 2 },
    ],
    [
      'resolves when data is back and it no longer holds',
      { signal: 'STALE' },
      sample(minutes(60)),
      ['RESOLVED'],
      { signal: 'RESOLVED' },
    ],
    [
      're-opens as the same alert within 15 minutes',
      resolved,
      sample(minutes(14), fires),
      ['REOPENED'],
      { signal: 'FIRING', flaps: 1, count: 2, since: minutes(14), openedAt: minutes(0), resolvedAt: null },
    ],
    ['stays resolved in silence', resolved, sample(minutes(24)), [], { signal: 'RESOLVED', closedAt: null }],
    [
      'closes after 15 quiet minutes',
      resolved,
      sample(minutes(25)),
      ['CLOSED'],
      { signal: 'RESOLVED', closedAt: minutes(25) },
    ],
    [
      'closes after 15 quiet minutes without data too',
      resolved,
      sample(minutes(25), blind),
      ['CLOSED'],
      { closedAt: minutes(25) },
    ],
    [
      'keeps an acknowledgement when it re-opens in time',
      { ...resolved, handling: acked(60) },
      sample(minutes(14), fires),
      ['REOPENED'],
      { handling: acked(60) },
    ],
    [
      'drops an acknowledgement that ran out when it re-opens',
      { ...resolved, handling: acked(12) },
      sample(minutes(14), fires),
      ['REOPENED'],
      { handling: { kind: 'UNACKED' } },
    ],
    [
      'drops an acknowledgement when it re-opens as something worse',
      { ...resolved, severity: 'HIGH', handling: acked(60) },
      sample(minutes(14), fires),
      ['REOPENED'],
      { severity: 'CRITICAL', handling: { kind: 'UNACKED' } },
    ],
    [
      'drops an acknowledgement when its severity rises',
      { severity: 'HIGH', handling: acked(60) },
      sample(minutes(1), fires),
      ['SEVERITY_ROSE'],
      { severity: 'CRITICAL', handling: { kind: 'UNACKED' } },
    ],
    [
      'keeps an acknowledgement when its severity falls',
      { handling: acked(60) },
      sample(minutes(1), { conditions: [condition({ severity: 'HIGH' })] }),
      ['SEVERITY_FELL'],
      { severity: 'HIGH', handling: acked(60) },
    ],
    [
      'reminds once when an acknowledgement runs out',
      { handling: acked(60) },
      sample(minutes(60), fires),
      ['ACK_RUNS_OUT'],
      { handling: acked(60, true) },
    ],
    [
      'does not remind twice',
      { handling: acked(60, true) },
      sample(minutes(74), blind),
      ['STALE'],
      { handling: acked(60, true) },
    ],
    [
      'is unhandled 15 minutes after its acknowledgement ran out',
      { handling: acked(60, true) },
      sample(minutes(75), fires),
      ['ACK_EXPIRED'],
      { handling: { kind: 'UNACKED' } },
    ],
    [
      'rewrites its text when that says something else',
      { text: 'old' },
      sample(minutes(1), fires),
      ['UPDATED'],
      { text: 'down since 2026-03-01 12:00:00 UTC.' },
    ],
    [
      'is muted while a run works on its node',
      {},
      sample(minutes(1), { ...fires, plannedWork: [{ nodeId: 'nod_1', runId: 'run_9' }] }),
      ['MUTED'],
      { signal: 'FIRING', mute: byRun },
    ],
    [
      'is loud while a run works on another node',
      {},
      sample(minutes(1), { ...fires, plannedWork: [{ nodeId: 'nod_2', runId: 'run_9' }] }),
      [],
      { mute: { kind: 'NONE' } },
    ],
    [
      'is loud again when the run ended and it still fires',
      { mute: byRun },
      sample(minutes(1), fires),
      ['UNMUTED'],
      { mute: { kind: 'NONE' } },
    ],
    ['resolves quietly while muted', { mute: byRun }, sample(minutes(1)), ['RESOLVED'], { mute: { kind: 'NONE' } }],
  ])('%s', (_name, before, look, events, after) => {
    const effect = apply([alert(before)], look);
    expect(effect.opened).toEqual([]);
    expect(effect.changed.flatMap((change) => change.events.map((event) => event.type))).toEqual(events);
    const now = effect.changed[0]?.alert ?? effect.kept[0] ?? alert(before);
    expect(now).toMatchObject(after);
  });

  it('counts a repeat without anything to show', () => {
    const effect = apply([alert()], sample(minutes(1), fires));
    expect(effect.changed).toEqual([]);
    expect(effect.kept).toMatchObject([{ count: 2, lastSeenAt: minutes(1), revision: 1 }]);
  });

  it('rewrites its text at most every 45 seconds', () => {
    const look = (at: Date) => sample(at, fires);
    expect(apply([alert({ text: 'old' })], look(new Date(start + 44_000))).changed).toEqual([]);
    expect(apply([alert({ text: 'old' })], look(new Date(start + 45_000))).changed).toHaveLength(1);
  });

  it('is a new alert when it fires after the dedupe window, and lets go of the old one', () => {
    const effect = apply([alert(resolved)], sample(minutes(25), fires));
    expect(effect.changed).toMatchObject([{ alert: { closedAt: minutes(25) }, events: [{ type: 'CLOSED' }] }]);
    expect(effect.opened).toMatchObject([{ since: minutes(25), condition: { fingerprint } }]);
  });
});

describe('a condition without an alert', () => {
  const slow = condition({ forMs: 60_000 });

  it('opens an alert at once when it need not ripen', () => {
    const effect = apply([], sample(minutes(0), { conditions: [condition()] }));
    expect(effect.opened).toMatchObject([{ since: minutes(0) }]);
    expect(effect.pending).toEqual([]);
  });

  it('opens one when it has held for long enough, with the time it began', () => {
    const first = apply([], sample(minutes(0), { conditions: [slow] }));
    expect(first.opened).toEqual([]);
    const second = apply([], sample(new Date(start + 59_000), { conditions: [slow] }), first.pending);
    expect(second.opened).toEqual([]);
    const third = apply([], sample(minutes(1), { conditions: [slow] }), second.pending);
    expect(third.opened).toMatchObject([{ since: minutes(0) }]);
  });

  it('starts to ripen again after it was gone for one sample', () => {
    const first = apply([], sample(minutes(0), { conditions: [slow] }));
    const gone = apply([], sample(new Date(start + 15_000)), first.pending);
    expect(gone.pending).toEqual([]);
    const back = apply([], sample(minutes(1), { conditions: [slow] }), gone.pending);
    expect(back.opened).toEqual([]);
    expect(back.pending).toMatchObject([{ since: minutes(1), samples: 1 }]);
  });

  it('goes on ripening over a sample that could not judge it', () => {
    const first = apply([], sample(minutes(0), { conditions: [slow] }));
    const blind = apply([], sample(new Date(start + 15_000), { unjudged: ['lamp_out'] }), first.pending);
    expect(blind.pending).toEqual(first.pending);
    expect(apply([], sample(minutes(1), { conditions: [slow] }), blind.pending).opened).toHaveLength(1);
  });

  it('goes on ripening over a sample in which only its own subject could not be judged', () => {
    const first = apply([], sample(minutes(0), { conditions: [slow] }));
    const of = (labels: Readonly<Record<string, string>>) =>
      apply([], sample(new Date(start + 15_000), { unknown: [{ rule: 'lamp_out', labels }] }), first.pending);
    expect(of(condition().labels).pending).toEqual(first.pending);
    expect(of({}).pending).toEqual(first.pending);
    expect(of({ ...condition().labels, path: '/data1' }).pending).toEqual([]);
  });

  it('ripens over looks in which nothing happened, for some minutes, and its alert stays open as long', () => {
    const loads = condition({ forMs: 300_000, minSamples: 2 });
    const nothing = { unknown: [{ rule: 'lamp_out', labels: {}, nothingForMs: 300_000 }] };
    const look = (second: number, failsEverySeconds: number) =>
      sample(minutes(second / 60), second % failsEverySeconds === 0 ? { conditions: [loads] } : nothing);
    /** When the alert opens and ends, of loads that come so often and all fail up to the 20th minute. */
    const life = (everySeconds: number) => {
      let pending: readonly Pending[] = [];
      let open: Alert | null = null;
      const told: [second: number, type: string][] = [];
      for (let second = 0; second <= 1_800; second += 15) {
        const seen = look(second, second > 1_200 ? Number.POSITIVE_INFINITY : everySeconds);
        const effect = apply(open === null ? [] : [open], seen, pending);
        ({ pending } = effect);
        if (effect.opened.length > 0) {
          told.push([second, 'OPENED']);
          open = alert({ since: seen.at, lastSeenAt: seen.at, changedAt: seen.at });
        }
        for (const change of [...effect.kept.map((each) => ({ alert: each, events: [] })), ...effect.changed]) {
          open = change.alert.signal === 'RESOLVED' ? null : change.alert;
          told.push(...change.events.map(({ type }): [number, string] => [second, type]));
        }
      }
      return told.filter(([, type]) => type !== 'UPDATED');
    };
    expect(life(60)).toEqual([
      [300, 'OPENED'],
      [1_500, 'RESOLVED'],
    ]);
    expect(life(240)).toEqual([
      [480, 'OPENED'],
      [1_500, 'RESOLVED'],
    ]);
    // Loads that come so seldom are judged one by one: none of them fails for five minutes.
    expect(life(600)).toEqual([]);
  });

  it('does not begin, and begins anew, while a value only keeps an open alert going', () => {
    const between = { ...slow, onlyGoesOn: true } as const;
    expect(apply([], sample(minutes(0), { conditions: [between] }))).toMatchObject({ opened: [], pending: [] });
    const first = apply([], sample(minutes(0), { conditions: [slow] }));
    expect(apply([], sample(minutes(1), { conditions: [between] }), first.pending).pending).toEqual([]);
  });

  it('needs as many samples as its rule says', () => {
    const twice = condition({ minSamples: 2 });
    const first = apply([], sample(minutes(0), { conditions: [twice] }));
    expect(first.opened).toEqual([]);
    expect(apply([], sample(minutes(1), { conditions: [twice] }), first.pending).opened).toHaveLength(1);
  });

  it('ripens from the time it began, if that is known, but never from the future', () => {
    const earlier = condition({ forMs: 60_000, startedAt: minutes(-1) });
    expect(apply([], sample(minutes(0), { conditions: [earlier] })).opened).toMatchObject([{ since: minutes(-1) }]);
    const future = condition({ startedAt: minutes(1) });
    expect(apply([], sample(minutes(0), { conditions: [future] })).opened).toMatchObject([{ since: minutes(0) }]);
  });

  it('is not counted while a run works on its node, and judged afresh afterwards', () => {
    const plannedWork = [{ nodeId: 'nod_1', runId: 'run_9' }];
    const before = apply([], sample(minutes(0), { conditions: [slow] }));
    const during = apply([], sample(minutes(5), { conditions: [slow], plannedWork }), before.pending);
    expect(during).toMatchObject({ opened: [], pending: [] });
    const after = apply([], sample(minutes(6), { conditions: [slow] }), during.pending);
    expect(after).toMatchObject({ opened: [], pending: [{ since: minutes(6) }] });
  });

  it('does not re-open a resolved alert while a run works on its node', () => {
    const quiet = alert({ signal: 'RESOLVED', resolvedAt: minutes(1) });
    const plannedWork = [{ nodeId: 'nod_1', runId: 'run_9' }];
    const effect = apply([quiet], sample(minutes(2), { conditions: [condition()], plannedWork }));
    expect(effect).toMatchObject({ opened: [], changed: [], pending: [] });
  });
});

describe('a cluster that cannot be reached', () => {
  const unreachable = condition({ fingerprint: 'c', rule: 'all_dark', nodeId: null, labels: {} });
  const blind = (at: Date, pending: readonly Pending[] = [], alerts = [alert({ lastSeenAt: at })]) =>
    apply(alerts, sample(at, { conditions: [unreachable], unjudged: ['lamp_out'] }), pending);

  it('hides the alerts of its nodes and resolves none', () => {
    const effect = blind(minutes(5));
    expect(effect.opened).toMatchObject([{ condition: { rule: 'all_dark' } }]);
    expect(effect.changed).toMatchObject([
      {
        alert: { signal: 'FIRING', mute: byDark },
        events: [{ type: 'MUTED' }],
      },
    ]);
  });

  it('shows them again when it answers and they still fire', () => {
    const hidden = alert({ signal: 'STALE', mute: byDark });
    const whole = alert({ id: 'alr_2', fingerprint: 'c', rule: 'all_dark', nodeId: null });
    const effect = apply([hidden, whole], sample(minutes(9), { conditions: [condition()] }));
    expect(
      effect.changed.map(({ alert: { rule, signal }, events }) => [rule, signal, ...events.map(({ type }) => type)]),
    ).toEqual([
      ['lamp_out', 'FIRING', 'DATA_BACK', 'UNMUTED'],
      ['all_dark', 'RESOLVED', 'RESOLVED'],
    ]);
  });
});

describe('the life of an alert knows of its rule only what it is told', () => {
  const of = (rule: string, changes: Partial<Alert> = {}) => alert({ rule, fingerprint: rule, ...changes });
  const holds = (rule: string, changes: Partial<Condition> = {}) => condition({ rule, fingerprint: rule, ...changes });
  const work = { plannedWork: [{ nodeId: 'nod_1', runId: 'run_9' }] };

  it.each<[string, readonly Alert[], Partial<Sample>, string, Partial<Alert>]>([
    [
      'a rule hides whom it names while it fires',
      [of('fuse_blown'), of('lamp_out')],
      { conditions: [holds('fuse_blown'), holds('lamp_out')] },
      'lamp_out',
      { signal: 'FIRING', mute: { kind: 'INHIBITED', by: 'fuse_blown', because: 'the fuse is blown' } },
    ],
    [
      'a rule hides nobody whom it does not name',
      [of('fuse_blown'), of('all_dark')],
      { conditions: [holds('fuse_blown'), holds('all_dark')] },
      'all_dark',
      { mute: { kind: 'NONE' } },
    ],
    [
      'a rule that hides the others does not hide itself, and is named before those that come later',
      [of('all_dark'), of('fuse_blown'), of('lamp_out')],
      { conditions: ['all_dark', 'fuse_blown', 'lamp_out'].map((rule) => holds(rule)) },
      'lamp_out',
      { mute: byDark },
    ],
    [
      'a rule that does not fire any more hides nobody',
      [
        of('fuse_blown'),
        of('lamp_out', { mute: { kind: 'INHIBITED', by: 'fuse_blown', because: 'the fuse is blown' } }),
      ],
      { conditions: [holds('lamp_out')] },
      'lamp_out',
      { mute: { kind: 'NONE' } },
    ],
    [
      'a rule of which nobody knows whether it fires hides on until it is stale',
      [of('fuse_blown', { lastSeenAt: minutes(1) }), of('lamp_out')],
      { conditions: [holds('lamp_out')], unjudged: ['fuse_blown'] },
      'lamp_out',
      { mute: { kind: 'INHIBITED', by: 'fuse_blown', because: 'the fuse is blown' } },
    ],
    [
      'a run hides nothing that taking the node away does not explain',
      [of('fuse_blown')],
      { conditions: [holds('fuse_blown')], ...work },
      'fuse_blown',
      { count: 2, mute: { kind: 'NONE' } },
    ],
    [
      'what was found when it was over stands in its text, with the identity of the alert',
      [of('lamp_out')],
      {},
      'lamp_out',
      {
        signal: 'RESOLVED',
        text: 'The light of be 10.0.0.11:9050 is seen, seen at 2026-03-01 12:01:00 UTC. What was said while it fired: down since 2026-03-01 12:00:00 UTC.',
      },
    ],
    [
      'the value that ended it stands there instead, in its own words',
      [of('lamp_out')],
      {
        endedBy: ({ rule }: Pick<Alert, 'rule'>) => (rule === 'lamp_out' ? 'light of {node} is 5, not below 3' : null),
      },
      'lamp_out',
      {
        text: 'Light of {node} is 5, not below 3, seen at 2026-03-01 12:01:00 UTC. What was said while it fired: down since 2026-03-01 12:00:00 UTC.',
      },
    ],
    [
      'a rule that this version does not have is not over: it goes stale',
      [of('rule_of_tomorrow')],
      {},
      'rule_of_tomorrow',
      { signal: 'STALE', resolvedAt: null },
    ],
  ])('%s', (_name, before, look, rule, after) => {
    const effect = apply(before, sample(minutes(1), look));
    const all = [...effect.changed.map((change) => change.alert), ...effect.kept, ...before];
    expect(all.find((one) => one.rule === rule)).toMatchObject(after);
  });

  it('an alert that is explained when it opens is hidden from the start', () => {
    const conditions = [holds('fuse_blown'), holds('lamp_out')];
    expect(apply([], sample(minutes(0), { conditions })).opened.map(({ mute }) => mute)).toEqual([
      { kind: 'NONE' },
      { kind: 'INHIBITED', by: 'fuse_blown', because: 'the fuse is blown' },
    ]);
  });

  it('what ripens by a rule that this version does not have is neither opened nor forgotten', () => {
    const pending = [
      { fingerprint: 'x', rule: 'rule_of_tomorrow', labels: {}, since: minutes(0), samples: 1, seenAt: minutes(0) },
    ];
    expect(apply([], sample(minutes(1)), pending)).toMatchObject({ opened: [], pending });
  });
});
