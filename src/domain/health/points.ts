import type { Severity } from '../alert.ts';

/** What each kind of trouble costs of 100 points; the reasons are in decision 34. */
export const points = {
  alert: { CRITICAL: 30, HIGH: 15, MEDIUM: 7, LOW: 2 } as const satisfies Readonly<Record<Severity, number>>,
  notAnswering: 60,
  nodeDown: 30,
  /** It is away, and somebody or some run made it so. */
  nodeAway: 2,
  /** Voting frontends are down, and so many of the others may still fail. */
  votersDown: { noMajority: 80, noSpare: 45, spare: 30 },
  /** Nothing is down without a reason, and yet no voting frontend may fail. */
  noSpare: 5,
  tabletsWithoutReplica: 50,
  tabletsDamaged: 15,
  tabletsUnhealthy: 7,
  diskNearlyFull: 30,
  diskFilling: 15,
  versionsMixed: 7,
  /** While a run is changing the version. */
  versionsChanging: 2,
} as const;

/** Shares of a disk in use, above which it costs points. */
export const diskLimits = { filling: 0.85, nearlyFull: 0.95 } as const;

/** Longer ago than this, a look says nothing of now. */
export const freshMs = 5 * 60_000;
