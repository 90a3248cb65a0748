import type { InactionCode } from './calendar.ts';
import { hashJson, type JsonObject } from './json.ts';

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
  /** It only makes a plan each time, which is kept with the firing, and starts no run. */
  readonly isDryRun: boolean;
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
  /** When that is due: with its jitter, or when it is tried again. */
  readonly dueAt: Date | null;
  /** Since when it has been tried for this time, and what stood in the way last; null = nothing did. */
  readonly retry: { readonly since: Date; readonly message: string } | null;
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
  /** How often a run was asked for: more than once when an earlier one ended before it did anything. */
  readonly attempt: number;
  /** What else happened, in sentences: why it was asked for again, what it had waited for; null = nothing. */
  readonly note: string | null;
  /** Of a dry run: what a run would have done. */
  readonly plan: FiringPlan | null;
  readonly decidedAt: Date;
};

/** A plan as people read it. */
export type FiringPlan = {
  readonly hash: string;
  readonly summary: string;
  readonly notes: readonly string[];
  /** Titles of the steps, in order. */
  readonly steps: readonly string[];
};

/** What a schedule does, as an approval binds it: the operation, its input, and the times. */
export function contentHashOf(schedule: Pick<Schedule, 'operation' | 'input' | keyof ScheduleTimes>): string {
  const { operation, input, cron, timeZone, jitterSeconds } = schedule;
  return hashJson({ operation, input, cron, timeZone, jitterSeconds });
}
