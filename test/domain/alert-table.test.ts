import { describe, expect, it } from 'vitest';
import { type Alert, titleToShow } from '../../src/domain/alert.ts';
import {
  applySample,
  type Condition,
  defaultAlertTimes,
  type RuleFacts,
  type Sample,
} from '../../src/domain/alert-life.ts';
import type { ActiveSilence } from '../../src/domain/silence.ts';
import { acked, alert, condition, fingerprint, minutes, rules, sample, start } from './alert-builders.ts';

type Look = Partial<Omit<Sample, 'at'>> & { readonly silences?: readonly ActiveSilence[] };

/** Plays looks at one alert, each at its minute, and answers what was told at each, and the alert at the end. */
function play(first: Alert, looks: readonly (readonly [minute: number, look: Look])[]) {
  const told: [minute: number, ...types: string[]][] = [];
  let open = first;
  const opened: Condition[] = [];
  for (const [minute, { silences = [], ...look }] of looks) {
    const at = new Date(start + minute * 60_000);
    const state = { alerts: open.closedAt === null ? [open] : [], pending: [], silences };
    const effect = applySample(state, sample(at, look), { times: defaultAlertTimes, rules });
    opened.push(...effect.opened.map((each) => each.condition));
    for (const { alert: next, events } of effect.changed) {
      open = { ...next, revision: next.revision + 1, changedAt: at };
      told.push([minute, ...events.map(({ type }) => type)]);
    }
    for (const next of effect.kept) open = next;
  }
  return { told, alert: open, opened };
}

const fires: Look = { conditions: [condition()] };
const quiet: Look = {};
const blind: Look = { unjudged: ['lamp_out'] };
const silence: ActiveSilence = {
  name: 'S-3',
  matchers: { rule: 'lamp_*', severities: null, labels: {} },
  because: 'S-3 by kim until 2026-03-01 14:00 UTC: disks are being moved',
};
const hushed: Look = { ...fires, silences: [silence] };
/** A minute apart, from one to the other. */
const every = (from: number, to: number, look: Look) =>
  Array.from({ length: to - from + 1 }, (_, index) => [from + index, look] as const);

/**
 * The rows of the table of the alert's life, by their event and guard. Two rows are about messages and not about this:
 * resolved before the batch timer ended, and whether a resolved alert is broadcast. A second Ack is in handling.test.ts.
 */
