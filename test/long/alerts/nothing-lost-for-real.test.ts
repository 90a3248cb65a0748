import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RealLab, startRealLab } from './real-lab.ts';

let lab: RealLab;

beforeAll(async () => {
  lab = await startRealLab();
});
afterAll(() => lab?.close());

it('Starwarden is killed at any moment, and again while it starts, and things begin, end and become worse', async () => {
  const { broken, random, starwarden } = lab;
  const fast = lab.slowCalls();
  let doubts = 0;
  for (let round = 0; round < 10; round += 1) {
    await broken.change();
    if (round === 4) await lab.worsen();
    if (random() < 0.6) await lab.whileSending();
    else await sleep(random() * 2_000);
    await starwarden.kill();
    doubts += await lab.inDoubt();
    if (random() < 0.5) await broken.change();
    if (random() < 0.3) {
      const start = starwarden.start().catch(() => 'dead');
      await sleep(random() * 4_000);
      await starwarden.kill();
      await start;
    }
    await starwarden.start();
  }
  fast();
  await lab.settle();
  expect(doubts).toBeGreaterThan(0);
}, 900_000);
