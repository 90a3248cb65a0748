import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { leastFirings, longerTimeMs, noiseAdvice } from '../../../src/domain/noise/advice.ts';
import { briefMs, byLoudness, type RuleNoise } from '../../../src/domain/noise/noise.ts';
import { bookFor, noEdits } from '../../../src/domain/rules/book.ts';
import { effectiveRule, type RuleChanges, type RuleOverride } from '../../../src/domain/rules/override.ts';
import type { AlertRule } from '../../../src/domain/rules/rule.ts';
import { findShippedRule, shippedRules } from '../../../src/domain/rules/shipped/index.ts';

const at = new Date('2026-11-27T10:00:00Z');
const since = new Date(at.getTime() - 7 * 86_400_000);
const place = { clusterId: 'clu_1', environment: 'prod', at };
const book = bookFor(noEdits, place);
const nothing: RuleChanges = { isOff: null, limits: null, forMs: null, severity: null };

function noise(of: Partial<RuleNoise> & { readonly rule: string }): RuleNoise {
  const firings = of.firings ?? 0;
  return {
    ...{ severity: 'MEDIUM', alerts: firings, firings, brief: 0, longestBriefMs: null, flapping: 0 },
    ...{ ended: firings, untaken: 0, hidden: 0, subjects: 5, loudest: null },
    ...of,
  };
}

function changed(rule: string, changes: Partial<RuleChanges>, madeAt: Date): RuleOverride {
  return {
    ...{ id: 'aro_1', rule, scope: { kind: 'cluster', clusterId: 'clu_1' }, changes: { ...nothing, ...changes } },
    ...{ reason: 'a big machine', until: null, byId: 'per_1', byName: 'kim', at: madeAt, madeIn: 'prod' },
  };
}

const ruleCalled = (name: string): AlertRule => {
  const rule = findShippedRule(name);
  if (rule === undefined) throw new Error(`there is no rule ${name}`);
  return rule;
};
const adviceOf = (of: RuleNoise) => noiseAdvice(of, { effective: book.effective(of.rule, null), since });
const kindsOf = (of: RuleNoise) => adviceOf(of).map(({ kind }) => kind);

it('says with which time the brief ones would not have been told', () => {
  const rule = shippedRules.find(({ on, forMs, isGuarded }) => on.kind === 'METRIC' && forMs === 300_000 && !isGuarded);
  const [advice, ...more] = adviceOf(
    noise({ rule: rule?.name ?? '', firings: 20, brief: 14, longestBriefMs: 7.5 * 60_000 }),
  );
  expect(advice?.kind).toBe('HOLD_LONGER');
  expect(advice?.words).toMatch(
    /^14 of 20 were over by themselves within 10 min, the longest after 8 min\. With a time \(`forSeconds`\) of 13 min instead of 5 min they would not have been told, and all others 8 min later\./,
  );
  expect(more).toEqual([]);
});

it.each<[string, Partial<RuleNoise>, readonly string[]]>([
  ['too few say nothing', { firings: 2, brief: 2, longestBriefMs: 1_000, untaken: 2 }, []],
  ['fewer than half that are brief', { firings: 20, brief: 9, longestBriefMs: 1_000 }, []],
  ['alerts that flap', { firings: 4, flapping: 1 }, ['CLEAR_LATER']],
  ['none that anybody took', { firings: 4, untaken: 4 }, ['NOBODY_ACTS']],
  ['one that somebody took', { firings: 4, untaken: 3 }, []],
  [
    'two thirds about one node',
    { firings: 6, loudest: { number: 9, title: 'The disk is full', nodeId: 'nod_1', firings: 4 } },
    ['ONE_SUBJECT'],
  ],
  [
    'the only thing that there is',
    { firings: 6, subjects: 1, loudest: { number: 9, title: 'No leader', nodeId: null, firings: 6 } },
    [],
  ],
])('%s', (_name, of, kinds) => {
  expect(kindsOf(noise({ rule: 'disk_filling', ...of }))).toEqual(kinds);
});

it('a rule about losing the cluster or its data is never advised to be less strict', () => {
  for (const { name, isGuarded } of shippedRules) {
    const kinds = kindsOf(
      noise({ rule: name, firings: 30, brief: 30, longestBriefMs: briefMs, flapping: 3, untaken: 30 }),
    );
    expect(kinds, name).toEqual(isGuarded === true ? ['GUARDED'] : ['HOLD_LONGER', 'CLEAR_LATER', 'NOBODY_ACTS']);
  }
});

it('a rule that is gone, off or was changed meanwhile is said to be so', () => {
  const of = noise({ rule: 'disk_filling', firings: 9, untaken: 9 });
  const rule = ruleCalled('disk_filling');
  const by = (override: RuleOverride) => effectiveRule(rule, [override], { ...place, nodeId: null });
  const said = (override: RuleOverride) => noiseAdvice(of, { effective: by(override), since });
  expect(noiseAdvice(of, { effective: undefined, since }).map(({ kind }) => kind)).toEqual(['GONE']);
  expect(said(changed('disk_filling', { isOff: true }, at))).toMatchObject([
    { kind: 'OFF', words: 'It is switched off for this cluster: off, by kim: a big machine.' },
  ]);
  const later = said(changed('disk_filling', { forMs: 600_000 }, at));
  expect(later.map(({ kind }) => kind)).toEqual(['CHANGED', 'NOBODY_ACTS']);
  expect(later[0]?.words).toContain('(for 10 min, by kim: a big machine): the numbers are from before and after.');
  const before = said(changed('disk_filling', { forMs: 600_000 }, new Date(since.getTime() - 1)));
  expect(before.map(({ kind }) => kind)).toEqual(['NOBODY_ACTS']);
});

const count = fc.nat({ max: 50 });
const anyNoise = fc.record({
  ...{ firings: count, brief: count, flapping: count, ended: count, untaken: count, hidden: count, subjects: count },
  longestBriefMs: fc.option(fc.integer({ min: 0, max: briefMs })),
});

it('whatever the numbers, few firings advise nothing, and nothing is advised twice', () => {
  fc.assert(
    fc.property(fc.constantFrom(...shippedRules), anyNoise, (rule, of) => {
      const advice = adviceOf(noise({ rule: rule.name, ...of }));
      if (of.firings < leastFirings) expect(advice).toEqual([]);
      for (const { words } of advice) expect(words).toMatch(/^[A-Z\d].*\.$/s);
      expect(new Set(advice.map(({ kind }) => kind)).size).toBe(advice.length);
    }),
  );
});

it('the advised time is of whole minutes, longer than the longest brief one held, and by a minute at most', () => {
  const times = fc.tuple(fc.integer({ min: 0, max: 3_600_000 }), fc.integer({ min: 0, max: briefMs }));
  fc.assert(
    fc.property(times, ([nowMs, longestMs]) => {
      const advised = longerTimeMs(nowMs, longestMs);
      expect(advised % 60_000).toBe(0);
      expect(advised).toBeGreaterThan(nowMs + longestMs);
      expect(advised).toBeLessThanOrEqual(nowMs + longestMs + 60_000);
    }),
  );
});

it('the loudest comes first, and what was only hidden last', () => {
  const all = [
    noise({ rule: 'c', firings: 0, alerts: 0, hidden: 9 }),
    noise({ rule: 'b', firings: 4, alerts: 4 }),
    noise({ rule: 'a', firings: 4, alerts: 4 }),
    noise({ rule: 'd', firings: 9, alerts: 1 }),
  ];
  expect(all.toSorted(byLoudness).map(({ rule }) => rule)).toEqual(['d', 'a', 'b', 'c']);
});