const rows: readonly (readonly [row: string, holds: () => void])[] = [
  [
    'sample firing, unknown fingerprint, for-time passed: opens',
    () => {
      const slow = condition({ forMs: 60_000 });
      const policy = { times: defaultAlertTimes, rules };
      const first = applySample({ alerts: [], pending: [] }, sample(minutes(0), { conditions: [slow] }), policy);
      expect(first.opened).toEqual([]);
      const then = applySample(
        { alerts: [], pending: first.pending },
        sample(minutes(1), { conditions: [slow] }),
        policy,
      );
      expect(then.opened).toMatchObject([{ condition: { fingerprint }, since: minutes(0), mute: { kind: 'NONE' } }]);
    },
  ],
  [
    'firing again, open: counts, tells nothing, edits at most every 45 s',
    () => {
      const { told, alert: now } = play(alert({ text: 'down since 2026-03-01 12:00:00 UTC.' }), every(1, 3, fires));
      expect(told).toEqual([]);
      expect(now).toMatchObject({ count: 4, lastSeenAt: minutes(3), revision: 1 });
      const other: Look = { conditions: [condition({ text: ['down and worse since ', '.'] })] };
      const changing = [0.5, 0.74, 0.75, 1, 1.25, 1.5].map((minute) => [minute, minute < 1 ? other : fires] as const);
      expect(play(alert(), changing).told).toEqual([
        [0.75, 'UPDATED'],
        [1.5, 'UPDATED'],
      ]);
    },
  ],
  [
    'firing again, resolved less than 15 min ago: the same alert, one line, flaps+1, a running acknowledgement stays',
    () => {
      const { told, alert: now } = play(alert({ handling: acked(60) }), [
        [1, quiet],
        [5, fires],
      ]);
      expect(told).toEqual([
        [1, 'RESOLVED'],
        [5, 'REOPENED'],
      ]);
      expect(now).toMatchObject({ id: 'alr_1', flaps: 1, signal: 'FIRING', handling: acked(60), flapping: null });
    },
  ],
  [
    'firing again, resolved 15 min ago or more: a new alert, the old one closes',
    () => {
      const { told, opened } = play(alert(), [
        [1, quiet],
        [16, fires],
      ]);
      expect(told).toEqual([
        [1, 'RESOLVED'],
        [16, 'CLOSED'],
      ]);
      expect(opened).toHaveLength(1);
    },
  ],
  [
    'severity rises: a line that is broadcast, and the acknowledgement is dropped',
    () => {
      const { told, alert: now } = play(alert({ severity: 'HIGH', handling: acked(60) }), [[1, fires]]);
      expect(told).toEqual([[1, 'SEVERITY_ROSE']]);
      expect(now).toMatchObject({ severity: 'CRITICAL', handling: { kind: 'UNACKED' } });
    },
  ],
  [
    'severity falls: the card alone, and the acknowledgement stays',
    () => {
      const milder: Look = { conditions: [condition({ severity: 'HIGH' })] };
      const { told, alert: now } = play(alert({ handling: acked(60) }), [[1, milder]]);
      expect(told).toEqual([[1, 'SEVERITY_FELL']]);
      expect(now).toMatchObject({ severity: 'HIGH', handling: acked(60) });
    },
  ],
  [
    '3 open/close changes in 15 min: flaps, without lines for each, over only after 15 quiet minutes',
    () => {
      const { told, alert: now } = play(alert(), [
        ...([
          [1, quiet],
          [3, fires],
          [5, quiet],
        ] as const),
        ...([
          [7, fires],
          [8, quiet],
          [9, fires],
        ] as const),
        ...every(10, 24, quiet),
      ]);
      expect(told.filter(([, type]) => type !== 'UPDATED')).toEqual([
        [1, 'RESOLVED'],
        [3, 'REOPENED'],
        [5, 'FLAPPING'],
      ]);
      // Its card says after each change whether it holds now.
      expect(told.filter(([, type]) => type === 'UPDATED').map(([minute]) => minute)).toEqual([7, 8, 9, 10]);
      expect(titleToShow(now)).toBe('be was down (it comes and goes)');
      expect(now.text).toBe(
        'The light of be 10.0.0.11:9050 is seen, seen at 2026-03-01 12:10:00 UTC. What was said while it fired: down since 2026-03-01 12:03:00 UTC.',
      );
      expect(now).toMatchObject({ signal: 'FIRING', flaps: 3, flapping: { quietSince: minutes(10) } });
      const end = play(now, [[25, quiet]]);
      expect(end.told).toEqual([[25, 'RESOLVED']]);
      expect(end.alert).toMatchObject({ signal: 'RESOLVED', flapping: null, turns: [] });
    },
  ],
  [
    '3 open/close changes in 15 min: none while they lie further apart',
    () => {
      const { told } = play(alert(), [
        [1, quiet],
        [8, fires],
        [16, quiet],
        [23, fires],
        [31, quiet],
      ]);
      expect(told.flatMap(([, ...types]) => types)).toEqual([
        'RESOLVED',
        'REOPENED',
        'RESOLVED',
        'REOPENED',
        'RESOLVED',
      ]);
    },
  ],
  [
    '3 open/close changes in 15 min: still rises, and its acknowledgement still runs out',
    () => {
      const flapping = { since: minutes(0), quietSince: null, judgedAt: minutes(0) };
      const rising = play(alert({ severity: 'HIGH', flapping }), [[1, fires]]);
      expect(rising.told).toEqual([[1, 'SEVERITY_ROSE']]);
      const ended = play(alert({ handling: acked(1, true), flapping }), [[16, quiet]]);
      expect(ended).toMatchObject({ told: [[16, 'UPDATED', 'ACK_EXPIRED']], alert: { signal: 'FIRING' } });
    },
  ],
  [
    '3 open/close changes in 15 min: minutes in which nobody could look are not quiet ones',
    () => {
      const flapping = { since: minutes(0), quietSince: minutes(1), judgedAt: minutes(14) };
      const { told, alert: now } = play(alert({ flapping }), [
        [14.5, blind],
        [15, blind],
        [16.5, quiet],
      ]);
      expect(told).toEqual([
        [15, 'STALE'],
        [16.5, 'DATA_BACK'],
      ]);
      expect(now).toMatchObject({ signal: 'FIRING', flapping: { quietSince: new Date(start + 16.5 * 60_000) } });
    },
  ],
  [
    'no samples for 3 intervals: stale, not resolved',
    () => {
      const { told, alert: now } = play(alert(), [
        [0.5, blind],
        [0.75, blind],
        [60, blind],
      ]);
      expect(told).toEqual([[0.75, 'STALE']]);
      expect(now).toMatchObject({ signal: 'STALE', resolvedAt: null });
    },
  ],
  [
    'Ack: one reminder when it runs out, and nobody has it 15 min later',
    () => {
      const { told, alert: now } = play(alert({ handling: acked(60) }), [
        [59, fires],
        [60, fires],
        [74, fires],
        [75, fires],
      ]);
      expect(told).toEqual([
        [60, 'ACK_RUNS_OUT'],
        [75, 'ACK_EXPIRED'],
      ]);
      expect(now.handling).toEqual({ kind: 'UNACKED' });
    },
  ],
  [
    'Silence matches: muted once, and nothing else',
    () => {
      const { told, alert: now } = play(alert(), every(1, 5, hushed));
      expect(told).toEqual([[1, 'MUTED']]);
      expect(now).toMatchObject({ mute: { kind: 'SILENCED', by: 'S-3' }, hiddenSince: minutes(1), signal: 'FIRING' });
    },
  ],
  [
    'Silence ends, still firing: as if it fired for the first time now',
    () => {
      const first = alert({ handling: acked(600) });
      const { told, alert: now } = play(first, [
        [1, hushed],
        [121, fires],
      ]);
      expect(told).toEqual([
        [1, 'MUTED'],
        [121, 'UNMUTED'],
      ]);
      expect(now).toMatchObject({ mute: { kind: 'NONE' }, hiddenSince: null, handling: { kind: 'UNACKED' } });
      const effect = applySample(
        { alerts: [play(first, [[1, hushed]]).alert], pending: [] },
        sample(minutes(121), fires),
        {
          times: defaultAlertTimes,
          rules,
        },
      );
      expect(effect.changed[0]?.events[0]?.message).toBe('Was hidden 2 h by S-3; it still fires');
    },
  ],
  [
    'Silence ends, no longer firing: nothing is told of it',
    () =>
      expect(
        play(alert(), [
          [1, hushed],
          [2, quiet],
        ]).told,
      ).toEqual([
        [1, 'MUTED'],
        [2, 'RESOLVED'],
      ]),
  ],
  [
    'Inhibition ends, still firing: as if it fired for the first time now',
    () => {
      const work: Look = { ...fires, plannedWork: [{ nodeId: 'nod_1', runId: 'run_9' }] };
      expect(
        play(alert(), [
          [1, work],
          [6, fires],
        ]).told,
      ).toEqual([
        [1, 'MUTED'],
        [6, 'UNMUTED'],
      ]);
    },
  ],
  [
    'Resolve by hand, still firing at the next look: open again, and nobody has it',
    () => {
      const byHand = alert({
        ...{ signal: 'RESOLVED', resolvedAt: minutes(1), handling: acked(60) },
        resolvedBy: { id: 'per_kim', name: 'kim', isConfirmed: false },
      });
      const slow: Look = { conditions: [condition({ minSamples: 3 })] };
      const { told, alert: now } = play(byHand, [[1.25, slow]]);
      expect(told).toEqual([[1.25, 'STILL_FIRING']]);
      expect(now).toMatchObject({ signal: 'FIRING', handling: { kind: 'UNACKED' }, resolvedBy: null, flaps: 0 });
      expect(
        play(byHand, [
          [1.25, blind],
          [9, slow],
        ]).told,
      ).toEqual([[9, 'STILL_FIRING']]);
      expect(play(byHand, [[1.25, { conditions: [condition({ onlyGoesOn: true })] }]]).told).toEqual([
        [1.25, 'STILL_FIRING'],
      ]);
    },
  ],
  [
    'Resolve by hand, not firing at the next look: over, and what comes later ripens as any other',
    () => {
      const byHand = alert({
        ...{ signal: 'RESOLVED', resolvedAt: minutes(1) },
        resolvedBy: { id: 'per_kim', name: 'kim', isConfirmed: false },
      });
      const slow: Look = { conditions: [condition({ minSamples: 2 })] };
      expect(
        play(byHand, [
          [1.25, quiet],
          [2, slow],
        ]),
      ).toMatchObject({ told: [], alert: { signal: 'RESOLVED' } });
      expect(play(byHand, every(2, 16, blind))).toMatchObject({ told: [[16, 'CLOSED']] });
    },
  ],
];

