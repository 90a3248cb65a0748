import { Queue, Worker } from 'bullmq';
import { atOnce } from '../lib/at-once.ts';

/** Jobs per second that BullMQ alone gets through with a processor that does nothing, on the same Redis and as many at once. */
export async function bareJobsPerSecond(
  redisUrl: string,
  { count, width }: { count: number; width: number },
): Promise<number> {
  const connection = { url: redisUrl, maxRetriesPerRequest: null };
  const queue = new Queue('bare', { connection, defaultJobOptions: { removeOnComplete: true } });
  let done = 0;
  const all = Promise.withResolvers<void>();
  const worker = new Worker('bare', async () => {}, { connection, concurrency: width });
  worker.on('completed', () => {
    done += 1;
    if (done === count) all.resolve();
  });
  worker.on('error', all.reject);
  try {
    await worker.waitUntilReady();
    const startedAt = performance.now();
    await atOnce({ count, width }, async (index) => {
      await queue.add('drive', { runId: `run_${index}` });
    });
    await all.promise;
    return (count * 1000) / (performance.now() - startedAt);
  } finally {
    await worker.close();
    await queue.close();
  }
}
