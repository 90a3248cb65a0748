import { LogLevel, type Logger as SlackLogger } from '@slack/bolt';
import { WebClient } from '@slack/web-api';
import type { Logger } from 'pino';

/**
 * Three clients, since a rate-limited call delays every later call of its client: a form must open within 3 s while a
 * hundred alerts wait. No client repeats a call by itself: a repeated post may become a second message.
 */
export type Clients = {
  /** Forms, and answers to a person who waits. */
  readonly interactive: WebClient;
  /** Cards and thread lines. */
  readonly outbox: WebClient;
  /** Questions about people and channels. */
  readonly lookup: WebClient;
};

export function createClients(settings: { botToken: string; apiUrl: string | null }, log: Logger): Clients {
  const options = clientOptions(settings.apiUrl, log);
  return {
    interactive: new WebClient(settings.botToken, { ...options, timeout: 2_000 }),
    outbox: new WebClient(settings.botToken, { ...options, timeout: 10_000 }),
    lookup: new WebClient(settings.botToken, { ...options, timeout: 5_000 }),
  };
}

export function clientOptions(apiUrl: string | null, log: Logger) {
  return {
    ...(apiUrl === null ? {} : { slackApiUrl: apiUrl }),
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    allowAbsoluteUrls: false,
    logger: slackLogger(log),
  };
}

/** The kit's own log, without its debug lines: they hold whole requests. */
export function slackLogger(log: Logger): SlackLogger {
  const said = (words: readonly unknown[]) => words.map(String).join(' ').slice(0, 1_000);
  return {
    debug: () => {},
    info: (...words) => log.debug({ said: said(words) }, 'slack kit'),
    warn: (...words) => log.info({ said: said(words) }, 'slack kit warned'),
    error: (...words) => log.warn({ said: said(words) }, 'slack kit reported an error'),
    setLevel: () => {},
    getLevel: () => LogLevel.WARN,
    setName: () => {},
  };
}