describe("the table of an alert's life", () => {
  it.each(rows)('%s', (_row, holds) => holds());
});

describe('a rule hides others only while it is told itself, and on the node where it fires', () => {
  const dead: RuleFacts = {
    ...{ name: 'node_dead', over: 'it lives', isInhibitedByRuns: true },
    inhibits: { rules: 'others', sameNode: true, because: 'the node is dead' },
  };
  const disk: RuleFacts = { name: 'disk_full', over: 'it has room', inhibits: null, isInhibitedByRuns: false };
  const lost: RuleFacts = { ...disk, name: 'tablet_lost', isNeverHidden: true };
  const policy = { times: defaultAlertTimes, rules: [...rules, dead, disk, lost] };
  const on = (rule: string, nodeId: string | null, label = nodeId ?? 'x') =>
    condition({ rule, fingerprint: `${rule} ${label}`, nodeId, labels: { node: label } });
  const mutes = (conditions: readonly Condition[], more: Look = {}) => {
    const { silences = [], ...look } = more;
    const effect = applySample(
      { alerts: [], pending: [], silences },
      sample(minutes(0), { ...look, conditions }),
      policy,
    );
    return effect.opened.map(({ condition: { fingerprint: name }, mute }) => [
      name,
      mute.kind === 'NONE' ? '-' : mute.by,
    ]);
  };

  it('a dead node hides its own alerts, not those of another node, and never itself', () => {
    expect(mutes([on('node_dead', 'a'), on('disk_full', 'a'), on('disk_full', 'b'), on('node_dead', 'c')])).toEqual([
      ['node_dead a', '-'],
      ['disk_full a', 'node_dead'],
      ['disk_full b', '-'],
      ['node_dead c', '-'],
    ]);
  });

  it('knows a node that is not in the inventory by its label', () => {
    expect(
      mutes([on('node_dead', null, 'be x:1'), on('disk_full', 'b', 'be x:1'), on('disk_full', null, 'be y:1')]),
    ).toEqual([
      ['node_dead be x:1', '-'],
      ['disk_full be x:1', 'node_dead'],
      ['disk_full be y:1', '-'],
    ]);
  });

  it('hides nothing that is never hidden, by a rule, a silence or a run', () => {
    const all: ActiveSilence = { name: 'S-1', because: 'x', matchers: { rule: null, severities: null, labels: {} } };
    const plannedWork = [{ nodeId: 'a', runId: 'run_1' }];
    expect(mutes([on('node_dead', 'a'), on('tablet_lost', 'a')], { silences: [all] })).toEqual([
      ['node_dead a', 'S-1'],
      ['tablet_lost a', '-'],
    ]);
    expect(mutes([on('tablet_lost', 'a')], { plannedWork })).toEqual([['tablet_lost a', '-']]);
  });

  it('hides nothing while it is silenced, or explained by another rule', () => {
    const silences = [{ ...silence, matchers: { rule: 'node_dead', severities: null, labels: {} } }];
    expect(mutes([on('node_dead', 'a'), on('disk_full', 'a')], { silences })).toEqual([
      ['node_dead a', 'S-3'],
      ['disk_full a', '-'],
    ]);
    const dark = condition({ rule: 'all_dark', fingerprint: 'dark', nodeId: null, labels: {} });
    expect(mutes([on('node_dead', 'a'), on('disk_full', 'a'), dark])).toEqual([
      ['node_dead a', 'all_dark'],
      ['disk_full a', 'all_dark'],
      ['dark', '-'],
    ]);
  });
});

it('ends an alert that tells what is stored when that ends, however often it did so before', () => {
  const certain = rules.map((rule) => ({ ...rule, neverFlaps: true as const }));
  const policy = { times: defaultAlertTimes, rules: certain };
  let open = alert();
  for (const [minute, look] of [1, 2, 3, 4, 5, 6].map(
    (minute) => [minute, minute % 2 === 0 ? fires : quiet] as const,
  )) {
    const { changed } = applySample(
      { alerts: [open], pending: [], silences: [] },
      sample(minutes(minute), look),
      policy,
    );
    open = changed[0]?.alert ?? open;
    expect(open, `minute ${minute}`).toMatchObject({
      signal: minute % 2 === 0 ? 'FIRING' : 'RESOLVED',
      flapping: null,
    });
  }
});
