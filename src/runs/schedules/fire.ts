import { durationInWords } from '../../domain/alert-life.ts';
import type { Inaction } from '../../domain/calendar.ts';
import { whyUnreadable } from '../../domain/cron.ts';
import type { Plan } from '../../domain/plan.ts';
import type { FiringPlan, Schedule } from '../../domain/schedule.ts';
import { type DueNow, whatIsDue } from '../../domain/schedule-times.ts';
import { inUtc } from '../../domain/utc.ts';
import { count } from '../../domain/words.ts';
import { AppError, type UserError } from '../../errors.ts';
import { type Claim, releaseClaim } from '../../store/claims.ts';
import { endWithoutRun, type FiringWithoutRun, findFiring } from '../../store/schedules/firings.ts';
import { claimSchedule } from '../../store/schedules/schedules.ts';
import { isStoreAway } from '../../store/store-errors.ts';
import type { Engine } from '../engine.ts';
import { submit } from '../submit.ts';
import { type Firing, mayFire, scheduleTime } from './may-fire.ts';

/** Longer than a plan may take (`observeTimeoutMs`) and its transaction with it. */
const claimMs = 60_000;
/** A cluster that does not answer is asked again for so long, but never past the next time. */
const retryForMs = 2 * 3_600_000;
const retryEveryMs = 60_000;

type Due = { readonly schedule: Schedule; readonly claim: Claim; readonly at: Date };

/**
 * Does what is due for a schedule, if nobody else does: one run, or a line that says why there is none, and goes on to the
 * next time. A run, the line and the next time are written in one transaction, so a process that dies leaves the time as it
 * was, and the next one fires it.
 */
export async function fireSchedule(deps: Engine, id: string): Promise<void> {
  const at = await scheduleTime(deps);
  const claimed = await claimSchedule(deps.db, { id, holder: deps.holder, at, forMs: claimMs });
  if (claimed === null) return;
  const due: Due = { ...claimed, at };
  const { slotAt, dueAt } = due.schedule;
  if (slotAt !== null && whyUnreadable(due.schedule) !== null) return endUnreadable(deps, due, slotAt);
  const found = slotAt === null || dueAt === null ? null : whatIsDue({ ...due.schedule, slotAt, dueAt }, at);
  if (found === null) return releaseClaim(deps.db, due.claim);
  const { missed } = found;
  const line = missed === null ? null : lineOfMissed(due, missed);
  if (found.fire === null) return end(deps, due, { ...found, firings: line === null ? [] : [line] });
  await fire(deps, due, { ...found, slotAt: found.fire, missed: line });
}

/** Nobody can say what its next time is: it has none until a process that can read its times brings it back. */
async function endUnreadable(deps: Engine, due: Due, slotAt: Date): Promise<void> {
  const { schedule, at } = due;
  const may = await mayFire(deps, schedule, at);
  if (!('reason' in may)) return releaseClaim(deps.db, due.claim);
  const { reason, runId } = may;
  await endWithout(deps, due, { next: null, slotAt, missed: null, outcome: 'REFUSED', reason, runId });
}

type ToFire = Pick<DueNow, 'next'> & { readonly slotAt: Date; readonly missed: FiringWithoutRun | null };

async function fire(deps: Engine, due: Due, toFire: ToFire): Promise<void> {
  const { schedule, at } = due;
  const may = await mayFire(deps, schedule, at).catch((error: unknown) => explain(deps, schedule, error));
  if ('reason' in may) {
    const outcome = may.reason.code === 'REFUSED' ? 'REFUSED' : 'SKIPPED';
    return endWithout(deps, due, { ...toFire, outcome, reason: may.reason, runId: may.runId });
  }
  const asked = 'kind' in may ? may : await ask(deps, due, { toFire, may });
  switch (asked.kind) {
    case 'begun':
      return deps.log.info({ scheduleId: schedule.id, runId: asked.runId }, 'a schedule began a run');
    case 'planned':
      return end(deps, due, { next: toFire.next, firings: [...linesBefore(toFire), dryRun(due, toFire, asked.plan)] });
    case 'taken':
      return handOver(deps, due, toFire);
    case 'refused':
      return asked.isPassing && mayRetry(due, toFire)
        ? retryLater(deps, due, { toFire, message: asked.message })
        : endWithout(deps, due, { ...toFire, outcome: 'REFUSED', reason: refusal(asked), runId: null });
    default:
      return asked satisfies never;
  }
}

type Asked =
  | { readonly kind: 'begun'; readonly runId: string }
  | { readonly kind: 'planned'; readonly plan: FiringPlan }
  | { readonly kind: 'taken' }
  | { readonly kind: 'refused'; readonly message: string; readonly isPassing: boolean; readonly isForbidden: boolean };

async function ask(deps: Engine, due: Due, { toFire, may }: { toFire: ToFire; may: Firing }): Promise<Asked> {
  const { schedule, claim, at } = due;
  const { slotAt, next, missed } = toFire;
  const note = noteOnDelay(schedule, at);
  const place = { scheduleId: schedule.id, slotAt, decidedAt: at };
  try {
    const result = await submit(deps, {
      operation: schedule.operation,
      input: schedule.input,
      actor: may.actor,
      options: {
        dryRun: schedule.isDryRun,
        reason: `Schedule "${schedule.name}", ${inUtc(slotAt)}`,
        confirm: may.cluster.name,
      },
      schedule: { firing: { kind: 'due', ...place, note, claim, next, missed }, consent: may.consent },
    });
    if (result.userErrors.length > 0) return refusedBy(result.userErrors);
    if (result.replayed) return { kind: 'taken' };
    if (result.run !== null) return { kind: 'begun', runId: result.run.id };
    return result.plan === null ? { kind: 'taken' } : { kind: 'planned', plan: toFiringPlan(result.plan) };
  } catch (error) {
    return explain(deps, schedule, error);
  }
}

