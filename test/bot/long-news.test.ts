import fc from 'fast-check';
import { expect, it } from 'vitest';
import { longNews } from '../../src/bot/views/long-news.ts';
import { step } from './builders.ts';

const saying = (message: string) => step({ state: 'applying', progress: { completed: 1, total: 9, message } });
const stall = `be 10.0.0.4:9050: 12 of 40 tablets are left. Why: ${'sales.orders (12 tablets): the only replica is there, and it is down. '.repeat(8)}`;

it('shows a stall whole that is longer than its line, and nothing where the line has all', () => {
  expect(longNews([saying(stall)], { runNumber: 12, max: 2_800 })).toEqual([stall.trim()]);
  expect(longNews([saying('3 of 40 tablets are left')], { runNumber: 12, max: 2_800 })).toEqual([]);
  expect(longNews([{ ...saying(stall), state: 'done' }], { runNumber: 12, max: 2_800 })).toEqual([]);
});

it('says where the whole is when it must be cut, and how many more there are', () => {
  const news = longNews(Array(5).fill(saying(stall.repeat(6))), { runNumber: 12, max: 2_800 });
  expect(news).toHaveLength(4);
  for (const text of news.slice(0, 3))
    expect(text).toMatch(/… \(the whole is in the API: the steps of `run\(number: 12\)`/);
  expect(news.at(-1)).toBe('… and 2 more steps');
});

it('never takes more room than it has', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 5_000 }), { maxLength: 6 }), (messages) => {
      const text = longNews(messages.map(saying), { runNumber: 12, max: 900 }).join('\n');
      expect(text.length).toBeLessThanOrEqual(930);
    }),
  );
});
