import { z } from 'zod';
import { type AlertListFilter, countAlerts, listAlerts } from '../../store/reads/alerts.ts';
import { type PageArguments, readConnection } from '../connection.ts';
import { type RequestContext, readableBy } from '../request-context.ts';

export function alerts(
  _: unknown,
  { filter, ...page }: PageArguments & { filter?: AlertListFilter | null },
  { deps, actor }: RequestContext,
) {
  const which = { visibility: readableBy(actor), filter: filter ?? {} };
  return readConnection(page, {
    name: 'alerts',
    key: z.object({ number: z.int() }),
    read: (part) => listAlerts(deps.db, { ...which, page: part }),
    count: () => countAlerts(deps.db, which),
    keyOf: ({ number }) => ({ number }),
  });
}
