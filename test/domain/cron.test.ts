import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTimeZone, lastTimeWithin, mistakesInCron, nextTime, nextTimes, openedAt } from '../../src/domain/cron.ts';

const iso = (times: readonly Date[]) => times.map((time) => time.toISOString().slice(0, 16));
const next = (cron: string, timeZone: string, after: string, count = 3) =>
  iso(nextTimes({ cron, timeZone }, { after: new Date(after), count }));

describe('what is refused', () => {
  it.each([
    ['', 'is empty'],
    ['   ', 'is empty'],
    ['0 0 0 * * *', 'must have five fields'],
    ['0 0 * *', 'must have five fields'],
    ['@daily', 'must have five fields'],
    ['2027-02-02T00:00:00', 'must have five fields'],
    ['? 2 * * *', 'must have five fields'],
    ['0 0 * * +1', 'must have five fields'],
    ['60 0 * * *', 'cannot be read: Invalid value for minute: 60'],
    ['0 24 * * *', 'cannot be read: Invalid value for hour: 24'],
    ['0 5-1 * * *', 'cannot be read: From value is larger than to value'],
    ['0 */0 * * *', 'cannot be read: Syntax error, illegal stepping: 0'],
    ['0 0 * * FOO', 'cannot be read: configuration entry 5 (FOO) contains illegal characters.'],
    ['0 0 30 2 *', 'names a day that no year has'],
    ['0 0 31 4,6,9,11 *', 'names a day that no year has'],
    ['* * * * *', 'must leave at least 5 minutes'],
    ['*/4 * * * *', 'must leave at least 5 minutes'],
    ['*/7 * * * *', 'must leave at least 5 minutes'],
    ['59,0 0,23 1,31 * *', 'must leave at least 5 minutes'],
    ['0,4 3 29 2 *', 'must leave at least 5 minutes'],
    [`0 0 ${'1,'.repeat(60)}1 * *`, 'must have at most 120 characters'],
  ])('%s', (cron, text) => {
    expect(mistakesInCron({ cron, timeZone: 'UTC' })).toMatchObject([
      { field: 'cron', text: expect.stringContaining(text) },
    ]);
  });

  it.each(['Mars/Base', '', '+02:00', 'UTC+2', `${'A/'.repeat(40)}B`])('the time zone %j', (timeZone) => {
    expect(mistakesInCron({ cron: '0 2 * * *', timeZone })).toMatchObject([{ field: 'timeZone' }]);
  });

  it('says both when both are wrong', () => {
    expect(mistakesInCron({ cron: 'x', timeZone: 'x' }).map(({ field }) => field)).toEqual(['cron', 'timeZone']);
  });
});

it.each([
  '*/5 * * * *',
  '30 2 * * *',
  '0 */6 * * *',
  '0 0 31 * *',
  '0 0 29 2 *',
  '0 0 L * *',
  '0 3 * * MON-FRI',
  '0 3 * * 7',
  '0 3 * JAN,JUL 1#1',
  '  0   3\t* * *  ',
])('takes %s', (cron) => {
  expect(mistakesInCron({ cron, timeZone: 'Europe/Berlin' })).toEqual([]);
});

it('takes old names of time zones', () => {
  expect(['UTC', 'Etc/UTC', 'US/Eastern', 'Asia/Calcutta', 'Asia/Kolkata', 'GB'].filter(isTimeZone)).toHaveLength(6);
});

describe('the calendar', () => {
  it('leaves out the months without a 31st', () => {
    expect(next('0 0 31 * *', 'UTC', '2027-01-01T00:00:00Z')).toEqual([
      '2027-01-31T00:00',
      '2027-03-31T00:00',
      '2027-05-31T00:00',
    ]);
  });

  it('knows the last day of each month and leap days, also over 2100', () => {
    expect(next('0 0 L 2 *', 'UTC', '2027-01-01T00:00:00Z', 2)).toEqual(['2027-02-28T00:00', '2028-02-29T00:00']);
    expect(next('0 0 29 2 *', 'UTC', '2095-01-01T00:00:00Z', 2)).toEqual(['2096-02-29T00:00', '2104-02-29T00:00']);
  });

  it('fires on either of a day of the month and a day of the week, as cron does', () => {
    expect(next('0 0 13 * 5', 'UTC', '2027-01-02T00:00:00Z')).toEqual([
      '2027-01-08T00:00',
      '2027-01-13T00:00',
      '2027-01-15T00:00',
    ]);
  });

  it('never names the moment that was asked after', () => {
    const times = { cron: '0 6 * * *', timeZone: 'UTC' };
    expect(nextTime(times, new Date('2027-01-02T06:00:00.000Z'))).toEqual(new Date('2027-01-03T06:00:00.000Z'));
    expect(nextTime(times, new Date('2027-01-02T06:00:00.001Z'))).toEqual(new Date('2027-01-03T06:00:00.000Z'));
    expect(nextTime(times, new Date('2027-01-02T05:59:59.999Z'))).toEqual(new Date('2027-01-02T06:00:00.000Z'));
  });
});

