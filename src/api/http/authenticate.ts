import type { Actor } from '../../domain/access.ts';
import type { ApiDeps } from '../../resolvers/api-deps.ts';
import type { Caller } from '../../resolvers/request-context.ts';
import { findActorByToken } from '../../store/access/actors.ts';
import { insertAudit } from '../../store/access/audit.ts';

export type Attempt = {
  readonly authorization: string | undefined;
  readonly address: string;
  readonly requestId: string;
};

export type Authenticate = (attempt: Attempt) => Promise<Caller | 'refused' | 'too-many-attempts'>;

const windowMs = 60_000;
const attemptsPerWindow = 20;

/**
 * Makes the function that turns `Authorization: Bearer …` into a person. Failed attempts are audited, but only 20 a
 * minute for one address; after that it has to wait. A good token is let through even then, so that nobody is locked out
 * because of others at the same address.
 */
export function makeAuthenticate(
  deps: Pick<ApiDeps, 'db' | 'log'>,
  { anonymous }: { anonymous: Actor | null },
): Authenticate {
  const failures = countFailures();
  return async (attempt) => {
    const token = /^Bearer +([\x21-\x7e]{1,300})$/i.exec(attempt.authorization ?? '')?.[1];
    if (token === undefined && anonymous !== null) return { actor: anonymous, tokenId: null, tokenExpiresAt: null };
    const found = token === undefined ? null : await findActorByToken(deps.db, token);
    if (found !== null) return { actor: found.actor, tokenId: found.tokenId, tokenExpiresAt: found.expiresAt };
    if (failures.add(attempt.address) > attemptsPerWindow) return 'too-many-attempts';
    await noteFailure(deps, attempt, token === undefined ? 'no token' : 'unknown token');
    return 'refused';
  };
}

async function noteFailure(
  { db, log }: Pick<ApiDeps, 'db' | 'log'>,
  { address, requestId }: Attempt,
  reason: string,
): Promise<void> {
  log.warn({ requestId, address, reason }, 'refused a request without a good token');
  await insertAudit(db, {
    actor: { id: 'unknown', name: 'unknown', via: 'API' },
    action: 'authenticate',
    subject: null,
    clusterId: null,
    outcome: 'UNAUTHENTICATED',
    detail: { address, reason },
    runId: null,
    requestId,
  });
}

/** Failures by address in the present minute; everything is forgotten with the minute, so it cannot grow for long. */
function countFailures() {
  const counts = new Map<string, number>();
  let windowEndsAt = 0;
  return {
    add: (address: string): number => {
      if (Date.now() >= windowEndsAt) {
        counts.clear();
        windowEndsAt = Date.now() + windowMs;
      }
      const count = (counts.get(address) ?? 0) + 1;
      counts.set(address, count);
      return count;
    },
  };
}
