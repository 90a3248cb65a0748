import { z } from 'zod';
import { type AuditListFilter, countAudit, listAudit } from '../../store/reads/audit.ts';
import { visibilityOf } from '../../store/reads/visibility.ts';
import { type PageArguments, readConnection } from '../connection.ts';
import { type RequestContext, requireSomewhere } from '../request-context.ts';

export async function audit(
  _: unknown,
  { filter, ...page }: PageArguments & { filter?: AuditListFilter | null },
  context: RequestContext,
) {
  await requireSomewhere(context, { permission: 'audit:read', action: 'audit' });
  const { deps, actor } = context;
  const which = { visibility: visibilityOf(actor, 'audit:read'), filter: filter ?? {} };
  return readConnection(page, {
    name: 'audit',
    key: z.object({ number: z.int() }),
    read: (part) => listAudit(deps.db, { ...which, page: part }),
    count: () => countAudit(deps.db, which),
    keyOf: ({ number }) => ({ number }),
  });
}
