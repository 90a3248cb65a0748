import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import type { Logger } from 'pino';

export const queueName = 'runs';

/** How long notifications are kept for a Redis that this process has not reached yet, and how many of them. */
const keptForMs = 5_000;
const keptAtMost = 1_000;

/**
 * Notifications through Redis: "run X has something to do" for workers, "run X changed" for whoever watches. Both may be
 * lost.
 */
export type Doorbell = {
  ring(runId: string, delayMs?: number): void;
  changed(topic: string): void;
  /** Calls `listener` with the topic of each change, until the returned function is called. */
  onChanged(listener: (topic: string) => void): () => void;
  /**
   * Whether Redis accepts a write now: a replica, or a full Redis, still passes notifications on. Rejects when it does
   * not answer.
   */
  tryWrite(): Promise<'ok' | 'refuses-writes'>;
  /** How many notifications Redis did not accept since this process began. */
  wordsLost(): number;
  close(): Promise<void>;
};

/**
 * What Redis says when it is a replica, has no memory left, cannot save, or lacks replicas: it answers, but accepts no
 * writes.
 */
const refusal =
  /^(?:ReplyError: )?(READONLY|OOM|MISCONF|NOREPLICAS)\b|\b(READONLY You can't write|OOM command not allowed)/;

/**
 * Opens the doorbell. Never throws and never makes anybody wait: when Redis is away, notifications are lost and counted.
 * Those for workers that come before the first connection is ready are kept for some seconds, and sent then. It logs once
 * when Redis begins to refuse or lose notifications, and once when it accepts them again.
 */
export function openDoorbell({ redisUrl, prefix, log }: { redisUrl: string; prefix: string; log: Logger }): Doorbell {
  const publisher = new Redis(redisUrl, { maxRetriesPerRequest: 1, enableOfflineQueue: false, lazyConnect: false });
  const queue = new Queue<{ runId: string }>(queueName, {
    // A connection of our own: BullMQ cannot close one that it opened itself while Redis is away, and the process would
    // not end.
    connection: publisher,
    prefix,
    // BullMQ would check the version before the connection is ready, and that failure would make every later notification
    // fail. The worker checks it too.
    skipVersionCheck: true,
    skipWaitingForReady: true,
    defaultJobOptions: { removeOnComplete: true, removeOnFail: 100, attempts: 1 },
  });
  const subscriber = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const channel = `${prefix}:changed`;
  const listeners = new Set<(topic: string) => void>();
  let wordsLost = 0;
  let isLosing = false;
  const lost = (err: unknown) => {
    wordsLost += 1;
    if (isLosing) return log.debug({ err }, 'a word through Redis was lost');
    isLosing = true;
    log.warn({ err, refused: isRefusal(err) }, 'Redis takes no words; runs go on, but begin later');
  };
  const heard = () => {
    if (isLosing) log.info({ wordsLost }, 'Redis takes words again');
    isLosing = false;
  };
  const send = (runId: string, delayMs: number) => {
    queue.add('drive', { runId }, delayMs > 0 ? { delay: delayMs } : {}).then(heard, lost);
  };
  const early = keepEarlyRings({ send, lose: () => lost(new Error('there is no connection to Redis yet')) });
  publisher.once('ready', early.sendAll);
  for (const connection of [publisher, subscriber])
    connection.on('error', (err) => log.debug({ err }, 'a connection to Redis failed'));
  queue.on('error', (err) => log.debug({ err }, 'the queue of runs had an error'));
  subscriber.subscribe(channel).catch(lost);
  subscriber.on('message', (_channel, topic) => {
    for (const listener of listeners) listener(topic);
  });
  return {
    ring: (runId, delayMs = 0) => {
      if (!early.keep(runId, delayMs)) send(runId, delayMs);
    },
    changed: (topic) => {
      publisher.publish(channel, topic).catch(lost);
    },
    onChanged: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    tryWrite: async () => {
      try {
        await publisher.set(`${prefix}:written`, '1', 'EX', 60);
        return 'ok';
      } catch (error) {
        if (isRefusal(error)) return 'refuses-writes';
        throw error;
      }
    },
    wordsLost: () => wordsLost,
    close: async () => {
      early.loseAll();
      await queue.close().catch(lost);
      publisher.disconnect();
      subscriber.disconnect();
    },
  };
}

type EarlyRings = {
  /** False when it is not kept, since the time for that is over. */
  keep(runId: string, delayMs: number): boolean;
  sendAll(): void;
  loseAll(): void;
};

/** The newest notifications from before the first connection; once they are sent or given up, none is kept any more. */
function keepEarlyRings(to: { send: (runId: string, delayMs: number) => void; lose: () => void }): EarlyRings {
  let kept: { runId: string; dueAt: number }[] | null = [];
  const end = () => {
    clearTimeout(timer);
    const rings = kept ?? [];
    kept = null;
    return rings;
  };
  const loseAll = () => {
    for (const _ of end()) to.lose();
  };
  const timer = setTimeout(loseAll, keptForMs).unref();
  return {
    keep: (runId, delayMs) => {
      if (kept === null) return false;
      kept.push({ runId, dueAt: performance.now() + delayMs });
      if (kept.length > keptAtMost) {
        kept.shift();
        to.lose();
      }
      return true;
    },
    sendAll: () => {
      for (const { runId, dueAt } of end()) to.send(runId, Math.max(0, Math.ceil(dueAt - performance.now())));
    },
    loseAll,
  };
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && refusal.test(error.message);
}
