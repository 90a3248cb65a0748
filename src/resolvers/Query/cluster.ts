import { AppError } from '../../errors.ts';
import { findVisibleClusterByName } from '../../store/reads/clusters.ts';
import { type RequestContext, readableBy } from '../request-context.ts';

export function cluster(
  _: unknown,
  { id, name }: { id?: string | null; name?: string | null },
  { deps, actor, loaders }: RequestContext,
) {
  if (id != null && name == null) return loaders.cluster.load(id);
  if (name != null && id == null) return findVisibleClusterByName(deps.db, { visibility: readableBy(actor), name });
  throw new AppError('BAD_USER_INPUT', 'cluster takes either id or name', { hint: 'Give exactly one of them.' });
}
