import { type Actor, nobodyName } from '../../domain/access.ts';
import { AppError } from '../../errors.ts';

/**
 * Why this actor may not answer for what begins by itself; null = they may. While no login is needed, everybody acts as one
 * name that holds no role in the table, so nothing would be found at a firing, and it would end as not entitled each time.
 */
export function whyNobody(actor: Pick<Actor, 'name'>): AppError | null {
  if (actor.name !== nobodyName) return null;
  return new AppError(
    'PRECONDITION_FAILED',
    'What begins by itself needs a person who answers for it, and nobody is logged in',
    {
      hint: 'Use a token of a person with a role, also while STARWARDEN_INSECURE_NO_AUTH lets requests without one pass: their rights are looked at each time.',
    },
  );
}

/** Throws that, if there is any. */
export function refuseNobody(actor: Pick<Actor, 'name'>): void {
  const why = whyNobody(actor);
  if (why !== null) throw why;
}
