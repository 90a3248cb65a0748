import type { InactionCode } from './calendar.ts';
import type { JsonObject } from './json.ts';

/** What becomes of times that passed while Starwarden was away: one run for all of them, or none. */
export const whenMissedKinds = ['RUN_ONCE', 'SKIP'] as const;
export type WhenMissed = (typeof whenMissedKinds)[number];

export const scheduleStates = ['ACTIVE', 'PAUSED'] as const;
export type ScheduleState = (typeof scheduleStates)[number];

/** When something happens: a cron expression of five fields, read in an IANA time zone, and how much later at most. */
export type ScheduleTimes = {
  readonly cron: string;
  readonly timeZone: string;
  readonly jitterSeconds: number;
};

/** An operation with its input that is asked for at times, on behalf of its owner. */
export type Schedule = ScheduleTimes & {
  readonly id: string;
  /** Unique on its cluster. */
  readonly name: string;
  readonly clusterId: string;
  readonly operation: string;
  /** Has no secrets. */
  readonly input: JsonObject;
  readonly whenMissed: WhenMissed;
  /** The policy that made it, and which of its parts it is (a tier's name, or `retention`); null = a person made it. */
  readonly policy: { readonly id: string; readonly part: string } | null;
  readonly owner: { readonly id: string; readonly name: string };
  readonly state: ScheduleState;
  readonly stateReason: string | null;
  readonly stateByName: string | null;
  /** Of operation, input and times: an approval holds for this and nothing else. */
  readonly contentHash: string;
  readonly approval: {
    readonly contentHash: string;
    readonly byId: string;
    readonly byName: string;
    readonly at: Date;
  } | null;
  /** The time it is asked for next, without jitter; null = never again. */
  readonly slotAt: Date | null;
  readonly revision: number;
  readonly createdAt: Date;
  readonly changedAt: Date;
};

export const firingOutcomes = ['STARTED', 'SKIPPED', 'REFUSED', 'DRY_RUN'] as const;
export type FiringOutcome = (typeof firingOutcomes)[number];

/** What became of one time of a schedule. There is at most one for each time. */
export type ScheduleFiring = {
  readonly scheduleId: string;
  readonly slotAt: Date;
  readonly outcome: FiringOutcome;
  readonly runId: string | null;
  readonly reason: { readonly code: InactionCode; readonly message: string } | null;
  /** The person who asked for it outside of its times; null = it was due. */
  readonly askedByName: string | null;
  readonly decidedAt: Date;
};
