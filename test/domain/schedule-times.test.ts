import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CronTimes, nextTimes } from '../../src/domain/cron.ts';
import { dueAtOf, lateMs, mistakesInTimes, nextSlot, whatIsDue } from '../../src/domain/schedule-times.ts';

const nightly = { id: 'sch_1', cron: '0 2 * * *', timeZone: 'UTC', jitterSeconds: 0 };
const at = (text: string) => new Date(`2027-01-${text}:00.000Z`);
const due = (whenMissed: 'RUN_ONCE' | 'SKIP', slot: string, now: string) =>
  whatIsDue({ ...nightly, whenMissed, slotAt: at(slot), dueAt: at(slot) }, at(now));

/** Every time from one moment to another. To name those of centuries after it would be most of the work of this file. */
function timesUntil(times: CronTimes, after: Date, until: Date): readonly Date[] {
  for (let count = 64; ; count *= 4) {
    const found = nextTimes(times, { after, count });
    if (found.length < count || Number(found.at(-1)) > until.getTime()) return found.filter((time) => time <= until);
  }
}

describe('what is due', () => {
  it('is nothing before the time', () => {
    expect(due('RUN_ONCE', '05T02:00', '05T01:59')).toBeNull();
  });

  it('is the time itself, and then the next', () => {
    expect(due('RUN_ONCE', '05T02:00', '05T02:00')).toEqual({
      fire: at('05T02:00'),
      missed: null,
      next: { slotAt: at('06T02:00'), dueAt: at('06T02:00') },
    });
  });

  it('after twelve days is one time, and one line about the others', () => {
    expect(due('RUN_ONCE', '05T02:00', '16T12:00')).toEqual({
      fire: at('16T02:00'),
      missed: { first: at('05T02:00'), last: at('15T02:00'), count: 11, isMore: false },
      next: { slotAt: at('17T02:00'), dueAt: at('17T02:00') },
    });
  });

  it('after twelve days is nothing but that line, where missed times are skipped', () => {
    expect(due('SKIP', '05T02:00', '16T12:00')).toEqual({
      fire: null,
      missed: { first: at('05T02:00'), last: at('16T02:00'), count: 12, isMore: false },
      next: { slotAt: at('17T02:00'), dueAt: at('17T02:00') },
    });
  });

  it('is also the newest of missed times, if that one was due a moment ago', () => {
    expect(due('SKIP', '05T02:00', '16T02:04')).toMatchObject({ fire: at('16T02:00'), missed: { count: 11 } });
    expect(due('SKIP', '16T02:00', '16T02:05')).toMatchObject({ fire: at('16T02:00'), missed: null });
    expect(due('SKIP', '16T02:00', '16T02:06')).toMatchObject({ fire: null, missed: { count: 1 } });
  });

  it('counts no more than some hundreds of missed times', () => {
    const often = {
      ...nightly,
      cron: '*/5 * * * *',
      whenMissed: 'RUN_ONCE',
      slotAt: at('01T00:00'),
      dueAt: at('01T00:00'),
    } as const;
    const now = new Date('2028-06-01T00:02:00Z');
    expect(whatIsDue(often, now)).toMatchObject({
      fire: new Date('2028-06-01T00:00:00Z'),
      missed: { count: 501, isMore: true },
      next: { slotAt: new Date('2028-06-01T00:05:00Z') },
    });
  });
});

describe('jitter', () => {
  it('is the same for one time of one schedule, at most what was said, and another one elsewhere', () => {
    const jittered = { id: 'sch_1', jitterSeconds: 600 };
    const slots = nextTimes(nightly, { after: at('01T00:00'), count: 200 });
    const delays = slots.map((slot) => (dueAtOf(jittered, slot).getTime() - slot.getTime()) / 1_000);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...delays)).toBeLessThanOrEqual(600);
    expect(new Set(delays).size).toBeGreaterThan(100);
    expect(slots.map((slot) => (dueAtOf(jittered, slot).getTime() - slot.getTime()) / 1_000)).toEqual(delays);
    expect(
      slots.map((slot) => (dueAtOf({ ...jittered, id: 'sch_2' }, slot).getTime() - slot.getTime()) / 1_000),
    ).not.toEqual(delays);
  });

  it.each([
    ['0 2 * * *', -1],
    ['0 2 * * *', 0.5],
    ['0 2 * * *', 3_601],
    ['*/5 * * * *', 300],
    ['0,30 2 * * *', 1_800],
  ])('of %s may not be %d s', (cron, jitterSeconds) => {
    expect(mistakesInTimes({ cron, timeZone: 'UTC', jitterSeconds })).toMatchObject([{ field: 'jitterSeconds' }]);
  });

  it('may be anything shorter than the time between two times, up to an hour', () => {
    expect(mistakesInTimes({ cron: '*/5 * * * *', timeZone: 'UTC', jitterSeconds: 299 })).toEqual([]);
    expect(mistakesInTimes({ cron: '0 2 * * *', timeZone: 'UTC', jitterSeconds: 3_600 })).toEqual([]);
  });
});

it('a time that was fired for while the clock was ahead is not named again', () => {
  const used = [at('05T02:00'), at('06T02:00')];
  expect(nextSlot(nightly, { after: at('04T12:00'), used })).toMatchObject({ slotAt: at('07T02:00') });
});

it('for any way in which time goes on: each time is fired for at most once, in order, and each is fired for or missed', () => {
  const crons = fc.constantFrom('*/15 * * * *', '0 */6 * * *', '30 2 * * *', '0 1-3 * * *', '0 4 * * 0');
  const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'Australia/Lord_Howe');
  const steps = fc.array(fc.integer({ min: 1, max: 3 * 24 * 60 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(
      fc.record({ cron: crons, timeZone: zones, jitterSeconds: fc.constantFrom(0, 60, 890) }),
      fc.constantFrom('RUN_ONCE' as const, 'SKIP' as const),
      steps,
      (times, whenMissed, minutes) => {
        const schedule = { ...times, id: 'sch_1', whenMissed };
        const start = new Date('2027-03-26T00:00:00Z');
        let slot = nextSlot(schedule, { after: start });
        let now = start;
        const fired: Date[] = [];
        let missed = 0;
        for (const minute of minutes) {
          now = new Date(now.getTime() + minute * 60_000);
          for (let round = 0; slot !== null; round += 1) {
            const found = whatIsDue({ ...schedule, ...slot }, now);
            if (found === null) break;
            // Looking again at once finds at most one more: the one whose jitter ended meanwhile does not exist yet.
            expect(round).toBeLessThan(1);
            if (found.fire !== null) {
              fired.push(found.fire);
              const lateness = now.getTime() - dueAtOf(schedule, found.fire).getTime();
              expect(lateness).toBeGreaterThanOrEqual(0);
              if (whenMissed === 'SKIP') expect(lateness).toBeLessThanOrEqual(lateMs);
            }
            missed += found.missed?.count ?? 0;
            slot = found.next;
          }
        }
        const all = timesUntil(schedule, start, now).filter((time) => dueAtOf(schedule, time) <= now);
        expect(new Set(fired.map(Number)).size).toBe(fired.length);
        expect(fired).toEqual(fired.toSorted((a, b) => a.getTime() - b.getTime()));
        const counted = missed + fired.length;
        expect(all.length).toBe(counted);
      },
    ),
    { numRuns: 12 },
  );
});
