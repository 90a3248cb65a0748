import { expect, it } from 'vitest';
import { backOffMs, createGate, refusedMs } from '../../src/bot/messages/pace.ts';

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
  const minutes = (isPosted: boolean) => [1, 2, 3, 4, 99].map((attempts) => refusedMs(attempts, { isPosted }) / 60_000);
  expect(minutes(false)).toEqual([1, 2, 4, 5, 5]);
  expect(minutes(true)).toEqual([1, 2, 4, 8, 360]);
});
