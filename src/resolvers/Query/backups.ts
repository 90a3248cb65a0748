import { z } from 'zod';
import { type BackupListFilter, countBackups, listBackups } from '../../store/reads/backups.ts';
import { type PageArguments, readConnection } from '../connection.ts';
import { type RequestContext, readableBy } from '../request-context.ts';

const key = z.object({ startedAt: z.iso.datetime().transform((text) => new Date(text)), id: z.string() });

export function backups(
  _: unknown,
  { filter, ...page }: PageArguments & { filter?: BackupListFilter | null },
  { deps, actor }: RequestContext,
) {
  const which = { visibility: readableBy(actor), filter: filter ?? {} };
  return readConnection(page, {
    name: 'backups',
    key,
    read: (part) => listBackups(deps.db, { ...which, page: part }),
    count: () => countBackups(deps.db, which),
    keyOf: ({ startedAt, id }) => ({ startedAt, id }),
  });
}
