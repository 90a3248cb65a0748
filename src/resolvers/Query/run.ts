import { AppError } from '../../errors.ts';
import { findVisibleRunByNumber } from '../../store/reads/runs.ts';
import { type RequestContext, readableBy } from '../request-context.ts';

export function run(
  _: unknown,
  { id, number }: { id?: string | null; number?: number | null },
  { deps, actor, loaders }: RequestContext,
) {
  if (id != null && number == null) return loaders.run.load(id);
  if (number != null && id == null) return findVisibleRunByNumber(deps.db, { visibility: readableBy(actor), number });
  throw new AppError('BAD_USER_INPUT', 'run takes either id or number', { hint: 'Give exactly one of them.' });
}
