import { z } from 'zod';
import { severities } from '../../domain/alert.ts';
import { calendarReaches, type HideableSeverity } from '../../domain/calendar.ts';
import { mistakesInCron } from '../../domain/cron.ts';
import { asHideable, whyNotHide } from '../../domain/hiding-windows.ts';
import { AppError } from '../../errors.ts';
import * as blackouts from '../../store/calendar/blackouts.ts';
import * as holds from '../../store/calendar/holds.ts';
import * as windows from '../../store/calendar/windows.ts';
import type { RequestContext } from '../request-context.ts';
import { checkComment, withUserErrors } from '../user-errors.ts';
import { parseArguments } from './parse-arguments.ts';

const reason = z.string();
/** It stands between quotes in messages. */
const name = z
  .string()
  .trim()
  .min(1)
  .max(64)
  .regex(/^[^"\p{C}]+$/u, 'no quotes and no control characters');
const place = { environment: z.string().nullish(), clusterId: z.string().nullish() };
const appliesTo = z.enum(calendarReaches).nullish();

const holdInput = z.object({ clusterId: place.clusterId, reason, until: z.date().nullish() });
const releaseInput = z.object({ clusterId: place.clusterId, comment: z.string().nullish() });
const windowInput = z.object({
  ...{ name, ...place, appliesTo, reason },
  cron: z.string(),
  timeZone: z.string(),
  durationMinutes: z.int().min(5).max(10_080),
  hidesAlertsUpTo: z.enum(severities).nullish(),
});
const blackoutInput = z.object({ ...{ name, ...place, appliesTo, reason }, from: z.date(), until: z.date() });
const endInput = z.object({
  id: z.string(),
  until: z.date().nullish(),
  endNow: z.boolean().nullish(),
  comment: z.string().nullish(),
});

type Input = { readonly input: unknown };

export function holdAutomation(_: unknown, { input }: Input, context: RequestContext) {
  return withUserErrors({ hold: null }, async () => {
    const { clusterId, until, ...rest } = parseArguments(holdInput, input);
    const wanted = { ...rest, scope: clusterOrAll(clusterId), until: until ?? null };
    return { hold: await holds.holdAutomation(context.deps.db, wanted, context) };
  });
}

export function releaseAutomation(_: unknown, { input }: Input, context: RequestContext) {
  return withUserErrors({ hold: null }, async () => {
    const { clusterId, comment } = parseArguments(releaseInput, input);
    const wanted = { scope: clusterOrAll(clusterId), comment: checkComment(comment) };
    return { hold: await holds.releaseAutomation(context.deps.db, wanted, context) };
  });
}

export function createMaintenanceWindow(_: unknown, { input }: Input, context: RequestContext) {
  return withUserErrors({ window: null }, async () => {
    const { environment, clusterId, ...rest } = parseArguments(windowInput, input);
    const [mistake] = mistakesInCron(rest);
    if (mistake !== undefined) {
      throw new AppError('INVALID_INPUT', `${mistake.field} ${mistake.text}`, {
        hint: 'An expression such as 0 2 * * 6 in a time zone such as Europe/Berlin opens on Saturdays at two.',
        path: ['input', mistake.field],
      });
    }
    const hidesAlertsUpTo = rest.hidesAlertsUpTo == null ? null : readHideable(rest.hidesAlertsUpTo);
    const tooMuch = hidesAlertsUpTo === null ? null : whyNotHide(rest);
    if (tooMuch !== null)
      throw new AppError('INVALID_INPUT', tooMuch, {
        hint: 'What is to be quiet for longer takes a silence, which ends; a window without hidesAlertsUpTo hides nothing.',
        path: ['input', 'durationMinutes'],
      });
    const scope = scopeOf({ environment, clusterId });
    const wanted = { ...rest, scope, hidesAlertsUpTo, appliesTo: rest.appliesTo ?? 'CHANGES' };
    return { window: await windows.createMaintenanceWindow(context.deps.db, wanted, context) };
  });
}

export function deleteMaintenanceWindow(_: unknown, { id }: { id: string }, context: RequestContext) {
  return withUserErrors({ window: null }, async () => ({
    window: await windows.deleteMaintenanceWindow(context.deps.db, id, context),
  }));
}

export function createBlackout(_: unknown, { input }: Input, context: RequestContext) {
  return withUserErrors({ blackout: null }, async () => {
    const { environment, clusterId, ...rest } = parseArguments(blackoutInput, input);
    const wanted = { ...rest, scope: scopeOf({ environment, clusterId }), appliesTo: rest.appliesTo ?? 'CHANGES' };
    return { blackout: await blackouts.createBlackout(context.deps.db, wanted, context) };
  });
}

export function updateBlackout(_: unknown, { input }: Input, context: RequestContext) {
  return withUserErrors({ blackout: null }, async () => {
    const { id, until, endNow, comment } = parseArguments(endInput, input);
    if ((until == null) === (endNow !== true)) {
      throw new AppError('INVALID_INPUT', 'A blackout gets a new end, or ends now', {
        hint: 'Give until, or endNow: true.',
        path: ['input', 'until'],
      });
    }
    const end = { id, until: until ?? ('now' as const), comment: checkComment(comment) };
    return { blackout: await blackouts.updateBlackout(context.deps.db, end, context) };
  });
}

export function deleteBlackout(_: unknown, { id }: { id: string }, context: RequestContext) {
  return withUserErrors({ blackout: null }, async () => ({
    blackout: await blackouts.deleteBlackout(context.deps.db, id, context),
  }));
}

function clusterOrAll(clusterId: string | null | undefined) {
  return clusterId == null ? ({ kind: 'all' } as const) : ({ kind: 'cluster', clusterId } as const);
}

/** Throws `INVALID_INPUT` for CRITICAL: two persons have to want that, for a time that ends. */
export function readHideable(severity: (typeof severities)[number]): HideableSeverity {
  const hideable = asHideable(severity);
  if (hideable !== null) return hideable;
  throw new AppError('INVALID_INPUT', 'A maintenance window hides no CRITICAL alerts: it opens again and again', {
    hint: 'Make a silence, to which a second person agrees where that is needed; or hide alerts up to HIGH.',
    path: ['input', 'hidesAlertsUpTo'],
  });
}

/** Neither of the two = everything. Throws `INVALID_INPUT` when both are given. */
export function scopeOf({ environment, clusterId }: { environment?: string | null; clusterId?: string | null }) {
  if (environment == null) return clusterOrAll(clusterId);
  if (clusterId == null) return { kind: 'environment', environment } as const;
  throw new AppError('INVALID_INPUT', 'An entry holds for an environment or for a cluster, not for both', {
    hint: 'Make two entries.',
    path: ['input', 'clusterId'],
  });
}
