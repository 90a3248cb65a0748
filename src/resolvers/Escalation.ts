import type { Alert } from '../domain/alert.ts';
import type { CalendarScope } from '../domain/calendar.ts';
import type { Addressee } from '../domain/escalation/addressees.ts';
import { nobodyInWords } from '../domain/on-call.ts';
import { readDatabaseTime } from '../store/database.ts';
import type { KeptOnCallOverride, KeptRoute, Said } from '../store/escalation/escalation-rows.ts';
import { readOnCall } from '../store/escalation/facts.ts';
import {
  deliveriesOfSteps,
  listOnCallOverrides,
  listRotations,
  listRoutes,
  stepsOfAlerts,
} from '../store/reads/escalations.ts';
import { type RequestContext, readableBy } from './request-context.ts';

type Past = { readonly past?: boolean | null };

/** The query `alertRoutes`. */
export function alertRoutes(_: unknown, { past }: Past, { deps, actor }: RequestContext) {
  return listRoutes(deps.db, { visibility: readableBy(actor), past: past ?? false });
}

/** The query `onCallRotations`. */
export function onCallRotations(_: unknown, { past }: Past, { deps, actor }: RequestContext) {
  return listRotations(deps.db, { visibility: readableBy(actor), past: past ?? false });
}

/** The query `onCall`. */
export async function onCall(_: unknown, { at: asked }: { at?: Date | null }, { deps, actor }: RequestContext) {
  const { db } = deps;
  const rotations = await listRotations(db, { visibility: readableBy(actor), past: false });
  const overrides = await listOnCallOverrides(db, rotations);
  const at = asked ?? (await readDatabaseTime(db));
  const linkedNames = (deps.config.slack?.links ?? []).map(({ owner }) => owner);
  return Promise.all(
    rotations.map(async (rotation) => {
      const { onCall: now, gap } = await readOnCall(db, { rotation, routing: { overrides }, at, linkedNames });
      const { name } = rotation;
      if (now.kind === 'NOBODY')
        return { rotation: name, whyNobody: nobodyInWords(now.why), until: now.until, override: null, gap };
      const { primary, secondary, until } = now;
      const override = overrides.find(({ id }) => id === now.override?.id) ?? null;
      return { rotation: name, primary, secondary, until, override, gap };
    }),
  );
}

const ofScope = {
  scope: ({ scope }: { scope: CalendarScope }) => scope.kind.toUpperCase(),
  environment: ({ scope }: { scope: CalendarScope }) => (scope.kind === 'environment' ? scope.environment : null),
  clusterId: ({ scope }: { scope: CalendarScope }) => (scope.kind === 'cluster' ? scope.clusterId : null),
};

const endedAt = ({ ended }: Said) => ended?.at ?? null;

export const AlertRoute = {
  ...ofScope,
  hasWebhook: ({ webhook }: KeptRoute) => webhook !== null,
  endedAt,
  endedByName: ({ ended }: Said) => ended?.byName ?? null,
};

export const OnCallRotation = { ...ofScope, endedAt };

export const OnCallOverride = { endedAt: (override: KeptOnCallOverride) => endedAt(override) };

/** The field `Alert.escalations`, of an alert that was read with rights. */
export async function escalationsOf({ id }: Alert, _: unknown, { deps }: RequestContext) {
  const steps = await stepsOfAlerts(deps.db, [id]);
  const deliveries = await deliveriesOfSteps(
    deps.db,
    steps.map((step) => step.id),
  );
  return steps.map((step) => ({
    ...step,
    told: step.told.map((each) => ({ kind: each.kind, name: nameOf(each) })),
    deliveries: deliveries.filter(({ stepId }) => stepId === step.id),
  }));
}

function nameOf(addressee: Addressee): string | null {
  switch (addressee.kind) {
    case 'PERSON':
      return addressee.name;
    case 'GROUP':
      return addressee.id;
    case 'PLACE':
      return addressee.place;
    case 'WEBHOOK':
      return null;
    default:
      return addressee satisfies never;
  }
}
