import { z } from 'zod';
import { listRuns, type RunListFilter } from '../../store/queries/runs.ts';
import { type PageArguments, readConnection } from '../connection.ts';
import { type RequestContext, readableBy } from '../request-context.ts';

type RunFilter = Omit<RunListFilter, 'requestedById'> & { mine?: boolean | null };

export function runs(
  _: unknown,
  { filter, ...page }: PageArguments & { filter?: RunFilter | null },
  { deps, actor }: RequestContext,
) {
  const { mine, ...rest } = filter ?? {};
  return readConnection(page, {
    name: 'runs',
    key: z.object({ number: z.int() }),
    read: (part) =>
      listRuns(deps.db, {
        visibility: readableBy(actor),
        filter: { ...rest, ...(mine === true ? { requestedById: actor.id } : {}) },
        page: part,
      }),
    keyOf: ({ number }) => ({ number }),
  });
}
