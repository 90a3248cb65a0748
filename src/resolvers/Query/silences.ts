import { AppError } from '../../errors.ts';
import * as reads from '../../store/reads/silences.ts';
import { previewWanted } from '../../store/silences/silences.ts';
import { readMatchers } from '../Mutation/silences.ts';
import { type RequestContext, readableBy } from '../request-context.ts';

export function silences(_: unknown, { ended }: { ended?: boolean | null }, { deps, actor }: RequestContext) {
  return reads.listSilences(deps.db, { visibility: readableBy(actor), ended: ended ?? false });
}

export function silence(
  _: unknown,
  { id, number }: { id?: string | null; number?: number | null },
  { deps, actor }: RequestContext,
) {
  const visibility = readableBy(actor);
  if (id != null && number == null) return reads.findVisibleSilence(deps.db, { visibility, id });
  if (number != null && id == null) return reads.findVisibleSilence(deps.db, { visibility, number });
  throw new AppError('BAD_USER_INPUT', 'silence takes either id or number', { hint: 'Give exactly one of them.' });
}

export function previewSilence(_: unknown, { input }: { input: unknown }, { deps, actor }: RequestContext) {
  return previewWanted(deps.db, { visibility: readableBy(actor), ...readMatchers(input) });
}
