import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { followAttempts, newAttempts, showName } from '../../../src/domain/metrics/login-attempts.ts';
import { measure } from '../../../src/monitor/read-metrics.ts';
import { impossibleLogins } from '../../../src/monitor/rules/impossible-logins.ts';
import { conditionsOf, frontend, seen, since, textsOf } from './builders.ts';

const after = (minutes: number) => new Date(since.getTime() + minutes * 60_000);

describe('names under which nobody can log in', () => {
  it('are new once, for an hour, and not when they were there at the first look', () => {
    const see = (names: string[], minutes: number, isWhole = true) => ({ names, isWhole, at: after(minutes) });
    const first = followAttempts(undefined, see(['old"'], 0));
    expect(newAttempts(first, after(0))).toEqual([]);
    const second = followAttempts(first, see(['old"', 'new"'], 1));
    expect(newAttempts(second, after(1))).toEqual([{ name: 'new"', at: after(1) }]);
    const later = followAttempts(second, see(['old"', 'new"'], 62));
    expect(newAttempts(later, after(62))).toEqual([]);
    // Half a page forgets nothing; a frontend that restarted has forgotten all, and the next try is new.
    expect(followAttempts(later, see([], 63, false))).toEqual(later);
    const restarted = followAttempts(later, see([], 64));
    expect(restarted).toEqual({});
    expect(newAttempts(followAttempts(restarted, see(['old"'], 65)), after(65))).toHaveLength(1);
    // What came within the hour stays told although the frontend restarted meanwhile.
    expect(newAttempts(followAttempts(second, see([], 2)), after(2))).toHaveLength(1);
  });

  it('never fill our memory, and can be shown anywhere', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 300 }), (names) => {
        expect(Object.keys(followAttempts({}, { names, isWhole: true, at: since })).length).toBeLessThanOrEqual(100);
        for (const name of names) expect(showName(name)).not.toMatch(/[<>&@#!*_~`|\p{Cc}]/u);
      }),
    );
    expect(showName('<!channel>\n"')).toBe('\\u{3c}\\u{21}channel\\u{3e}\\u{a}"');
    expect(showName('x'.repeat(99))).toBe(`${'x'.repeat(40)}…`);
  });
});

describe('the rule impossible_logins', () => {
  const fe1 = frontend(1, { httpPort: 8030 });
  /** Looks at the names that the frontend shows, one list for each minute; null = it does not answer. */
  const looks = (...pages: (string[] | null)[]) => {
    let before = {};
    const all = pages.map((names, minute) => {
      const at = after(minute);
      const page = names === null ? { problem: 'refused' } : { samples: [], isCut: false, at };
      const impossibleUsers = (names ?? []).map((name) => ({ name, connections: 0, isHostile: true }));
      const { metrics, counters } = measure({
        ...{ known: [fe1], leader: null, alive: new Map(), facts: {}, everyMs: 60_000, before, at },
        answers: new Map([[fe1.id, { problem: null, isAsked: true, page, impossibleUsers }]]),
      });
      before = counters;
      return { ...seen([fe1]), metrics };
    });
    const last = all.at(-1);
    if (last === undefined) throw new Error('no look');
    return last;
  };

  it('tells one alert for the cluster, with the newest names, as text that mentions nobody', () => {
    const parts = looks(['a"'], ['a"', '<@U1>"'], ['a"', '<@U1>"', 'b\n']);
    const conditions = conditionsOf(impossibleLogins, parts);
    expect(conditions).toMatchObject([{ severity: 'LOW', labels: {}, nodeId: null, startedAt: after(1) }]);
    expect(textsOf(impossibleLogins, parts)[0]).toContain('They are: [ b\\u{a} ], [ \\u{3c}\\u{40}U1\\u{3e}" ].');
    expect(textsOf(impossibleLogins, parts)[0]).toContain('2 new names on 1 frontend that no user can have since');
  });

  it('is more than low when a program does it', () => {
    const names = Array.from({ length: 8 }, (_, index) => `x${index}"`);
    expect(conditionsOf(impossibleLogins, looks([], names))[0]?.severity).toBe('MEDIUM');
    expect(textsOf(impossibleLogins, looks([], names))[0]).toContain(' and 3 more.');
  });

  it('finds nothing in what was there before, and cannot say while no frontend sends its page', () => {
    expect(conditionsOf(impossibleLogins, looks(['a"'], ['a"']))).toEqual([]);
    expect(() => conditionsOf(impossibleLogins, looks([], ['a"'], null))).toThrow('no frontend sent its page');
    expect(conditionsOf(impossibleLogins, looks([], ['a"'], null, ['a"']))).toHaveLength(1);
  });
});
