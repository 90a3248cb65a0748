import type { Severity } from '../alert.ts';

/** How long alerts wait for others, and how many messages a channel gets. Times in milliseconds. */
export type DeliveryTimes = {
  /** From the first alert of a group until the group is told. */
  readonly firstMs: Readonly<Record<Exclude<Severity, 'LOW'>, number>>;
  /** From the first further alert of a group that was told already. */
  readonly furtherMs: Readonly<Record<Exclude<Severity, 'LOW'>, number>>;
  /** Between two messages of one group; of LOW alerts there are groups only from before the daily message. */
  readonly intervalMs: Readonly<Record<Severity, number>>;
  /** Up to so many alerts of a group have a message of their own. */
  readonly ownCards: number;
  /** New messages in a channel within a minute; one of them is kept for the storm. */
  readonly perMinute: number;
  /** New messages in a channel within an hour, not counting those about CRITICAL alerts and storms. */
  readonly perHour: number;
  /** A storm ends after so long with fewer than so many new alerts a minute. */
  readonly stormQuietMs: number;
  readonly stormQuietRate: number;
  /** Between two messages of a storm, when only HIGH and MEDIUM alerts joined it. */
  readonly stormIntervalMs: number;
};

export const deliveryTimes: DeliveryTimes = {
  firstMs: { CRITICAL: 0, HIGH: 30_000, MEDIUM: 120_000 },
  furtherMs: { CRITICAL: 10_000, HIGH: 30_000, MEDIUM: 120_000 },
  intervalMs: { CRITICAL: 60_000, HIGH: 120_000, MEDIUM: 300_000, LOW: 1_800_000 },
  ownCards: 5,
  perMinute: 20,
  perHour: 30,
  stormQuietMs: 300_000,
  stormQuietRate: 5,
  stormIntervalMs: 300_000,
};
