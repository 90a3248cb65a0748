import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mistakeInRotation, type OnCallOverride, onCallAt, type Rotation } from '../../src/domain/on-call.ts';
import { atWork, momentOf, wallTime } from '../../src/domain/wall-clock.ts';

const people = ['kim', 'lee', 'ana', 'gus', 'ida'].map((name) => ({ id: `per_${name}`, name }));
const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata', 'Pacific/Chatham'];

const rotation = (changes: Partial<Rotation> = {}): Rotation => ({
  ...{ id: 'rot_1', name: 'dba', scope: { kind: 'all' }, persons: people.slice(0, 3) },
  ...{ startsAt: '2026-03-02T09:00', timeZone: 'Europe/Berlin', shiftHours: 24 },
  ...changes,
});
const override = (changes: Partial<OnCallOverride> = {}): OnCallOverride => ({
  ...{ id: 'ovr_1', rotation: 'dba', person: { id: 'per_ana', name: 'ana' }, reason: 'I take tonight', byName: 'ana' },
  ...{
    from: new Date('2026-03-02T18:00Z'),
    until: new Date('2026-03-03T06:00Z'),
    madeAt: new Date('2026-03-02T10:00Z'),
  },
  ...changes,
});
const at = (time: string, given = rotation(), overrides: readonly OnCallOverride[] = []) =>
  onCallAt(given, { at: new Date(time), overrides });
const names = (found: ReturnType<typeof onCallAt>) =>
  found.kind === 'SOMEBODY' ? [found.primary.name, found.secondary?.name ?? null] : found.why;

