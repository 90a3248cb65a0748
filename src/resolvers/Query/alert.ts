import { AppError } from '../../errors.ts';
import { findVisibleAlert } from '../../store/reads/alerts.ts';
import { type RequestContext, readableBy } from '../request-context.ts';

export function alert(
  _: unknown,
  { id, number }: { id?: string | null; number?: number | null },
  { deps, actor }: RequestContext,
) {
  const visibility = readableBy(actor);
  if (id != null && number == null) return findVisibleAlert(deps.db, { visibility, id });
  if (number != null && id == null) return findVisibleAlert(deps.db, { visibility, number });
  throw new AppError('BAD_USER_INPUT', 'alert takes either id or number', { hint: 'Give exactly one of them.' });
}
