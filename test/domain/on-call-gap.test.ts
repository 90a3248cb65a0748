import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { type OnCallOverride, onCallAt, type Rotation } from '../../src/domain/on-call.ts';
import { firstGap } from '../../src/domain/on-call-gap.ts';

const people = ['kim', 'lee', 'ana'].map((name) => ({ id: `per_${name}`, name }));
const hourMs = 3_600_000;
const begin = Date.UTC(2026, 2, 2, 9);
const time = (hour: number) => new Date(begin + hour * hourMs);

const rotation = (changes: Partial<Rotation> = {}): Rotation => ({
  ...{ id: 'rot_1', name: 'dba', scope: { kind: 'all' }, persons: people },
  ...{ startsAt: '2026-03-02T09:00', timeZone: 'UTC', shiftHours: 24 },
  ...changes,
});
type Turn = { from: number; until: number; by: number; made?: number };
const turn = ({ from, until, by, made = 0 }: Turn, index = 0): OnCallOverride => ({
  ...{ id: `ovr_${index}`, rotation: 'dba', person: people[by] ?? { id: 'per_none', name: 'none' } },
  ...{ from: time(from), until: time(until), reason: 'a turn', byName: 'ana', madeAt: time(made) },
});
type Given = {
  rotation?: Rotation;
  turns?: readonly Turn[];
  gone?: readonly string[];
  unlinked?: readonly string[];
  at?: number;
};
const gapOf = ({ rotation: given = rotation(), turns = [], gone = [], unlinked = [], at = 1 }: Given) =>
  firstGap(given, {
    ...{ overrides: turns.map(turn), from: time(at), forMs: 14 * 24 * hourMs },
    isActive: (id) => !gone.includes(id),
    isReachable: ({ id }) => !unlinked.includes(id),
  });

it('there is none while somebody of each two can be reached', () => {
  expect(gapOf({})).toBeNull();
  expect(gapOf({ gone: ['per_kim', 'per_lee'] })).toBeNull();
  expect(gapOf({ unlinked: ['per_kim'] })).toBeNull();
});

it('is the turn of two who cannot be reached, and ends with it', () => {
  expect(gapOf({ unlinked: ['per_lee', 'per_ana'] })).toEqual({
    ...{ from: time(24), until: time(48), why: 'lee and ana have no Slack account here' },
  });
});

it('is for ever when everybody was shut out, and begins when the last turn ends that somebody took', () => {
  const gone = ['per_kim', 'per_lee', 'per_ana'];
  expect(gapOf({ gone })).toEqual({ from: time(1), until: null, why: 'everybody in it was shut out' });
  const alone = rotation({ persons: people.slice(0, 2) });
  const turns = [{ from: 0, until: 30, by: 2 }];
  expect(gapOf({ rotation: alone, turns, gone: ['per_kim', 'per_lee'] })).toMatchObject({
    from: time(30),
    until: null,
  });
});

it('is the time before the first shift, and the one of a time zone that nobody knows', () => {
  expect(gapOf({ at: -5 })).toEqual({ from: time(-5), until: time(0), why: 'its first shift has not begun' });
  expect(gapOf({ rotation: rotation({ timeZone: 'Mars/Olympus' }) })).toMatchObject({ from: time(1), until: null });
});

const anyTurn = fc
  .record({ ...{ from: fc.integer({ min: -24, max: 200 }), length: fc.integer({ min: 1, max: 100 }) } })
  .chain(({ from, length }) =>
    fc
      .record({ by: fc.nat(2), made: fc.integer({ min: 0, max: 3 }) })
      .map((rest) => ({ from, until: from + length, ...rest })),
  );
const anyId = fc.subarray(people.map(({ id }) => id));

it('before it somebody can be reached at any time, and in it nobody', () => {
  fc.assert(
    fc.property(
      fc.array(anyTurn, { maxLength: 4 }),
      ...([anyId, anyId, fc.integer({ min: 0, max: 335 })] as const),
      (turns, gone, unlinked, hour) => {
        const gap = gapOf({ turns, gone, unlinked, at: 0 });
        const isIn = gap !== null && gap.from <= time(hour) && (gap.until === null || time(hour) < gap.until);
        const isBefore = gap === null || time(hour) < gap.from;
        const overrides = turns.map(turn);
        const now = onCallAt(rotation(), { overrides, at: time(hour), isActive: (id) => !gone.includes(id) });
        const called = now.kind === 'NOBODY' ? [] : [now.primary, now.secondary].filter((each) => each !== null);
        const isReached = called.some(({ id }) => !unlinked.includes(id));
        if (isBefore) expect(isReached).toBe(true);
        if (isIn) expect(isReached).toBe(false);
      },
    ),
  );
});

it('of turns that overlap the one made last counts, of equals always the same one, and each ends at its very instant', () => {
  fc.assert(
    fc.property(
      fc.array(anyTurn, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: -24, max: 300 }),
      (turns, hour) => {
        const overrides = turns.map(turn);
        const of = (given: readonly OnCallOverride[], at: Date) => {
          const found = onCallAt(rotation(), { overrides: given, at });
          return found.kind === 'SOMEBODY' ? found.override : null;
        };
        const found = of(overrides, time(hour));
        expect(of(overrides.toReversed(), time(hour))).toEqual(found);
        const holding = overrides.filter(({ from, until }) => from <= time(hour) && time(hour) < until);
        const newest = Math.max(...holding.map(({ madeAt }) => madeAt.getTime()));
        expect(found === null ? -Infinity : found.madeAt.getTime()).toBe(newest);
        // Whoever hands over at an instant does not hold it any more, and whoever takes over does.
        if (found !== null) expect(of([found], found.until)).toBeNull();
        if (found !== null) expect(of([found], found.from)).toEqual(found);
      },
    ),
  );
});
