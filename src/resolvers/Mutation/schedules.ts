import { z } from 'zod';
import { type Schedule, whenMissedKinds } from '../../domain/schedule.ts';
import type { UserError } from '../../errors.ts';
import * as manage from '../../runs/schedules/manage.ts';
import { runScheduleNow as runNow } from '../../runs/schedules/run-now.ts';
import type { RequestContext } from '../request-context.ts';
import { checkComment, withUserErrors } from '../user-errors.ts';
import { parseArguments } from './parse-arguments.ts';

const text = z.string().max(200);
const reasons = z.object({ reason: z.string().trim().min(3).max(1000) });
const created = z.object({
  name: text,
  operation: text,
  operationInput: z.unknown(),
  cron: text,
  timeZone: text,
  jitterSeconds: z.int().nullish(),
  whenMissed: z.enum(whenMissedKinds).nullish(),
  confirm: text.nullish(),
});
const updated = z.object({
  id: z.string(),
  name: text.nullish(),
  operationInput: z.unknown().optional(),
  cron: text.nullish(),
  timeZone: text.nullish(),
  jitterSeconds: z.int().nullish(),
  whenMissed: z.enum(whenMissedKinds).nullish(),
  confirm: text.nullish(),
});

type Input = { readonly input: unknown };
type OfOne = { readonly id: string; readonly comment?: string | null };

export function createSchedule(_: unknown, { input }: Input, context: RequestContext) {
  return answer(async () => {
    const { jitterSeconds, whenMissed, confirm, ...rest } = parseArguments(created, input);
    const content = {
      ...rest,
      jitterSeconds: jitterSeconds ?? 0,
      whenMissed: whenMissed ?? 'RUN_ONCE',
      confirm: confirm ?? null,
    };
    return manage.createSchedule(context.deps.engine, content, requestOf(context));
  });
}

export function updateSchedule(_: unknown, { input }: Input, context: RequestContext) {
  return answer(async () => {
    return manage.updateSchedule(context.deps.engine, parseArguments(updated, input), requestOf(context));
  });
}

export function pauseSchedule(_: unknown, { id, reason }: { id: string; reason: string }, context: RequestContext) {
  return answer(async () => {
    const given = parseArguments(reasons, { reason });
    return manage.pauseSchedule(context.deps.engine, { id, ...given }, requestOf(context));
  });
}

export function resumeSchedule(_: unknown, { id, comment }: OfOne, context: RequestContext) {
  return answer(() => manage.resumeSchedule(context.deps.engine, id, requestOf(context, comment)));
}

export function deleteSchedule(_: unknown, { id, comment }: OfOne, context: RequestContext) {
  return answer(() => manage.deleteSchedule(context.deps.engine, id, requestOf(context, comment)));
}

export function approveSchedule(
  _: unknown,
  { id, contentHash, comment }: OfOne & { readonly contentHash: string },
  context: RequestContext,
) {
  return answer(() => manage.approveSchedule(context.deps.engine, { id, contentHash }, requestOf(context, comment)));
}

export async function runScheduleNow(
  _: unknown,
  { id, confirm, comment }: OfOne & { readonly confirm?: string | null },
  context: RequestContext,
) {
  const { userErrors, ...made } = await withUserErrors({ made: null }, async () => ({
    made: await runNow(context.deps.engine, { id, confirm: confirm ?? null }, requestOf(context, comment)),
  }));
  return made.made ?? { run: null, firing: null, userErrors };
}

/** Mistakes of the operation's input come together, every other refusal alone. */
async function answer(work: () => Promise<Schedule | { readonly userErrors: readonly UserError[] }>) {
  const { made, userErrors } = await withUserErrors({ made: null }, async () => ({ made: await work() }));
  if (made === null) return { schedule: null, userErrors };
  return 'userErrors' in made ? { schedule: null, ...made } : { schedule: made, userErrors };
}

function requestOf({ actor, requestId }: RequestContext, comment?: string | null): manage.ScheduleRequest {
  return { actor, requestId, comment: checkComment(comment) };
}
