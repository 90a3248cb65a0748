import { atWork, type WorkingHours } from '../wall-clock.ts';
import { type EscalationPolicy, offsetOf } from './policy.ts';
import { isRunning, momentOfUse, type UnackedTime, usedAt } from './unacked-time.ts';

export type StepFacts = {
  readonly policy: EscalationPolicy;
  readonly time: UnackedTime;
  /** When Slack confirmed that people were told of it; null = it has not. */
  readonly toldAt: Date | null;
  /** The last step that was carried out in this episode; -1 = none. */
  readonly done: number;
  /** When it was found that something of that step was delivered to nobody; null = it was, or nobody knows yet. */
  readonly undeliveredAt: Date | null;
  readonly hours: WorkingHours | null;
  readonly at: Date;
};

/**
 * What is to be done about an alert that nobody has. `DUE`: all steps from `from` to `step`, as one: after a time in which
 * nobody could escalate, people are called once and not for each. `WAITS`: `step` is due at that time if nobody takes it.
 */
export type NextStep =
  | { readonly kind: 'NOTHING' }
  | { readonly kind: 'WAITS'; readonly step: number; readonly at: Date }
  | { readonly kind: 'DUE'; readonly from: number; readonly step: number; readonly isUntold: boolean };

/** More steps than an alert has in a year. */
const mostSteps = 10_000;

/** Purely from what is known; the same answer whenever it is asked with the same facts. */
export function nextStep(facts: StepFacts): NextStep {
  const { time, at } = facts;
  if (!isRunning(time)) return { kind: 'NOTHING' };
  const first = Math.max(facts.done, countsAsDone(facts)) + 1;
  let due = first - 1;
  for (let step = first; step < first + mostSteps; step += 1) {
    const moment = dueAt(facts, step);
    if (moment === null) break;
    if (moment <= at) {
      due = step;
      continue;
    }
    return due >= first ? dueStep(facts, first, due) : { kind: 'WAITS', step, at: moment };
  }
  return due >= first ? dueStep(facts, first, due) : { kind: 'NOTHING' };
}

function dueStep(facts: StepFacts, from: number, step: number): NextStep {
  const { toldAt, time, at, policy } = facts;
  return { kind: 'DUE', from, step, isUntold: toldAt === null && usedAt(time, at) >= policy.graceMs };
}

/** When a step is due; null = there is no such step, or the clock stands still before it. */
function dueAt(facts: StepFacts, step: number): Date | null {
  const { policy, time, hours } = facts;
  const after = useOf(facts, step);
  const usual = after === null ? null : momentOfUse(time, after);
  const sooner = soonerAt(facts, step);
  const moment = usual !== null && sooner !== null && sooner < usual ? sooner : usual;
  return moment === null || step === 0 || !policy.inWorkingHours || hours === null ? moment : atWork(hours, moment);
}

/**
 * When something of a step was delivered to nobody, the next does not wait for its turn: it has as long as Slack has to confirm a
 * message, so that whoever did get it may take the alert. Repeats keep their pace: they tell everybody once more as it is.
 */
function soonerAt({ policy, undeliveredAt, done }: StepFacts, step: number): Date | null {
  const isNext = step === done + 1 && step < policy.steps.length;
  return !isNext || undeliveredAt === null ? null : new Date(undeliveredAt.getTime() + policy.graceMs);
}

/** How much time has to have passed for a step. What was never told is told elsewhere at once, and the rest follows from there. */
function useOf(facts: StepFacts, step: number): number | null {
  const { policy, time, toldAt } = facts;
  const offset = offsetOf(policy, step);
  if (offset === null || step === 0) return offset;
  const told = toldAt === null ? Number.POSITIVE_INFINITY : usedAt(time, toldAt);
  return told <= policy.graceMs ? told + offset : policy.graceMs + offset - (offsetOf(policy, 1) ?? 0);
}

/** When it becomes less bad nobody is called for it: what the milder policy would have done by then counts as done. */
function countsAsDone(facts: StepFacts): number {
  const { fellAt } = facts.time;
  if (fellAt === null) return -1;
  const used = usedAt(facts.time, fellAt);
  let step = -1;
  while (step < mostSteps) {
    const next = useOf(facts, step + 1);
    if (next === null || next > used) break;
    step += 1;
  }
  return step;
}
