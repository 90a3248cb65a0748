import { expect, it } from 'vitest';
import { looksApart } from '../../../src/domain/charts/looks-apart.ts';

const steps = (text: string) => [...text].map((each) => (each === 'x' ? 1 : null));

it.each([
  ['xxxxxxxx', 1],
  ['xxxx.xxxxxx.xxx', 2],
  ['x...x...x...x', 4],
  ['xxxx......xxxx', 1],
  ['x.x.x........x.x', 2],
  ['', 1],
  ['..x..', 1],
])('of the looks %s says that they are %d apart', (text, apart) => {
  expect(looksApart([steps(text)])).toBe(apart);
});

it('takes the looks of all series together', () => {
  expect(looksApart([steps('x.x.x.'), steps('.x.x.x')])).toBe(1);
});
