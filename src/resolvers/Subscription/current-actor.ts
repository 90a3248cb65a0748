import type { Actor } from '../../domain/access.ts';
import { AppError } from '../../errors.ts';
import type { RequestContext } from '../request-context.ts';

/** The person who watches, with the rights they hold now. Throws `UNAUTHENTICATED`, which ends the subscription. */
export async function readCurrentActor({ currentActor }: Pick<RequestContext, 'currentActor'>): Promise<Actor> {
  const actor = await currentActor();
  if (actor !== null) return actor;
  throw new AppError('UNAUTHENTICATED', 'The token has ended', { hint: 'Connect again with a live token.' });
}
