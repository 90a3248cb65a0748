import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import type { Logger } from 'pino';

export const queueName = 'runs';

/** Redis as a doorbell: "run X has something to do" for workers, "run X changed" for whoever watches. Both may be lost. */
export type Doorbell = {
  ring(runId: string, delayMs?: number): void;
  changed(topic: string): void;
  /** Calls `listener` with the topic of each change, until the returned function is called. */
  onChanged(listener: (topic: string) => void): () => void;
  close(): Promise<void>;
};

/** Opens the doorbell. Never throws and never makes anybody wait: when Redis is away, words are lost and logged at debug level. */
export function openDoorbell({ redisUrl, prefix, log }: { redisUrl: string; prefix: string; log: Logger }): Doorbell {
  const publisher = new Redis(redisUrl, { maxRetriesPerRequest: 1, enableOfflineQueue: false, lazyConnect: false });
  const queue = new Queue<{ runId: string }>(queueName, {
    // A connection of ours: one that BullMQ opens, it cannot close while Redis is away, and the process would not end.
    connection: publisher,
    prefix,
    // Its first question would be asked before the connection stands, fail, and make every later word fail with it.
    // The worker asks it too.
    skipVersionCheck: true,
    skipWaitingForReady: true,
    defaultJobOptions: { removeOnComplete: true, removeOnFail: 100, attempts: 1 },
  });
  const subscriber = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const channel = `${prefix}:changed`;
  const listeners = new Set<(topic: string) => void>();
  const lost = (err: unknown) => log.debug({ err }, 'a word through Redis was lost');
  for (const connection of [publisher, subscriber]) connection.on('error', lost);
  queue.on('error', lost);
  subscriber.subscribe(channel).catch(lost);
  subscriber.on('message', (_channel, topic) => {
    for (const listener of listeners) listener(topic);
  });
  return {
    ring: (runId, delayMs = 0) => {
      queue.add('drive', { runId }, delayMs > 0 ? { delay: delayMs } : {}).catch(lost);
    },
    changed: (topic) => {
      publisher.publish(channel, topic).catch(lost);
    },
    onChanged: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => {
      await queue.close().catch(lost);
      publisher.disconnect();
      subscriber.disconnect();
    },
  };
}
