import { z } from 'zod';
import type { Severity } from '../../domain/alert.ts';
import { listAlerts } from '../../store/alerts.ts';
import { type PageArguments, readConnection } from '../connection.ts';
import { type RequestContext, readableScopes } from '../request-context.ts';

type AlertFilter = { clusterId?: string | null; open?: boolean | null; severities?: readonly Severity[] | null };

export function alerts(
  _: unknown,
  { filter, ...page }: PageArguments & { filter?: AlertFilter | null },
  { deps, actor }: RequestContext,
) {
  const { clusterId, open, severities } = filter ?? {};
  return readConnection(page, {
    name: 'alerts',
    key: z.object({ number: z.int() }),
    read: ({ limit, after }) =>
      listAlerts(deps.db, {
        visibleTo: readableScopes(actor),
        limit,
        ...(clusterId == null ? {} : { clusterIds: [clusterId] }),
        ...(open == null ? {} : { open }),
        ...(severities == null ? {} : { severities }),
        ...(after === null ? {} : { beforeNumber: after.number }),
      }),
    keyOf: ({ number }) => ({ number }),
  });
}
