import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RealLab, startRealLab } from './real-lab.ts';

/* What Starwarden needs goes away while people are told, and comes back. */

let lab: RealLab;

beforeAll(async () => {
  lab = await startRealLab();
});
afterAll(() => lab?.close());

it('the database dies while people are told, and is away for seconds', async () => {
  const { broken, services, starwarden } = lab;
  const pid = starwarden.pid();
  const fast = lab.slowCalls();
  for (const awayMs of [2_000, 7_000]) {
    await broken.change();
    await lab.whileSending();
    const back = services.restartMariadb({ awayMs });
    await broken.change();
    await back;
    await broken.change();
  }
  fast();
  await lab.settle();
  // It lived through it, and nobody started it again.
  expect(pid === null ? null : process.kill(pid, 0)).toBe(true);
}, 600_000);

it('Redis forgets everything, is away for seconds, and is not there when Starwarden starts', async () => {
  const { broken, services, starwarden } = lab;
  await services.flushRedis();
  await broken.change();
  await services.restartRedis({ awayMs: 6_000 });
  await broken.change();
  const back = services.restartRedis({ awayMs: 10_000 });
  await starwarden.kill();
  await broken.change();
  await Promise.all([starwarden.start(), back]);
  await lab.settle();
}, 600_000);

it('Slack is away, also when Starwarden starts: a CRITICAL alert is told soon after it is back', async () => {
  const { broken, slack, starwarden, untoldCritical } = lab;
  await broken.mendAll();
  await lab.settle();
  await slack.goAway();
  await broken.fill('be1', 0.9);
  await sleep(3_000);
  await starwarden.kill();
  await starwarden.start();
  await broken.fill('be1', 0.97);
  await broken.fill('be5', 0.97);
  // So long that a bot which asks more and more rarely would ask in a minute only.
  await sleep(20_000);
  await broken.fill('be1', 0);
  await expect.poll(untoldCritical, { timeout: 60_000 }).not.toEqual([]);
  await slack.comeBack();
  await expect.poll(untoldCritical, { timeout: 45_000, interval: 250 }).toEqual([]);
  await lab.settle();
}, 600_000);
