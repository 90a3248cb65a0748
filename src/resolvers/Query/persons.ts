import { z } from 'zod';
import { countPersons, listPersons } from '../../store/reads/persons.ts';
import { type PageArguments, readConnection } from '../connection.ts';
import { type RequestContext, requireGlobally } from '../request-context.ts';

export async function persons(_: unknown, page: PageArguments, context: RequestContext) {
  await requireGlobally(context, { permission: 'access:manage', action: 'persons' });
  return readConnection(page, {
    name: 'persons',
    key: z.object({ name: z.string() }),
    read: (part) => listPersons(context.deps.db, part),
    keyOf: ({ name }) => ({ name }),
    count: () => countPersons(context.deps.db),
  });
}
