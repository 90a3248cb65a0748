import { z } from 'zod';
import { severities } from '../../domain/alert.ts';
import type { Blackout, CalendarScope, KeptHold, MaintenanceWindow } from '../../domain/calendar.ts';
import { coversCluster } from '../../domain/why-not-now.ts';
import { listBlackouts, listHolds, listWindows } from '../../store/reads/calendar.ts';
import { previewHidingWindow } from '../../store/reads/hiding-windows.ts';
import { type Connection, type PageArguments, readConnection, slicePage } from '../connection.ts';
import { readHideable, scopeOf } from '../Mutation/calendar.ts';
import { parseArguments } from '../Mutation/parse-arguments.ts';
import { type RequestContext, readableBy } from '../request-context.ts';

type Arguments = PageArguments & { readonly clusterId?: string | null };

export function maintenanceWindows(_: unknown, page: Arguments, context: RequestContext) {
  return entries<MaintenanceWindow>(page, context, {
    name: 'maintenanceWindows',
    read: () => listWindows(context.deps.db, readableBy(context.actor)),
    placeOf: ({ name, id }) => [name, id],
    isDescending: false,
  });
}

export function blackouts(_: unknown, page: Arguments & { past?: boolean | null }, context: RequestContext) {
  const which = { visibility: readableBy(context.actor), past: page.past ?? false };
  return entries<Blackout>(page, context, {
    name: 'blackouts',
    read: () => listBlackouts(context.deps.db, which),
    placeOf: ({ from, id }) => [from.toISOString(), id],
    isDescending: false,
  });
}

export function automationHolds(_: unknown, page: Arguments & { ended?: boolean | null }, context: RequestContext) {
  const which = { visibility: readableBy(context.actor), ended: page.ended ?? false };
  return entries<KeptHold>(page, context, {
    name: 'automationHolds',
    read: () => listHolds(context.deps.db, which),
    placeOf: ({ heldAt, id }) => [heldAt.toISOString(), id],
    isDescending: true,
  });
}

const previewInput = z.object({
  environment: z.string().nullish(),
  clusterId: z.string().nullish(),
  hidesAlertsUpTo: z.enum(severities),
});

export function previewMaintenanceWindow(_: unknown, { input }: { input: unknown }, { deps, actor }: RequestContext) {
  const { hidesAlertsUpTo, ...place } = parseArguments(previewInput, input);
  const wanted = { scope: scopeOf(place), upTo: readHideable(hidesAlertsUpTo) };
  return previewHidingWindow(deps.db, { visibility: readableBy(actor), ...wanted });
}

type Place = readonly [string, string];

type Entries<T> = {
  readonly name: string;
  readonly read: () => Promise<readonly T[]>;
  readonly placeOf: (row: T) => Place;
  readonly isDescending: boolean;
};

/** A page of a list of some dozens of entries, which is read as a whole. */
async function entries<T extends { readonly scope: CalendarScope }>(
  page: Arguments,
  context: RequestContext,
  { name, read, placeOf, isDescending }: Entries<T>,
): Promise<Connection<T>> {
  const compare = (a: Place, b: Place) => (isBefore(a, b) ? -1 : isBefore(b, a) ? 1 : 0) * (isDescending ? -1 : 1);
  const covering = await coveringOnly(await read(), page.clusterId ?? null, context);
  const rows = covering.toSorted((a, b) => compare(placeOf(a), placeOf(b)));
  return readConnection<T, Place>(page, {
    name,
    key: z.tuple([z.string(), z.string()]),
    keyOf: placeOf,
    read: async (part) =>
      slicePage(rows, {
        ...part,
        isBehind: (row, key) => compare(placeOf(row), key) > 0,
        isAhead: (row, key) => compare(placeOf(row), key) < 0,
      }),
    count: async () => rows.length,
  });
}

/** A cluster that the actor may not see is covered by nothing, like one that does not exist. */
async function coveringOnly<T extends { readonly scope: CalendarScope }>(
  rows: readonly T[],
  clusterId: string | null,
  { loaders }: RequestContext,
): Promise<readonly T[]> {
  if (clusterId === null) return rows;
  const cluster = await loaders.cluster.load(clusterId);
  if (cluster === null) return [];
  return rows.filter(({ scope }) => coversCluster(scope, { clusterId, environment: cluster.environment }));
}

function isBefore([a, idA]: Place, [b, idB]: Place): boolean {
  return a === b ? idA < idB : a < b;
}
