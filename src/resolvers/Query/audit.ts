import { z } from 'zod';
import { canSomewhere } from '../../domain/access.ts';
import { AppError } from '../../errors.ts';
import { type AuditListFilter, listAudit } from '../../store/queries/audit.ts';
import { visibilityOf } from '../../store/queries/visibility.ts';
import { type PageArguments, readConnection } from '../connection.ts';
import type { RequestContext } from '../request-context.ts';

export function audit(
  _: unknown,
  { filter, ...page }: PageArguments & { filter?: AuditListFilter | null },
  { deps, actor }: RequestContext,
) {
  if (!canSomewhere(actor, 'audit:read')) {
    throw new AppError('FORBIDDEN', `${actor.name} may not read the audit log`, {
      hint: 'The roles APPROVER and ADMIN may.',
    });
  }
  return readConnection(page, {
    name: 'audit',
    key: z.object({ number: z.int() }),
    read: (part) =>
      listAudit(deps.db, { visibility: visibilityOf(actor, 'audit:read'), filter: filter ?? {}, page: part }),
    keyOf: ({ number }) => ({ number }),
  });
}
