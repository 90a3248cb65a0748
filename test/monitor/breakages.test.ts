import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { shippedRules } from '../../src/domain/rules/shipped/index.ts';
import { breakages } from '../long/monitoring/breakages/index.ts';

const shipped = shippedRules.map(({ name }) => name).toSorted();

it('every shipped rule is tried with something that is really broken, and nothing else is', () => {
  expect(Object.keys(breakages).toSorted()).toEqual(shipped);
});

it('the page says of each rule how it was tried', async () => {
  const page = await readFile(new URL('../../docs/monitoring/tried.md', import.meta.url), 'utf8');
  const said = [...page.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)].map(([, rule, broken]) => [rule, broken]);
  expect(said).toEqual(Object.entries(breakages).map(([rule, { broken }]) => [rule, broken]));
});
