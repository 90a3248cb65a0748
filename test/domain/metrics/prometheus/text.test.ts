import fc from 'fast-check';
import { expect, it } from 'vitest';
import { anyOf, promqlString, selector } from '../../../../src/domain/metrics/prometheus/text.ts';

it.each([
  ['prod-eu', '"prod-eu"'],
  ['a"} or vector(1) #', '"a\\"} or vector(1) #"'],
  ['back\\slash', '"back\\\\slash"'],
  ['two\nlines\t', '"two\\nlines\\t"'],
  ['nul\u0000', '"nul\\u0000"'],
])('writes %j as a string of PromQL', (text, wanted) => expect(promqlString(text)).toBe(wanted));

it('lets no text end its own string', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const inside = promqlString(text).slice(1, -1);
      // What is left when every escape is taken out has neither a quote nor a backslash nor a line break.
      expect(inside.replace(/\\(u[0-9a-f]{4}|["\\nrt])/g, '')).not.toMatch(/["\\\p{Cc}]/u);
    }),
    { numRuns: 50 },
  );
});

it('fits each of the texts and nothing else', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1 }), fc.string(), (texts, other) => {
      const fits = new RegExp(`^(?:${anyOf(texts)})$`, 's');
      for (const text of texts) expect(fits.test(text)).toBe(true);
      expect(fits.test(other)).toBe(texts.includes(other));
    }),
  );
});

it('says what labels have to be', () => {
  expect(selector('up', {})).toBe('up');
  expect(selector('up', { job: ['a'], cluster: 'b', user: { not: '' } })).toBe('up{job="a",cluster="b",user!=""}');
  expect(selector('up', { instance: ['10.0.0.1:8030', '[fd00::1]:8030'] })).toBe(
    'up{instance=~"10\\\\.0\\\\.0\\\\.1:8030|\\\\[fd00::1\\\\]:8030"}',
  );
});
