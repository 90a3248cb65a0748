import { type Actor, can, canSomewhere, type Permission } from '../domain/access.ts';
import { AppError } from '../errors.ts';
import { insertAudit } from '../store/access/audit.ts';
import { type Visibility, visibilityOf } from '../store/reads/visibility.ts';
import type { ApiDeps } from './api-deps.ts';
import { type Loaders, makeLoaders } from './loaders.ts';

/** Who asks, as the request's token says. */
export type Caller = { readonly actor: Actor; readonly tokenId: string | null; readonly tokenExpiresAt: Date | null };

/** Requests in the present minute. */
export type Rate = { readonly limit: number; readonly remaining: number; readonly resetAt: Date | null };

/** What a request may cost at most by its text, and the most that is let through. */
export type Cost = { readonly cost: number; readonly limit: number };

/** What every resolver of one request shares. */
export type RequestContext = {
  readonly deps: ApiDeps;
  readonly caller: Caller;
  readonly actor: Actor;
  readonly requestId: string;
  /** What the request may cost at most; set when it was counted, null over WebSocket. */
  cost: Cost | null;
  /** What the token may still ask; null where nobody counts. */
  readonly rate: Rate | null;
  /** One set per request, and a new one per event of a subscription: what they keep must never become stale. */
  loaders: Loaders;
  /** The actor as they are now, for what goes on for long; null when their token or they themselves were shut out. */
  readonly currentActor: () => Promise<Actor | null>;
};

export function makeRequestContext(
  deps: ApiDeps,
  {
    caller,
    requestId,
    currentActor,
    rate = null,
  }: { caller: Caller; requestId: string; currentActor?: () => Promise<Actor | null>; rate?: Rate | null },
): RequestContext {
  const { actor } = caller;
  return {
    deps,
    caller,
    actor,
    requestId,
    cost: null,
    rate,
    loaders: makeLoaders(deps.db, readableBy(actor)),
    currentActor: currentActor ?? (async () => actor),
  };
}

/** The clusters an actor may see. */
export function readableBy(actor: Actor): Visibility {
  return visibilityOf(actor, 'cluster:read');
}

type Need = { readonly permission: Permission; readonly action: string };

/** Refuses, and notes it in the audit log, unless the actor may do this for the whole installation. */
export async function requireGlobally(context: RequestContext, need: Need): Promise<void> {
  if (!can(context.actor, need.permission, null))
    await refuse(context, need, `It needs the permission ${need.permission} everywhere`);
}

/** Refuses, and notes it in the audit log, unless the actor may do this on one cluster at least. */
export async function requireSomewhere(context: RequestContext, need: Need): Promise<void> {
  if (!canSomewhere(context.actor, need.permission))
    await refuse(context, need, `It needs the permission ${need.permission}`);
}

async function refuse({ actor, deps, requestId }: RequestContext, { action }: Need, why: string): Promise<never> {
  const nowhere = { subject: null, clusterId: null, runId: null, detail: null };
  await insertAudit(deps.db, { actor, action, outcome: 'FORBIDDEN', requestId, ...nowhere });
  throw new AppError('FORBIDDEN', `${actor.name} may not do this`, {
    hint: `${why}; ask an ADMIN for a role that has it.`,
  });
}
