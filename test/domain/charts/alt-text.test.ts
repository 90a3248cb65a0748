import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { altText } from '../../../src/domain/charts/alt-text.ts';
import { pictureText } from '../../../src/domain/charts/picture-text.ts';
import { chart, line, points } from './charts.ts';

const limit = { value: 10, bad: 'OVER' } as const;
const from = (first: number, last: number, count: number) =>
  Array.from({ length: count }, (_, index) => first + ((last - first) * index) / (count - 1));

describe('the description of a picture', () => {
  it('says of one line from where to where it went, and the limit', () => {
    const drawn = chart({ threshold: limit, series: [line('fe 10.0.0.1:9010', from(0.8, 12.4, 21))] });
    expect(altText(drawn)).toBe(
      'P95 latency of fe 10.0.0.1:9010, prod-eu, rose from 0.8 s to 12.4 s between 12:00 and 12:20 UTC on 28 Nov 2026; the limit is 10 s. Each point is the highest value of 1 min.',
    );
  });

  it('says the peak of a line that came back, and that it came back', () => {
    const drawn = chart({ threshold: limit, series: [line('fe 10.0.0.1:9010', [0.8, 5, 12.4, 3, 0.8])] });
    expect(altText(drawn)).toContain('was 0.8 s at the end as at the beginning (between 12:00 and 12:04 UTC');
    expect(altText(drawn)).toContain('The highest was 12.4 s at 12:02.');
  });

  it('says in which time nothing was measured, at the ends too', () => {
    const values = [null, 1, 1, 1, 1, null, null, null, null, null, 5, 6, null];
    expect(altText(chart({ series: [line('a', values)] }))).toContain(
      'No data from 12:00 to 12:01, 12:05 to 12:10, 12:12 to 12:13.',
    );
  });

  it('does not call a gap of one line a time without data while another line has some', () => {
    const drawn = chart({ series: [line('a', [1, null, 3]), line('b', [1, 2, 3])] });
    expect(altText(drawn)).not.toContain('No data');
  });

  it('names each of several lines, the worst first, and sums the others up', () => {
    const series = Array.from({ length: 20 }, (_, index) => line(`be ${index}`, [index, index + 0.5]));
    const said = altText(chart({ threshold: limit, series }));
    expect(said).toMatch(
      /^P95 latency of prod-eu, 20 lines, from 12:00 to 12:02 UTC on 28 Nov 2026; the limit is 10 s\./,
    );
    expect(said).toContain(
      'be 19: from 19 s to 19.5 s, highest 19.5 s at 12:01, lowest 19 s at 12:00, above the limit.',
    );
    expect(said.indexOf('be 19')).toBeLessThan(said.indexOf('be 18'));
    expect(said).toContain('And 12 more, between 0 s and 11.5 s.');
    expect(said).not.toContain('be 3:');
  });

  it('takes the lowest as the worst where too little is bad', () => {
    const series = [line('much', [90, 90]), line('little', [2, 3])];
    const said = altText(chart({ unit: 'DAYS', threshold: { value: 7, bad: 'UNDER' }, series }));
    expect(said.indexOf('little')).toBeLessThan(said.indexOf('much'));
    expect(said).toContain('below the limit');
  });

  it('says the days where there are two', () => {
    const stepMs = 3_600_000;
    const drawn = chart({
      series: [{ label: 'a', points: points([1, 2, 3], stepMs, new Date('2026-11-27T23:00:00Z')) }],
      from: new Date('2026-11-27T23:00:00Z'),
      to: new Date('2026-11-28T02:00:00Z'),
      stepMs,
    });
    expect(altText(drawn)).toContain('between 23:00 on 27 Nov and 01:00 on 28 Nov UTC');
  });

  it('says that nothing was measured', () => {
    expect(altText(chart({ series: [line('a', [null, null])] }))).toBe(
      'No value of P95 latency of prod-eu was measured from 12:00 to 12:02 UTC on 28 Nov 2026.',
    );
  });

  it('is never empty and fits into 2,000 characters, whatever the lines are called', () => {
    const values = fc.array(fc.option(fc.double({ min: 0, max: 1e9, noNaN: true })), { minLength: 1, maxLength: 30 });
    const lines = fc.array(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 300 }), values), { maxLength: 30 });
    fc.assert(
      fc.property(lines, (given) => {
        const length = Math.max(1, ...given.map(([, each]) => each.length));
        const series = given.map(([label, each]) => line(label, [...each, ...Array(length - each.length).fill(null)]));
        const said = altText(chart({ series, threshold: limit }));
        expect(said.length).toBeGreaterThan(0);
        expect(said.length).toBeLessThanOrEqual(2_000);
        expect(said).not.toMatch(/NaN|undefined|Infinity|null/);
      }),
      { numRuns: 60 },
    );
  });
});

describe('text of users in a picture', () => {
  it.each([
    ['sales', 'sales'],
    ['a\u202Eb\u200Bc', 'abc'],
    ['a\nb\u0000\u0007c', 'a b c'],
    ['', '-'],
    ['\u200B\u202E', '-'],
    ['\uD800x', '\uFFFDx'],
    ['be 10.0.0.11:9050 /a/very/long/path/data3', 'be 10.0.0.1…path/data3'],
  ])('shows %j as %j', (text, shown) => {
    expect(pictureText(text, 22)).toBe(shown);
  });

  it('is one line of what can be seen, and never longer than allowed', () => {
    const text = fc.string({ unit: 'binary', maxLength: 400 });
    fc.assert(
      fc.property(text, fc.integer({ min: 3, max: 80 }), (given, max) => {
        const shown = pictureText(given, max);
        expect([...shown].length).toBeLessThanOrEqual(max);
        expect(shown).not.toMatch(/[\p{Cc}\u2028\u2029]|\p{Bidi_Control}/u);
        expect(shown.isWellFormed()).toBe(true);
      }),
    );
  });
});
