import { z } from 'zod';
import type { AlertSignal, Severity } from '../../domain/alert.ts';
import { countAlerts, listAlerts } from '../../store/alerts/alerts.ts';
import { type PageArguments, readConnection } from '../connection.ts';
import { type RequestContext, readableScopes } from '../request-context.ts';

type AlertFilter = {
  clusterId?: string | null;
  open?: boolean | null;
  severities?: readonly Severity[] | null;
  signals?: readonly AlertSignal[] | null;
  since?: Date | null;
  until?: Date | null;
};

export function alerts(
  _: unknown,
  { filter, ...page }: PageArguments & { filter?: AlertFilter | null },
  { deps, actor }: RequestContext,
) {
  const { clusterId, open, severities, signals, since, until } = filter ?? {};
  const which = {
    visibleTo: readableScopes(actor),
    ...(clusterId == null ? {} : { clusterIds: [clusterId] }),
    ...(open == null ? {} : { open }),
    ...(severities == null ? {} : { severities }),
    ...(signals == null ? {} : { signals }),
    ...(since == null ? {} : { since }),
    ...(until == null ? {} : { until }),
  };
  return readConnection(page, {
    name: 'alerts',
    key: z.object({ number: z.int() }),
    read: ({ limit, after, before = null, backward = false }) =>
      listAlerts(deps.db, {
        ...which,
        limit,
        backward,
        ...(after === null ? {} : { beforeNumber: after.number }),
        ...(before === null ? {} : { afterNumber: before.number }),
      }),
    count: () => countAlerts(deps.db, which),
    keyOf: ({ number }) => ({ number }),
  });
}
