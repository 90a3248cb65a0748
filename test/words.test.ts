import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { count } from '../src/domain/words.ts';

const nouns =
  'queries frontends backends nodes hosts tablets tables repositories files databases approvals steps alerts warnings checks releases lanes snapshots clusters'.split(
    ' ',
  );
/** `${n} nodes`, but for limits, which are never one, and for `2 of 3 nodes are …`, which is said of many. */
const fixedPlural = new RegExp(`(?<! of )\\$\\{(?!max|most|count)[^{}]+\\} (${nouns.join('|')})\\b(?! are)`);

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .flatMap((name) =>
    readFileSync(`src/${name}`, 'utf8')
      .split('\n')
      .map((line, index) => ({ where: `src/${name}:${index + 1}`, line })),
  );

it.each([
  [1, 'repository', '1 repository'],
  [2, 'repository', '2 repositories'],
  [0, 'node', '0 nodes'],
  [2, 'day', '2 days'],
  [2, 'process', '2 processes'],
])('counts %i %s as %s', (n, one, told) => {
  expect(count(n, one)).toBe(told);
});

it('no text of the program says node(s)', () => {
  expect(sources.filter(({ line }) => /[a-z]\((s|es|ies)\)/.test(line) && /['"`]/.test(line))).toEqual([]);
});

it('no text of the program counts one thing as many', () => {
  expect(sources.filter(({ line }) => fixedPlural.test(line) && !line.includes('There are ${'))).toEqual([]);
});
