import type { Risk } from '../domain/approval.ts';
import type {
  Blackout as BlackoutEntry,
  CalendarScope,
  KeptHold,
  MaintenanceWindow as WindowEntry,
} from '../domain/calendar.ts';
import type { Cluster } from '../domain/cluster.ts';
import { calendarFor, isBlackedOutAt, isHeldAt, nextWindow, whyNotNow } from '../domain/why-not-now.ts';
import { nextOpenings, openingAt } from '../domain/window-times.ts';
import { AppError } from '../errors.ts';
import type { RequestContext } from './request-context.ts';

type Scoped = { readonly scope: CalendarScope };

/** The fields of whatever has a scope. */
export const ofScope = {
  scope: ({ scope }: Scoped) => scope.kind.toUpperCase(),
  environment: ({ scope }: Scoped) => (scope.kind === 'environment' ? scope.environment : null),
  cluster: ({ scope }: Scoped, _: unknown, { loaders }: RequestContext) =>
    scope.kind === 'cluster' ? loaders.cluster.load(scope.clusterId) : null,
};

const maxOpenings = 50;

export const MaintenanceWindow = {
  ...ofScope,
  isOpen: (window: WindowEntry, _: unknown, { deps }: RequestContext) => openingAt(window, deps.engine.now()) !== null,
  nextOpenings: (window: WindowEntry, { first }: { first?: number | null }, { deps }: RequestContext) => {
    const count = first ?? 5;
    if (count < 1 || count > maxOpenings)
      throw new AppError('BAD_USER_INPUT', `first is 1 to ${maxOpenings}`, { path: ['first'] });
    return nextOpenings(window, { after: deps.engine.now(), count }).map((opening) => ({ window, ...opening }));
  },
};

export const Blackout = {
  ...ofScope,
  isOn: (blackout: BlackoutEntry, _: unknown, { deps }: RequestContext) => isBlackedOutAt(blackout, deps.engine.now()),
};

export const AutomationHold = {
  scope: ofScope.scope,
  cluster: ofScope.cluster,
  state: (hold: KeptHold, _: unknown, { deps }: RequestContext) => {
    if (hold.released !== null) return 'RELEASED';
    return isHeldAt(hold, deps.engine.now()) ? 'HELD' : 'EXPIRED';
  },
  releasedByName: ({ released }: KeptHold) => released?.byName ?? null,
  releasedAt: ({ released }: KeptHold) => released?.at ?? null,
};

/** The field `Cluster.automation`: the calendar as it is for one cluster at one moment. */
export async function automationOf(cluster: Cluster, _: unknown, { loaders, deps }: RequestContext) {
  const at = deps.engine.now();
  const place = { clusterId: cluster.id, environment: cluster.environment };
  const calendar = calendarFor(await loaders.calendar.load('whole'), place);
  const holds = calendar.holds.filter((hold) => isHeldAt(hold, at));
  return {
    isHeld: holds.length > 0,
    holds,
    blackouts: calendar.blackouts.filter(({ until }) => at < until),
    windows: calendar.windows,
    nextWindow: nextWindow(calendar.windows, at),
    whyNotNow: ({ risk }: { risk?: Uppercase<Risk> | null }) =>
      whyNotNow(calendar, { ...place, at, risk: riskOf(risk ?? 'HIGH') }),
  };
}

function riskOf(name: Uppercase<Risk>): Risk {
  switch (name) {
    case 'READ':
      return 'read';
    case 'LOW':
      return 'low';
    case 'HIGH':
      return 'high';
    case 'DESTRUCTIVE':
      return 'destructive';
    default:
      return name satisfies never;
  }
}
