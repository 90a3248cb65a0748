import { z } from 'zod';
import { type ClusterListFilter, countClusters, listClusters } from '../../store/reads/clusters.ts';
import { type PageArguments, readConnection } from '../connection.ts';
import { type RequestContext, readableBy } from '../request-context.ts';

export function clusters(
  _: unknown,
  { filter, ...page }: PageArguments & { filter?: ClusterListFilter | null },
  { deps, actor }: RequestContext,
) {
  const which = { visibility: readableBy(actor), filter: filter ?? {} };
  return readConnection(page, {
    name: 'clusters',
    key: z.object({ name: z.string() }),
    read: (part) => listClusters(deps.db, { ...which, page: part }),
    count: () => countClusters(deps.db, which),
    keyOf: ({ name }) => ({ name }),
  });
}
