import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createCrowd } from '../../../src/adapters/ssh/crowd.ts';

const never = new AbortController().signal;

/** Works for as long as told; counts who is at work. */
function crew(limits: Parameters<typeof createCrowd>[0]) {
  const crowd = createCrowd(limits);
  const seen = { now: 0, most: 0 };
  return {
    seen,
    work: async (job: () => Promise<void>) => {
      const leave = await crowd.enter(never);
      seen.now += 1;
      seen.most = Math.max(seen.most, seen.now);
      try {
        await job();
      } finally {
        seen.now -= 1;
        leave();
      }
    },
  };
}

it('lets no more begin at the same time than it was told', async () => {
  const { seen, work } = crew({ atOnce: 3, slowMs: 60_000, most: 100 });
  await Promise.all(Array.from({ length: 20 }, () => work(() => sleep(2))));
  expect(seen.most).toBe(3);
});

it('goes on past those that hang, whatever their number', async () => {
  const { work } = crew({ atOnce: 2, slowMs: 20, most: 100 });
  const hanging = Promise.withResolvers<void>();
  const slow = Array.from({ length: 10 }, () => work(() => hanging.promise));
  const done = await Promise.race([
    Promise.all(Array.from({ length: 10 }, () => work(async () => {}))).then(() => 'all others are done'),
    sleep(5_000, 'delayed', { ref: false }),
  ]);
  expect(done).toBe('all others are done');
  hanging.resolve();
  await Promise.all(slow);
});

it('lets no more be at work in all than it was told, the slow ones included', async () => {
  const { seen, work } = crew({ atOnce: 2, slowMs: 5, most: 4 });
  await Promise.all(Array.from({ length: 12 }, () => work(() => sleep(20))));
  expect(seen.most).toBe(4);
});

it('frees what a caller held that stopped waiting', async () => {
  const crowd = createCrowd({ atOnce: 1, slowMs: 60_000, most: 2 });
  const leave = await crowd.enter(never);
  const canceled = new AbortController();
  const waiting = crowd.enter(canceled.signal);
  canceled.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  const next = crowd.enter(never);
  leave();
  (await next)();
});
