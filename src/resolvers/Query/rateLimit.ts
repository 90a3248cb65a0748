import type { RequestContext } from '../request-context.ts';

/** Null over WebSocket, where requests are not counted. */
export function rateLimit(_: unknown, _args: unknown, { cost, rate }: RequestContext) {
  if (cost === null) return null;
  return {
    cost: cost.cost,
    costLimit: cost.limit,
    limit: rate?.limit ?? null,
    remaining: rate?.remaining ?? null,
    resetAt: rate?.resetAt ?? null,
  };
}
