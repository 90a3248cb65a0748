import fc from 'fast-check';
import { expect, it } from 'vitest';
import { digestMessage } from '../../../src/bot/views/digest.ts';
import { textLength } from '../../../src/bot/views/text.ts';
import { isWorthTelling, mostKept, orNothing } from '../../../src/domain/delivery/digest.ts';
import { digestOf, endOfDay, firstDigest, nextDigest, readMinute } from '../../../src/domain/delivery/digest-times.ts';

const berlin = { minute: 9 * 60, timeZone: 'Europe/Berlin' };
const at = new Date('2026-03-10T09:00:00Z');

it('is due today while its hour is to come, else tomorrow', () => {
  expect(firstDigest(new Date('2026-03-10T07:59:00Z'), berlin)).toEqual({
    day: '2026-03-10',
    at: new Date('2026-03-10T08:00:00Z'),
  });
  expect(firstDigest(new Date('2026-03-10T08:00:00Z'), berlin).day).toBe('2026-03-11');
});

it('keeps its hour when clocks change, and is made where the hour does not exist', () => {
  expect(digestOf('2026-03-28', berlin).at).toEqual(new Date('2026-03-28T08:00:00Z'));
  expect(digestOf('2026-03-29', berlin).at).toEqual(new Date('2026-03-29T07:00:00Z'));
  expect(digestOf('2026-03-29', { ...berlin, minute: 150 }).at).toEqual(new Date('2026-03-29T01:00:00Z'));
  expect(digestOf('2026-10-25', { ...berlin, minute: 150 }).at).toEqual(new Date('2026-10-25T00:30:00Z'));
  expect(endOfDay(new Date('2026-03-29T10:00:00Z'), berlin)).toEqual(new Date('2026-03-29T22:00:00Z'));
});

it('has one for each day of the calendar, and one after an outage of days', () => {
  expect(nextDigest(new Date('2026-03-10T08:00:01Z'), { day: '2026-03-10' }, berlin).day).toBe('2026-03-11');
  expect(nextDigest(new Date('2026-03-12T07:00:00Z'), { day: '2026-03-10' }, berlin).day).toBe('2026-03-13');
  // A clock that was ahead and came back.
  expect(nextDigest(new Date('2026-03-09T07:00:00Z'), { day: '2026-03-10' }, berlin).day).toBe('2026-03-11');
});

it.each([
  ['09:00', 540],
  ['23:59', 1_439],
  ['24:00', null],
  ['9:00', null],
  ['', null],
])('reads %s', (text, minute) => {
  expect(readMinute(text)).toBe(minute);
});

const cluster = (change: object = {}) => ({
  ...{
    name: 'prod-eu',
    low: [],
    lowCount: 0,
    oldCount: 0,
    missed: [],
    flapping: [],
    silenced: 0,
    inhibited: 0,
    ended: 0,
    hiddenBefore: 0,
  },
  ...change,
});
const digest = (change: object = {}) => ({
  ...{ day: '2026-03-10', since: new Date('2026-03-09T09:00:00Z'), at, clusters: [], noisy: [], silences: [] },
  ...change,
});

it('is not posted with nothing to report', () => {
  expect(isWorthTelling(digest())).toBe(false);
  expect(orNothing(cluster())).toBeNull();
  expect(isWorthTelling(digest({ clusters: [cluster({ silenced: 1 })] }))).toBe(true);
});

it('says in sentences what it is about', () => {
  const low = [
    { number: 7, title: 'a node is stopped', since: new Date('2026-03-01T09:00:00Z'), isStale: false, takenBy: 'kim' },
  ];
  const found = cluster({
    low,
    lowCount: 1,
    oldCount: 1,
    missed: [{ rule: 'disk_full', count: 2 }],
    silenced: 3,
    ended: 2,
  });
  const { text, blocks } = digestMessage(digest({ clusters: [found] }), { mayRepeat: false });
  expect(text).toBe(
    'Daily digest of alerts, 10 March 2026. 1 LOW alert is open on 1 cluster, for more than 7 days. 2 alerts of earlier digests are resolved. 2 alerts were resolved before anybody was told. 3 alerts are hidden, or were for some time.',
  );
  expect(JSON.stringify(blocks)).toContain('A-7');
  expect(JSON.stringify(blocks)).toContain('taken by kim');
  expect(JSON.stringify(blocks)).toContain('disk_full 2×');
});

it('stays within 45 blocks and 9,000 characters, whatever there is, and counts what it leaves out', () => {
  const text = fc.string({ maxLength: 200 });
  const number = fc.nat(1_000_000);
  const takenBy = fc.option(text);
  const open = fc.record({ number, title: text, since: fc.constant(at), isStale: fc.boolean(), takenBy });
  const many = fc.record({
    ...{ name: fc.string({ minLength: 1, maxLength: 64 }), low: fc.array(open, { maxLength: mostKept }) },
    ...{ lowCount: fc.integer({ min: mostKept, max: 9_999 }), oldCount: number },
    missed: fc.array(fc.record({ rule: text, count: number }), { maxLength: 9 }),
    flapping: fc.array(
      fc.record({ number, title: text, severity: fc.constantFrom('CRITICAL' as const, 'MEDIUM' as const) }),
      { maxLength: 9 },
    ),
    ...{ silenced: number, inhibited: number, ended: number, hiddenBefore: number },
  });
  const all = fc.record({
    clusters: fc.array(many, { maxLength: 80, size: 'max' }),
    noisy: fc.array(fc.record({ rule: text, count: number }), { maxLength: 3 }),
    silences: fc.array(fc.record({ name: fc.constant('S-3'), until: fc.constant(at), reason: text }), {
      maxLength: 50,
    }),
  });
  fc.assert(
    fc.property(all, (change) => {
      const { blocks = [], text: said } = digestMessage(digest(change), {
        mayRepeat: true,
        preview: { dueAt: at, timeZone: 'America/Argentina/ComodRivadavia' },
      });
      expect(blocks.length).toBeLessThanOrEqual(45);
      expect(textLength(blocks)).toBeLessThanOrEqual(9_000);
      expect(said.length).toBeLessThanOrEqual(900);
      for (const block of blocks)
        if (block.type === 'section') expect(block.text?.text.length).toBeLessThanOrEqual(3_000);
    }),
    { numRuns: 30 },
  );
});
