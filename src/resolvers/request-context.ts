import { type Actor, can, canSomewhere, type Permission } from '../domain/access.ts';
import { AppError } from '../errors.ts';
import { insertAudit } from '../store/access/audit.ts';
import { type Visibility, visibilityOf } from '../store/reads/visibility.ts';
import type { ApiDeps } from './api-deps.ts';
import { type Loaders, makeLoaders } from './loaders.ts';

/** Who asks, as the request's token says. */
export type Caller = { readonly actor: Actor; readonly tokenId: string | null; readonly tokenExpiresAt: Date | null };

/** The requests in the present minute. */
export type Rate = { readonly limit: number; readonly remaining: number; readonly resetAt: Date | null };

/** What a request may cost at most by its text, and the limit. */
export type Cost = { readonly cost: number; readonly limit: number };

/** What every resolver of one request shares. */
export type RequestContext = {
  readonly deps: ApiDeps;
  readonly caller: Caller;
  readonly actor: Actor;
  readonly requestId: string;
  /** The most that the request may cost; set when it was counted, null over WebSocket. */
  cost: Cost | null;
  /** How many requests the token has left; null where requests are not counted. */
  readonly rate: Rate | null;
  /** One set for each request, and a new one for each event of a subscription: what loaders keep must never become stale. */
  loaders: Loaders;
  /** The actor as they are now, for long connections; null when their token has ended or they were shut out. */
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
    loaders: makeLoaders(deps, readableBy(actor)),
    currentActor: currentActor ?? (async () => actor),
  };
}

/** The clusters an actor may see. */
export function readableBy(actor: Actor): Visibility {
  return visibilityOf(actor, 'cluster:read');
}

type Need = { readonly permission: Permission; readonly action: string };

/** Refuses, and records that in the audit log, unless the actor may do this for the whole installation. */
export async function requireGlobally(context: RequestContext, need: Need): Promise<void> {
  if (!can(context.actor, need.permission, null))
    await refuse(context, need, `It needs the permission ${need.permission} everywhere`);
}

/** Refuses, and records that in the audit log, unless the actor may do this on at least one cluster. */
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
