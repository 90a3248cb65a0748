import { z } from 'zod';
import { severities } from '../../domain/alert.ts';
import { AppError } from '../../errors.ts';
import { escalateNow } from '../../store/escalation/escalate-now.ts';
import * as overrides from '../../store/escalation/on-call-overrides.ts';
import * as rotations from '../../store/escalation/rotations.ts';
import * as routes from '../../store/escalation/routes.ts';
import type { RequestContext } from '../request-context.ts';
import { withUserErrors } from '../user-errors.ts';
import { scopeOf } from './calendar.ts';
import { parseArguments } from './parse-arguments.ts';

const reason = z.string();
const text = z.string().nullish();
const place = { environment: text, clusterId: text };
const hours = z.object({
  timeZone: z.string(),
  days: z.array(z.int()).nullish(),
  fromMinute: z.int().nullish(),
  untilMinute: z.int().nullish(),
});
const routeInput = z.object({
  ...{ ...place, reason, leastSeverity: z.enum(severities), workingHours: hours.nullish() },
  ...{ channel: text, secondChannel: text, fallbackChannel: text },
  ...{ rotation: text, userGroup: text, managerGroup: text, webhookUrl: text, webhookSecret: text },
});
const byId = z.object({ id: z.string(), reason });
const rotationInput = z.object({
  ...{ ...place, reason, name: z.string(), personIds: z.array(z.string()) },
  ...{ startsAt: z.string(), timeZone: z.string(), shiftHours: z.int().nullish() },
});
const byName = z.object({ name: z.string(), reason });
const overrideInput = z.object({
  ...{ rotation: z.string(), personId: text, from: z.date().nullish(), until: z.date(), reason },
});

type Input = { readonly input: unknown };

export function setAlertRoute(_: unknown, { input }: Input, context: RequestContext) {
  return withUserErrors({ route: null }, async () => {
    const given = parseArguments(routeInput, input);
    const { webhookUrl: url, webhookSecret: secret, workingHours, leastSeverity } = given;
    if ((url == null) !== (secret == null))
      throw new AppError('INVALID_INPUT', 'A webhook has a URL and a secret', {
        hint: 'Its receiver tells by the signature who called.',
        path: ['input', url == null ? 'webhookUrl' : 'webhookSecret'],
      });
    const definition = {
      ...{ channel: given.channel ?? null, secondChannel: given.secondChannel ?? null },
      ...{ fallbackChannel: given.fallbackChannel ?? null, rotation: given.rotation ?? null },
      ...{ userGroup: given.userGroup ?? null, managerGroup: given.managerGroup ?? null },
      webhook: url == null || secret == null ? null : { url, secret },
      workingHours:
        workingHours == null
          ? null
          : {
              ...{ timeZone: workingHours.timeZone, days: workingHours.days ?? [1, 2, 3, 4, 5] },
              ...{ fromMinute: workingHours.fromMinute ?? 540, untilMinute: workingHours.untilMinute ?? 1_020 },
            },
    };
    const wanted = { scope: scopeOf(given), leastSeverity, definition, reason: given.reason };
    return { route: await routes.setRoute(context.deps.db, wanted, changeBy(context)) };
  });
}

export function removeAlertRoute(_: unknown, { input }: Input, context: RequestContext) {
  return withUserErrors({ route: null }, async () => ({
    route: await routes.removeRoute(context.deps.db, parseArguments(byId, input), changeBy(context)),
  }));
}

export function setOnCallRotation(_: unknown, { input }: Input, context: RequestContext) {
  return withUserErrors({ rotation: null }, async () => {
    const { shiftHours, ...given } = parseArguments(rotationInput, input);
    const wanted = { ...given, scope: scopeOf(given), shiftHours: shiftHours ?? 168 };
    return { rotation: await rotations.setRotation(context.deps.db, wanted, changeBy(context)) };
  });
}

export function removeOnCallRotation(_: unknown, { input }: Input, context: RequestContext) {
  return withUserErrors({ rotation: null }, async () => ({
    rotation: await rotations.removeRotation(context.deps.db, parseArguments(byName, input), changeBy(context)),
  }));
}

export function overrideOnCall(_: unknown, { input }: Input, context: RequestContext) {
  return withUserErrors({ override: null }, async () => {
    const { personId, from, ...given } = parseArguments(overrideInput, input);
    const wanted = { ...given, personId: personId ?? null, from: from ?? null };
    return { override: await overrides.overrideOnCall(context.deps.db, wanted, changeBy(context)) };
  });
}

export function endOnCallOverride(_: unknown, { input }: Input, context: RequestContext) {
  return withUserErrors({ override: null }, async () => ({
    override: await overrides.endOnCallOverride(context.deps.db, parseArguments(byId, input), changeBy(context)),
  }));
}

type Escalate = { readonly id: string; readonly reason: string };

export function escalateAlert(_: unknown, { id, reason: why }: Escalate, { deps, actor, requestId }: RequestContext) {
  return withUserErrors({ alert: null }, async () => {
    const linkedNames = (deps.config.slack?.links ?? []).map(({ owner }) => owner);
    const changed = (topic: string) => deps.doorbell.changed(topic);
    return { alert: await escalateNow(deps.db, { alertId: id, actor, requestId, reason: why, linkedNames, changed }) };
  });
}

function changeBy({ actor, requestId, deps }: RequestContext) {
  const { approvalEnvironments } = deps.engine;
  const { slack } = deps.config;
  const linkedNames = (slack?.links ?? []).map(({ owner }) => owner);
  return { actor, requestId, approvalEnvironments, defaultChannel: slack?.alertChannel ?? null, linkedNames };
}