describe('who is on call', () => {
  it('goes through the persons in order, with the next as second', () => {
    expect(names(at('2026-03-02T08:00:00Z'))).toEqual(['kim', 'lee']);
    expect(names(at('2026-03-03T07:59:59Z'))).toEqual(['kim', 'lee']);
    expect(names(at('2026-03-03T08:00:00Z'))).toEqual(['lee', 'ana']);
    expect(names(at('2026-03-04T08:00:00Z'))).toEqual(['ana', 'kim']);
    expect(names(at('2026-03-05T08:00:00Z'))).toEqual(['kim', 'lee']);
    expect(at('2026-03-02T08:00:00Z')).toMatchObject({ until: new Date('2026-03-03T08:00:00Z') });
  });

  it('is nobody before the first shift, when all were shut out, and where the time zone is unknown, each with its name', () => {
    expect(names(at('2026-03-02T07:59:59Z'))).toBe('NOT_BEGUN');
    const nobody = onCallAt(rotation(), { at: new Date('2026-03-02T10:00Z'), overrides: [], isActive: () => false });
    expect(names(nobody)).toBe('NOBODY_LEFT');
    expect(names(at('2026-03-02T10:00Z', rotation({ timeZone: 'Mars/Olympus' })))).toBe('UNKNOWN_TIME_ZONE');
  });

  it('leaves out who was shut out, and has no second where one person is left', () => {
    const without = (gone: readonly string[]) =>
      names(
        onCallAt(rotation(), {
          ...{ at: new Date('2026-03-02T10:00Z'), overrides: [] },
          isActive: (id) => !gone.includes(id),
        }),
      );
    expect(without(['per_kim'])).toEqual(['lee', 'ana']);
    expect(without(['per_lee'])).toEqual(['kim', 'ana']);
    expect(without(['per_lee', 'per_kim'])).toEqual(['ana', null]);
  });

  it('is who took it for a time, also before the first shift; the newest of several counts', () => {
    const tonight = [override()];
    expect(names(at('2026-03-02T17:59:59Z', rotation(), tonight))).toEqual(['kim', 'lee']);
    expect(at('2026-03-02T17:59:59Z', rotation(), tonight)).toMatchObject({ until: new Date('2026-03-02T18:00Z') });
    expect(names(at('2026-03-02T18:00:00Z', rotation(), tonight))).toEqual(['ana', 'kim']);
    expect(names(at('2026-03-03T06:00:00Z', rotation(), tonight))).toEqual(['kim', 'lee']);
    const later = override({
      id: 'ovr_2',
      person: { id: 'per_lee', name: 'lee' },
      madeAt: new Date('2026-03-02T11:00Z'),
    });
    expect(names(at('2026-03-02T20:00:00Z', rotation(), [later, ...tonight]))).toEqual(['lee', 'kim']);
    expect(names(at('2026-03-02T20:00:00Z', rotation({ startsAt: '2027-01-01T09:00' }), tonight))).toEqual([
      'ana',
      null,
    ]);
    expect(names(at('2026-03-02T20:00:00Z', rotation(), [override({ rotation: 'other' })]))).toEqual(['kim', 'lee']);
  });

  it('hands over at the same time on the wall when clocks change', () => {
    const berlin = rotation({ startsAt: '2026-03-28T09:00' });
    expect(names(at('2026-03-29T06:59:59Z', berlin))).toEqual(['kim', 'lee']);
    expect(names(at('2026-03-29T07:00:00Z', berlin))).toEqual(['lee', 'ana']);
    // Hours of that night: 02:00 does not exist, and in October 02:30 exists twice; who has begun goes on.
    const night = rotation({ startsAt: '2026-10-24T02:00', shiftHours: 1 });
    const before = at('2026-10-25T00:30:00Z', night);
    expect(names(at('2026-10-25T01:30:00Z', night))).not.toEqual(names(at('2026-10-25T02:30:00Z', night)));
    expect(before).toMatchObject({ kind: 'SOMEBODY' });
  });

  const moment = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2028, 0, 1) }).map((ms) => new Date(ms));
  const given = fc.record({
    persons: fc.uniqueArray(fc.constantFrom(...people), { minLength: 1, selector: ({ id }) => id }),
    timeZone: fc.constantFrom(...zones),
    shiftHours: fc.constantFrom(1, 4, 8, 12, 24, 48, 168),
    startsAt: fc.constantFrom('2026-01-01T00:00', '2026-02-14T09:30', '2026-03-29T02:30', '2026-10-25T02:30'),
  });

  it('is exactly one primary at any time from the first shift on, each in turn, and the time of the next change is right', () => {
    fc.assert(
      fc.property(given, moment, (changes, time) => {
        const found = onCallAt(rotation(changes), { at: time, overrides: [] });
        if (found.kind === 'NOBODY') {
          expect(found.why).toBe('NOT_BEGUN');
          expect(found.until?.getTime()).toBeGreaterThan(time.getTime());
          return;
        }
        expect(found.until.getTime()).toBeGreaterThan(time.getTime());
        const last = onCallAt(rotation(changes), { at: new Date(found.until.getTime() - 1), overrides: [] });
        expect(last).toEqual(found);
        const next = onCallAt(rotation(changes), { at: found.until, overrides: [] });
        const { persons } = changes;
        const index = persons.findIndex(({ id }) => id === found.primary.id);
        expect(next).toMatchObject({ primary: persons[(index + 1) % persons.length] });
        if (persons.length > 1) expect(found.secondary?.id).not.toBe(found.primary.id);
      }),
      { numRuns: 300 },
    );
  });

  it('names the first moment at which clocks show a time or a later one', () => {
    fc.assert(
      fc.property(moment, fc.constantFrom(...zones), (time, zone) => {
        const wall = wallTime(time, zone);
        const found = momentOf(wall, zone);
        expect(found.getTime()).toBeLessThanOrEqual(time.getTime());
        expect(wallTime(found, zone)).toBeGreaterThanOrEqual(wall);
      }),
      { numRuns: 300 },
    );
    expect(momentOf(Date.UTC(2026, 2, 29, 2, 30), 'Europe/Berlin')).toEqual(new Date('2026-03-29T01:00:00Z'));
    expect(momentOf(Date.UTC(2026, 9, 25, 2, 30), 'Europe/Berlin')).toEqual(new Date('2026-10-25T00:30:00Z'));
  });

  it.each([
    [{ name: 'D B' }, 'name'],
    [{ persons: [] }, 'personIds'],
    [{ persons: [people[0] ?? { id: '', name: '' }, people[0] ?? { id: '', name: '' }] }, 'personIds'],
    [{ startsAt: '2026-02-30T09:00' }, 'startsAt'],
    [{ startsAt: 'tomorrow' }, 'startsAt'],
    [{ timeZone: '+02:00' }, 'timeZone'],
    [{ shiftHours: 5 }, 'shiftHours'],
    [{ shiftHours: 36 }, 'shiftHours'],
    [{ shiftHours: 24 * 29 }, 'shiftHours'],
    [{}, undefined],
  ])('a rotation with %j: %s', (changes, field) => {
    expect(mistakeInRotation(rotation(changes))?.field).toBe(field);
  });
});

it('working hours open at their next beginning on the wall', () => {
  const hours = { timeZone: 'Europe/Berlin', days: [1, 2, 3, 4, 5], fromMinute: 540, untilMinute: 1_020 };
  const opens = (time: string) => atWork(hours, new Date(time)).toISOString();
  expect(opens('2026-03-02T08:00:00Z')).toBe('2026-03-02T08:00:00.000Z');
  expect(opens('2026-03-02T07:59:00Z')).toBe('2026-03-02T08:00:00.000Z');
  expect(opens('2026-03-02T16:00:00Z')).toBe('2026-03-03T08:00:00.000Z');
  // A Friday evening; on the Monday clocks have gone forward.
  expect(opens('2026-03-27T20:00:00Z')).toBe('2026-03-30T07:00:00.000Z');
});
