import type { Severity } from '../alert.ts';

/**
 * Who is told in a step. `ON_CALL` = the primary of the rotation, `SECOND_PLACE` = the second channel or, without one, a direct
 * message to the primary.
 */
export const escalationTargets = ['ON_CALL', 'GROUP', 'SECOND_PLACE', 'SECONDARY', 'MANAGERS', 'WEBHOOK'] as const;
export type EscalationTarget = (typeof escalationTargets)[number];

export type EscalationPolicy = {
  /** Step 0 comes with the card. `afterMs` = how long nobody had the alert, from when it was told. */
  readonly steps: readonly { readonly afterMs: number; readonly tells: readonly EscalationTarget[] }[];
  /** After the last step, `most` times; then once more that this is all. */
  readonly repeat: { readonly everyMs: number; readonly most: number };
  /** Goes on after that, every so often; null = it does not. */
  readonly thenEveryMs: number | null;
  /** How long it may take until Slack has confirmed that the alert was told, its batch included. */
  readonly graceMs: number;
  /** Used beside those of the step when it was never told. */
  readonly whenUntold: readonly EscalationTarget[];
  /** Whether people are called in their working hours only. */
  readonly inWorkingHours: boolean;
};

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** What happens to an alert that nobody takes; null = nothing, the daily message has it. */
export const escalationPolicies: Readonly<Record<Severity, EscalationPolicy | null>> = {
  CRITICAL: {
    steps: [
      { afterMs: 0, tells: ['ON_CALL'] },
      { afterMs: 5 * minuteMs, tells: ['GROUP', 'SECOND_PLACE'] },
      { afterMs: 10 * minuteMs, tells: ['SECONDARY', 'MANAGERS', 'WEBHOOK'] },
    ],
    repeat: { everyMs: 15 * minuteMs, most: 5 },
    thenEveryMs: hourMs,
    graceMs: minuteMs,
    whenUntold: ['SECOND_PLACE', 'WEBHOOK'],
    inWorkingHours: false,
  },
  HIGH: {
    steps: [
      { afterMs: 0, tells: [] },
      { afterMs: 15 * minuteMs, tells: ['ON_CALL'] },
      { afterMs: 30 * minuteMs, tells: ['GROUP'] },
    ],
    repeat: { everyMs: hourMs, most: 5 },
    thenEveryMs: null,
    graceMs: minuteMs + 30_000,
    whenUntold: ['SECOND_PLACE', 'WEBHOOK'],
    inWorkingHours: false,
  },
  MEDIUM: {
    steps: [
      { afterMs: 0, tells: [] },
      { afterMs: hourMs, tells: ['ON_CALL'] },
    ],
    repeat: { everyMs: 24 * hourMs, most: 3 },
    thenEveryMs: null,
    graceMs: 3 * minuteMs,
    whenUntold: ['SECOND_PLACE'],
    inWorkingHours: true,
  },
  LOW: null,
};

/** After how much time a step is due; steps behind the last are its repeats. Null = there is no such step. */
export function offsetOf({ steps, repeat, thenEveryMs }: EscalationPolicy, step: number): number | null {
  const own = steps[step];
  if (own !== undefined) return own.afterMs;
  const last = steps.at(-1)?.afterMs ?? 0;
  const repeats = step - steps.length + 1;
  // One more than the repeats: that says that they are over.
  if (repeats <= repeat.most + 1) return last + repeats * repeat.everyMs;
  return thenEveryMs === null
    ? null
    : last + (repeat.most + 1) * repeat.everyMs + (repeats - repeat.most - 1) * thenEveryMs;
}

export type StepKind = 'FIRST' | 'STEP' | 'REPEAT' | 'EXHAUSTED' | 'HOURLY';

export function kindOf({ steps, repeat }: EscalationPolicy, step: number): StepKind {
  if (step === 0) return 'FIRST';
  if (step < steps.length) return 'STEP';
  const repeats = step - steps.length + 1;
  if (repeats <= repeat.most) return 'REPEAT';
  return repeats === repeat.most + 1 ? 'EXHAUSTED' : 'HOURLY';
}

/** Who is told in the steps from one to another; a repeat tells everybody once more. */
export function targetsOf(
  policy: EscalationPolicy,
  { from, to, isUntold }: { readonly from: number; readonly to: number; readonly isUntold: boolean },
): readonly EscalationTarget[] {
  const isRepeat = to >= policy.steps.length;
  const told = policy.steps.filter((_, step) => isRepeat || (step >= from && step <= to)).flatMap(({ tells }) => tells);
  const wanted = [...told, ...(isUntold ? policy.whenUntold : [])];
  return escalationTargets.filter((target) => wanted.includes(target));
}
