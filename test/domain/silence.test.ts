import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Severity } from '../../src/domain/alert.ts';
import { matchersInWords, needsSecondPerson, type SilenceMatchers, silenceHides } from '../../src/domain/silence.ts';

const any: SilenceMatchers = { rule: null, severities: null, labels: {} };
const alert = { rule: 'node_down', severity: 'CRITICAL', labels: { node: 'be 10.0.0.11:9050' } } as const;

describe('a silence hides an alert', () => {
  it.each<[string, Partial<SilenceMatchers>, boolean]>([
    ['any, without matchers', {}, true],
    ['of its rule', { rule: 'node_down' }, true],
    ['of no other rule', { rule: 'node' }, false],
    ['of rules that look so', { rule: 'node_*' }, true],
    ['of one of its severities', { severities: ['HIGH', 'CRITICAL'] }, true],
    ['not one that is worse', { severities: ['HIGH'] }, false],
    ['about its node', { labels: { node: 'be 10.0.0.11:9050' } }, true],
    ['about nodes that look so', { labels: { node: 'be 10.0.0.*:90*' } }, true],
    ['not about another node', { labels: { node: 'be 10.0.0.1*:9060' } }, false],
    ['not without the label', { labels: { disk: '*' } }, false],
    ['only when all of it fits', { rule: 'node_down', labels: { node: 'be 10.0.0.12:9050' } }, false],
  ])('%s', (_name, matchers, hides) => {
    expect(silenceHides({ matchers: { ...any, ...matchers } }, alert)).toBe(hides);
  });

  it('by a pattern as a regular expression with .* in place of each * would have it', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 8 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 6 });
    fc.assert(
      fc.property(pattern, text, (rule, name) => {
        const expected = new RegExp(`^${rule.replaceAll('.', '\\.').replaceAll('*', '.*')}$`).test(name);
        expect(silenceHides({ matchers: { ...any, rule } }, { ...alert, rule: name })).toBe(expected);
      }),
    );
  });
});

describe('a second person has to agree', () => {
  const prod = { kind: 'cluster', clusterId: 'clu_1' } as const;
  const node = { node: 'be 10.0.0.11:9050' };
  const bad: readonly Severity[] = ['HIGH', 'MEDIUM', 'LOW'];
  it.each<[string, Parameters<typeof needsSecondPerson>[0], boolean, boolean]>([
    ['for a whole cluster of production', { scope: prod, matchers: any }, true, true],
    [
      'for one rule of it, which may be the one that tells of the outage',
      { scope: prod, matchers: { ...any, rule: 'node_down' } },
      true,
      true,
    ],
    [
      'for a pattern that may fit every node',
      { scope: prod, matchers: { ...any, labels: { node: 'be *' } } },
      true,
      true,
    ],
    ['not for one node', { scope: prod, matchers: { ...any, labels: node } }, true, false],
    ['not when no CRITICAL is hidden', { scope: prod, matchers: { ...any, severities: bad } }, true, false],
    ['not outside production', { scope: prod, matchers: any }, false, false],
    [
      'for everything, whatever it is',
      { scope: { kind: 'all' }, matchers: { ...any, rule: 'node_down' } },
      false,
      true,
    ],
  ])('%s', (_name, silence, isProduction, expected) => {
    expect(needsSecondPerson(silence, isProduction)).toBe(expected);
  });
});

it('says what it hides as it would be typed', () => {
  expect(matchersInWords({ rule: 'node_*', severities: ['HIGH', 'LOW'], labels: alert.labels })).toBe(
    'rule=node_* severity=HIGH,LOW node="be 10.0.0.11:9050"',
  );
  expect(matchersInWords(any)).toBe('everything');
});
