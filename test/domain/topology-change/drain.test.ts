import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  afterLook,
  type Drain,
  drainInWords,
  endOf,
  quietMs,
  rateOf,
  windowMs,
} from '../../../src/domain/topology-change/drain.ts';

const looked = (looks: readonly (readonly [number, number])[]) =>
  looks.reduce<Drain | null>((drain, [atMs, tablets]) => afterLook(drain, { atMs, tablets }), null);

describe('a drain', () => {
  it('says how many tablets are left, how fast they leave and when it ends', () => {
    const at = Date.parse('2026-01-01T10:00:00Z');
    const drain = looked([
      [at, 1_200],
      [at + 100_000, 700],
    ]);
    if (drain === null) throw new Error('no drain');
    expect(rateOf(drain)).toBe(5);
    expect(endOf(drain)).toEqual(new Date(at + 240_000));
    expect(drainInWords(drain)).toBe(
      '700 of 1,200 tablets are left; 5.0 leave in a second, so it ends at about 2026-01-01 10:04 UTC',
    );
  });

  it('gives no rate and no end before a tablet has left', () => {
    const drain = looked([
      [0, 5],
      [60_000, 5],
    ]);
    if (drain === null) throw new Error('no drain');
    expect([rateOf(drain), endOf(drain), quietMs(drain)]).toEqual([null, null, 60_000]);
    expect(drainInWords(drain)).toBe('5 of 5 tablets are left');
  });

  it('measures over the window, so that a drain that stands still has no rate for long', () => {
    const drain = looked([
      [0, 100],
      [60_000, 50],
      [windowMs * 2, 50],
      [windowMs * 2 + 1_000, 50],
    ]);
    if (drain === null) throw new Error('no drain');
    expect(rateOf(drain)).toBeNull();
    expect(quietMs(drain)).toBe(windowMs * 2 + 1_000 - 60_000);
  });

  it('never has a negative rate, an end before its last look, or more looks than it keeps, whatever clocks and counts do', () => {
    const look = fc.tuple(fc.integer({ min: 0, max: 2 ** 41 }), fc.nat({ max: 1_000_000 }));
    fc.assert(
      fc.property(fc.array(look, { minLength: 1, maxLength: 200 }), (looks) => {
        const drain = looked(looks);
        if (drain === null) throw new Error('no drain');
        expect(rateOf(drain) ?? 1).toBeGreaterThan(0);
        expect(endOf(drain)?.getTime() ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(
          drain.seen.at(-1)?.atMs ?? 0,
        );
        expect(drain.seen.length).toBeLessThanOrEqual(62);
        expect(drain.fewest).toBe(Math.min(...looks.map(([, tablets]) => tablets)));
        expect(quietMs(drain)).toBeGreaterThanOrEqual(0);
        expect(drainInWords(drain)).not.toBe('');
      }),
    );
  });
});
