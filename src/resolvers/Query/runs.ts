import { z } from 'zod';
import { countRuns, listRuns, type RunListFilter } from '../../store/reads/runs.ts';
import { type PageArguments, readConnection } from '../connection.ts';
import { type RequestContext, readableBy } from '../request-context.ts';

type RunFilter = RunListFilter & { mine?: boolean | null };

export function runs(
  _: unknown,
  { filter, ...page }: PageArguments & { filter?: RunFilter | null },
  { deps, actor }: RequestContext,
) {
  const { mine, ...rest } = filter ?? {};
  const which = {
    visibility: readableBy(actor),
    filter: { ...rest, ...(mine === true ? { requestedById: actor.id } : {}) },
  };
  return readConnection(page, {
    name: 'runs',
    key: z.object({ number: z.int() }),
    read: (part) => listRuns(deps.db, { ...which, page: part }),
    count: () => countRuns(deps.db, which),
    keyOf: ({ number }) => ({ number }),
  });
}