/** What nobody foresaw is tried again too, and recorded in the end: a time without a word would look as if it had not been. */
function explain(deps: Engine, schedule: Schedule, error: unknown): Asked & { readonly kind: 'refused' } {
  if (isStoreAway(error)) throw error;
  if (error instanceof AppError) {
    const { message, retryable: isPassing } = error;
    return { kind: 'refused', message, isPassing, isForbidden: error.code === 'FORBIDDEN' };
  }
  deps.log.error({ scheduleId: schedule.id, err: error }, 'a schedule could not fire');
  const message = 'A mistake in Starwarden itself; its log has it';
  return { kind: 'refused', message, isPassing: true, isForbidden: false };
}

function refusedBy(errors: readonly UserError[]): Asked {
  const message = errors.map((error) => error.message).join('; ');
  return { kind: 'refused', message, isPassing: errors.every((error) => error.retryable), isForbidden: false };
}

function refusal({ message, isForbidden }: { message: string; isForbidden: boolean }): Inaction {
  return { code: isForbidden ? 'OWNER_NOT_ENTITLED' : 'REFUSED', message };
}

/** What people read of a plan that nobody carries out. */
export function toFiringPlan(
  plan: Pick<Plan, 'hash' | 'summary' | 'notes'> & { steps: readonly { title: string }[] },
): FiringPlan {
  const { hash, summary, notes, steps } = plan;
  return { hash, summary, notes, steps: steps.map(({ title }) => title) };
}

/** Until the next time, or for two hours since the first try. */
function mayRetry({ schedule, at }: Due, { next }: ToFire): boolean {
  const again = new Date(at.getTime() + retryEveryMs);
  const since = schedule.retry?.since ?? at;
  return again.getTime() - since.getTime() <= retryForMs && (next === null || again < next.slotAt);
}

async function retryLater(
  deps: Engine,
  { claim, schedule, at }: Due,
  { toFire, message }: { toFire: ToFire; message: string },
): Promise<void> {
  deps.log.warn({ scheduleId: schedule.id, message }, 'a schedule cannot fire yet; it is tried again');
  await endWithoutRun(deps.db, {
    claim,
    next: { slotAt: toFire.slotAt, dueAt: new Date(at.getTime() + retryEveryMs) },
    firings: linesBefore(toFire),
    retry: { since: schedule.retry?.since ?? at, message },
  });
}

/** Somebody else decided this time, or changed the schedule, or a run of it was begun: whoever looks next sees which. */
async function handOver(deps: Engine, due: Due, toFire: ToFire): Promise<void> {
  const { schedule, claim } = due;
  if ((await findFiring(deps.db, schedule.id, toFire.slotAt)) === null) return releaseClaim(deps.db, claim);
  await end(deps, due, { next: toFire.next, firings: linesBefore(toFire) });
}

type Without = ToFire & {
  readonly outcome: 'SKIPPED' | 'REFUSED';
  readonly reason: Inaction;
  readonly runId: string | null;
};

function endWithout(deps: Engine, due: Due, { next, slotAt, missed, outcome, reason, runId }: Without): Promise<void> {
  const { schedule, at } = due;
  deps.log.warn(
    { scheduleId: schedule.id, slotAt, code: reason.code, reason: reason.message },
    'a schedule began nothing',
  );
  const note = noteOnDelay(schedule, at);
  const line = { scheduleId: schedule.id, slotAt, decidedAt: at, askedByName: null, note, outcome, reason, runId };
  return end(deps, due, { next, firings: missed === null ? [line] : [missed, line] });
}

async function end(
  deps: Engine,
  { claim }: Due,
  { next, firings }: Pick<DueNow, 'next'> & { firings: readonly FiringWithoutRun[] },
): Promise<void> {
  await endWithoutRun(deps.db, { claim, next, firings });
}

function linesBefore({ missed }: ToFire): readonly FiringWithoutRun[] {
  return missed === null ? [] : [missed];
}

function dryRun({ schedule, at }: Due, { slotAt }: ToFire, plan: FiringPlan): FiringWithoutRun {
  const note = noteOnDelay(schedule, at);
  return { scheduleId: schedule.id, slotAt, decidedAt: at, askedByName: null, note, outcome: 'DRY_RUN', plan };
}

const whyMissed = 'no worker of Starwarden ran at that time, or its clock jumped';

function lineOfMissed({ schedule, at }: Due, missed: NonNullable<DueNow['missed']>): FiringWithoutRun {
  const { first, last } = missed;
  const many = `${missed.isMore ? 'More than ' : ''}${count(missed.isMore ? missed.count - 1 : missed.count, 'time')}`;
  const tried = schedule.retry === null ? '' : `; ${noteOnDelay(schedule, at)}`;
  const message =
    missed.count === 1
      ? `${inUtc(first)} was missed: ${whyMissed}${tried}`
      : `${many} from ${inUtc(first)} to ${inUtc(last)} were missed: ${whyMissed}${tried}`;
  const reason = { code: 'MISSED', message } as const;
  const place = { scheduleId: schedule.id, slotAt: first, decidedAt: at };
  return { ...place, askedByName: null, note: null, outcome: 'SKIPPED', reason, runId: null };
}

function noteOnDelay({ retry }: Schedule, at: Date): string | null {
  if (retry === null) return null;
  return `Tried for ${durationInWords(at.getTime() - retry.since.getTime())} before: ${retry.message}`;
}
