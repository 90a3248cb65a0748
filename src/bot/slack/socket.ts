import { setTimeout as sleep } from 'node:timers/promises';
import { SocketModeReceiver } from '@slack/bolt';
import type { Logger } from 'pino';
import { clientOptions, slackLogger } from './clients.ts';

/** The pause after this many failures in a row; the last value also for all further failures. */
const backOffMs = [0, 1_000, 2_000, 5_000, 10_000, 30_000] as const;
const stopPatienceMs = 2_000;

/**
 * The receiver for Socket Mode, without the kit's own reconnecting: the kit waits seconds at every refresh, and when it
 * cannot reach Slack it rejects a promise that nobody awaits, which would end the process.
 */
export function createSocketReceiver({
  appToken,
  apiUrl,
  log,
}: {
  appToken: string;
  apiUrl: string | null;
  log: Logger;
}): SocketModeReceiver {
  return new SocketModeReceiver({
    appToken,
    logger: slackLogger(log),
    autoReconnectEnabled: false,
    installerOptions: { clientOptions: { ...clientOptions(apiUrl, log), timeout: 10_000 } },
  });
}

/**
 * Keeps one connection open until stopped: opens a new one at once when Slack recycles the old one, and with longer and
 * longer pauses when Slack cannot be reached. `firstTry` resolves when the first attempt worked or failed.
 */
export function keepConnected(
  { client }: SocketModeReceiver,
  log: Logger,
): { firstTry: Promise<void>; stop: () => Promise<void> } {
  const stopping = new AbortController();
  let failures = 0;
  let isOpen = false;
  let tried = () => {};
  const firstTry = new Promise<void>((resolve) => {
    tried = resolve;
  });

  /** Resolves when a connection that was made has ended; throws when none could be made. */
  const connectOnce = async (): Promise<void> => {
    let onGone = () => {};
    const gone = new Promise<void>((resolve) => {
      onGone = resolve;
      client.once('disconnected', onGone);
    });
    try {
      await client.start();
      isOpen = true;
      failures = 0;
      // When the kit is told to stop while it connects, it still connects.
      if (stopping.signal.aborted) await client.disconnect();
      else log.info('connected with slack over a socket');
      tried();
      await gone;
    } finally {
      isOpen = false;
      client.off('disconnected', onGone);
    }
  };
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await connectOnce().catch((err: unknown) => {
        failures += 1;
        log.warn({ err, failures }, 'could not connect with slack, will try again');
      });
      tried();
      const pauseMs = backOffMs[Math.min(failures, backOffMs.length - 1)];
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => {}); // woken by stop
    }
  };
  const running = loop();
  return {
    firstTry,
    stop: async () => {
      stopping.abort();
      if (isOpen) await client.disconnect();
      await Promise.race([running, sleep(stopPatienceMs, undefined, { ref: false })]);
    },
  };
}
