import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isNestedTooDeep, maxNesting, nestsTooDeep } from '../../src/api/limits/nesting.ts';

const deep = (depth: number, open = '[', close = ']') => `${open.repeat(depth)}1${close.repeat(depth)}`;

describe('the nesting of a document', () => {
  it.each([
    ['lists', '[', ']'],
    ['objects', '{a:', '}'],
    ['selections', '{a', '}'],
    ['arguments', '(a:', ')'],
  ])('is refused beyond the limit, in %s', (_what, open, close) => {
    expect(nestsTooDeep(deep(maxNesting, open, close))).toBe(false);
    expect(nestsTooDeep(deep(maxNesting + 1, open, close))).toBe(true);
    expect(nestsTooDeep(deep(100_000, open, close))).toBe(true);
  });

  it('does not count brackets in strings, block strings and comments, and finds those behind them', () => {
    const harmless = '['.repeat(200);
    for (const text of [
      `"${harmless}"`,
      `"\\"${harmless}"`,
      `"""\n${harmless} \\""" ${harmless}"""`,
      `#${harmless}\n`,
    ]) {
      expect(nestsTooDeep(`{ a(b: ${text} 1) }`)).toBe(false);
      expect(nestsTooDeep(`{ a(b: ${text} ${deep(200)}) }`)).toBe(true);
    }
    for (const unended of ['"', '"""', '"\\', '"""\\"""']) expect(nestsTooDeep(`${unended}${harmless}`)).toBe(false);
  });

  it('ends for every text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('"', '\\', '#', '\n', '[', ']', 'a'), maxLength: 40 }), (text) => {
        expect(nestsTooDeep(text)).toBe(false);
      }),
    );
  });

  it('of variables is counted without a stack', () => {
    expect(isNestedTooDeep(JSON.parse(deep(maxNesting)))).toBe(false);
    expect(isNestedTooDeep(JSON.parse(deep(50_000)))).toBe(true);
    expect(isNestedTooDeep(null)).toBe(false);
  });
});
