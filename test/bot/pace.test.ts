import { expect, it } from 'vitest';
import { backOffMs, createGate, letInAgainMs, refusedMs, type Urgency } from '../../src/bot/messages/pace.ts';

it('a gate lets one through, and the next after the gap', () => {
  let now = 0;
  const gate = createGate(() => now);
  expect(gate.enter('post C1', 1_000)).toBe(0);
  expect(gate.enter('post C1', 1_000)).toBe(1_000);
  expect(gate.enter('post C2', 1_000)).toBe(0);
  now = 999.5;
  expect(gate.enter('post C1', 1_000)).toBe(1);
  now = 1_000;
  expect(gate.enter('post C1', 1_000)).toBe(0);
});

it('a gate that was closed stays closed for as long as was asked, also when the gap is over', () => {
  let now = 0;
  const gate = createGate(() => now);
  gate.enter('edit', 100);
  gate.close('edit', 3_000);
  gate.close('edit', 1_000);
  now = 2_999;
  expect(gate.enter('edit', 100)).toBe(1);
  now = 3_000;
  expect(gate.enter('edit', 100)).toBe(0);
});

it('attempts become rarer, up to a bound', () => {
  expect([1, 2, 3, 4, 50].map(backOffMs)).toEqual([1_000, 5_000, 10_000, 30_000, 30_000]);
  const minutes = (urgency: Urgency) => [1, 2, 3, 4, 6, 99].map((attempts) => refusedMs(attempts, urgency) / 60_000);
  expect(minutes('UNSEEN')).toEqual([1, 2, 4, 5, 5, 5]);
  expect(minutes('ALERT')).toEqual([1, 2, 4, 8, 30, 30]);
  expect(minutes('OTHER')).toEqual([1, 2, 4, 8, 32, 360]);
});

it('Slack is asked to let the bot in so often that a CRITICAL alert is told within a minute after it is back', () => {
  expect([1, 2, 3, 4, 5, 99].map(letInAgainMs)).toEqual([1_000, 5_000, 10_000, 20_000, 30_000, 30_000]);
});