describe('in Berlin, where 02:00 to 03:00 does not exist on 28 March and exists twice on 31 October 2027', () => {
  it.each([
    ['30 2 * * *', ['27T01:30', '28T01:00', '29T00:30']],
    ['30 2,14 * * *', ['27T01:30', '27T13:30', '28T01:00']],
    // Every six hours from 02:00: the 02:00 that does not exist is 03:00, not 08:00.
    ['0 2-23/6 * * *', ['27T01:00', '27T07:00', '27T13:00', '27T19:00', '28T01:00', '28T06:00']],
    // 02:00 and 03:00 are the same moment on that day.
    ['0 1,2,3 * * *', ['27T00:00', '27T01:00', '27T02:00', '28T00:00', '28T01:00', '28T23:00']],
    ['0,30 2 * * *', ['27T01:00', '27T01:30', '28T01:00', '29T00:00']],
  ])('%s fires in spring at %j', (cron, times) => {
    expect(next(cron, 'Europe/Berlin', '2027-03-26T23:00:00Z', times.length)).toEqual(
      times.map((time) => `2027-03-${time}`),
    );
  });

  it.each([
    ['30 2 * * *', ['30T00:30', '31T00:30', '01T01:30']],
    ['30 2,14 * * *', ['30T00:30', '30T12:30', '31T00:30', '31T13:30']],
    ['30 */2 * * *', ['29T22:30', '30T00:30']],
    ['0 1-3 * * *', ['29T23:00', '30T00:00', '30T01:00', '30T23:00', '31T00:00', '31T02:00']],
    ['*/30 2 * * *', ['30T00:00', '30T00:30', '31T00:00', '31T00:30', '01T01:00']],
  ])('%s fires in autumn at %j', (cron, times) => {
    expect(next(cron, 'Europe/Berlin', '2027-10-29T22:00:00Z', times.length)).toEqual(
      times.map((time) => `2027-${time.startsWith('01') ? '11' : '10'}-${time}`),
    );
  });

  it('fires once in each hour that passes, where the hour is *', () => {
    const hours = next('15 * * * *', 'Europe/Berlin', '2027-10-30T21:00:00Z', 6).map((time) => time.slice(8));
    expect(hours).toEqual(['30T21:15', '30T22:15', '30T23:15', '31T00:15', '31T01:15', '31T02:15']);
    const spring = next('15 * * * *', 'Europe/Berlin', '2027-03-27T23:00:00Z', 4).map((time) => time.slice(8));
    expect(spring).toEqual(['27T23:15', '28T00:15', '28T01:15', '28T02:15']);
  });
});

it('knows a clock change of half an hour', () => {
  expect(next('30 2 * * *', 'Australia/Lord_Howe', '2027-10-01T15:00:00Z')).toEqual([
    '2027-10-01T16:00',
    '2027-10-02T15:30',
    '2027-10-03T15:30',
  ]);
  expect(next('45 1 * * *', 'Australia/Lord_Howe', '2027-04-02T14:00:00Z')).toEqual([
    '2027-04-02T14:45',
    '2027-04-03T14:45',
    '2027-04-04T15:15',
  ]);
});

describe('windows', () => {
  const nightly = { cron: '0 22 * * *', timeZone: 'Europe/Berlin' };
  it.each([
    ['2027-01-02T20:59:59.999Z', null],
    ['2027-01-02T21:00:00.000Z', '2027-01-02T21:00'],
    ['2027-01-03T02:59:59.999Z', '2027-01-02T21:00'],
    ['2027-01-03T03:00:00.000Z', null],
  ])('of six hours from 22:00 in Berlin, at %s', (at, opened) => {
    const open = openedAt(nightly, { at: new Date(at), durationMinutes: 360 });
    expect(open === null ? null : iso([open])[0]).toBe(opened);
  });

  it('of several open ones name the one that opened last', () => {
    const open = openedAt(
      { cron: '0 */6 * * *', timeZone: 'UTC' },
      { at: new Date('2027-01-02T13:00:00Z'), durationMinutes: 1440 },
    );
    expect(open).toEqual(new Date('2027-01-02T12:00:00Z'));
  });
});

describe('for any expression, zone and moment', () => {
  const fields = [
    { numbers: fc.constantFrom('0', '30', '15,45', '*/15', '5-55/10', '59'), name: 'minute' },
    { numbers: fc.constantFrom('*', '2', '1,2,3', '*/6', '2-23/6', '0,23', '1-3'), name: 'hour' },
    { numbers: fc.constantFrom('*', '1', '31', '29,30', 'L', '*/2'), name: 'day' },
    { numbers: fc.constantFrom('*', '2', '3,10', '1-6'), name: 'month' },
    { numbers: fc.constantFrom('*', '0', '7', 'MON-FRI', '6,0', '1#1'), name: 'weekday' },
  ];
  const expressions = fc.tuple(...fields.map(({ numbers }) => numbers)).map((parts) => parts.join(' '));
  const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Casablanca');
  const moments = fc.date({ min: new Date('2026-01-01'), max: new Date('2031-01-01'), noInvalidDate: true });
  const used = fc.record({ cron: expressions, timeZone: zones }).filter((times) => mistakesInCron(times).length === 0);

  it('times only grow, and asking after a moment between two of them names the second', () => {
    fc.assert(
      fc.property(used, moments, fc.double({ min: 0, max: 1, noNaN: true }), (times, after, share) => {
        const all = nextTimes(times, { after, count: 12 });
        expect(all).toHaveLength(12);
        [after, ...all.slice(0, -1)].forEach((earlier, index) => {
          const later = all[index] ?? new Date(Number.NaN);
          expect(later.getTime()).toBeGreaterThan(earlier.getTime());
          const between = new Date(earlier.getTime() + Math.floor((later.getTime() - earlier.getTime() - 1) * share));
          expect(nextTime(times, between)).toEqual(later);
        });
      }),
      { numRuns: 80 },
    );
  });

  it('the last time within a span is the last of those that are named one after the other', () => {
    fc.assert(
      fc.property(used, moments, fc.integer({ min: 0, max: 40 * 24 * 60 }), (times, after, minutes) => {
        const until = new Date(after.getTime() + minutes * 60_000);
        let expected: Date | null = null;
        for (let at = nextTime(times, after); at !== null && at <= until; at = nextTime(times, at)) expected = at;
        expect(lastTimeWithin(times, { after, until })).toEqual(expected);
      }),
      { numRuns: 25 },
    );
  });
});
