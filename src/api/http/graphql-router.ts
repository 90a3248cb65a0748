import type { ApolloServer } from '@apollo/server';
import { expressMiddleware } from '@as-integrations/express5';
import express, { type NextFunction, type Request, type RequestHandler, type Response, Router } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { z } from 'zod';
import type { ApiDeps } from '../../resolvers/api-deps.ts';
import { type Caller, makeRequestContext, type Rate, type RequestContext } from '../../resolvers/request-context.ts';
import { isNestedTooDeep, nestsTooDeep, tooDeep } from '../limits/nesting.ts';
import type { Authenticate } from './authenticate.ts';
import type { RequestIds } from './request-ids.ts';
import { respondWithError } from './respond.ts';

const maxBody = '256kb';

export type GraphqlRouterDeps = {
  readonly apollo: ApolloServer<RequestContext>;
  readonly deps: ApiDeps;
  readonly authenticate: Authenticate;
  /** Requests a minute for one token; 0 = no limit. */
  readonly requestsPerMinute: number;
  readonly requestIds: RequestIds;
};

/** `POST /graphql`: first authentication, then the rate limit, then the body, then GraphQL. */
export function makeGraphqlRouter({
  apollo,
  deps,
  authenticate,
  requestsPerMinute,
  requestIds,
}: GraphqlRouterDeps): Router {
  const callers = new WeakMap<Request, Caller>();
  const callerOf = (request: Request): Caller => {
    const caller = callers.get(request);
    if (caller === undefined) throw new Error('a request came to GraphQL without a caller');
    return caller;
  };
  const router = Router();
  router.use(refuseOtherMethods(requestIds));
  router.use(async (request: Request, response: Response, next: NextFunction) => {
    const requestId = requestIds.of(request);
    const caller = await authenticate({
      authorization: request.headers.authorization,
      address: request.ip ?? 'unknown',
      requestId,
    });
    if (caller === 'too-many-attempts') {
      response.setHeader('Retry-After', '60');
      response.setHeader('Connection', 'close');
      respondWithError(response, 429, {
        code: 'RATE_LIMITED',
        message: 'Too many requests without a good token',
        hint: 'Wait a minute.',
        requestId,
      });
    } else if (caller === 'refused') {
      response.setHeader('WWW-Authenticate', 'Bearer');
      // The body of a request without a valid token is not waited for.
      response.setHeader('Connection', 'close');
      respondWithError(response, 401, {
        code: 'UNAUTHENTICATED',
        message: 'The token is missing, unknown, expired or revoked',
        hint: 'Send the header `Authorization: Bearer <token>`.',
        requestId,
      });
    } else {
      callers.set(request, caller);
      next();
    }
  });
  if (requestsPerMinute > 0) router.use(limitRate({ requestsPerMinute, callerOf, requestIds }));
  router.use(express.json({ limit: maxBody }));
  router.use(refuseDeepBodies(requestIds));
  router.use(
    expressMiddleware(apollo, {
      context: async ({ req }) =>
        makeRequestContext(deps, { caller: callerOf(req), requestId: requestIds.of(req), rate: rateOf(req) }),
    }),
  );
  return router;
}

function refuseOtherMethods(requestIds: RequestIds): RequestHandler {
  return (request, response, next) => {
    if (request.method === 'POST') return next();
    response.setHeader('Allow', 'POST');
    respondWithError(response, 405, {
      code: 'BAD_USER_INPUT',
      message: 'GraphQL is asked with POST here',
      hint: 'Subscriptions go over WebSocket, with the graphql-ws protocol.',
      requestId: requestIds.of(request),
    });
  };
}

const rateInfo = z.object({ limit: z.number(), remaining: z.number(), resetTime: z.date().optional() });

/** What the limiter put on the request; null when there is no limiter. */
function rateOf(request: Request): Rate | null {
  const noted = rateInfo.safeParse('rateLimit' in request ? request.rateLimit : null).data;
  return noted === undefined
    ? null
    : { limit: noted.limit, remaining: noted.remaining, resetAt: noted.resetTime ?? null };
}

/**
 * Runs before anything reads the document: parsers and validators recurse as deep as the document nests, and fail when
 * the stack is full.
 */
function refuseDeepBodies(requestIds: RequestIds): RequestHandler {
  return (request, response, next) => {
    const body: unknown = request.body;
    const query = typeof body === 'object' && body !== null && 'query' in body ? body.query : null;
    if (!isNestedTooDeep(body) && !(typeof query === 'string' && nestsTooDeep(query))) return next();
    const { message, extensions } = tooDeep();
    const hint = String(extensions.hint);
    respondWithError(response, 400, { code: 'BAD_USER_INPUT', message, hint, requestId: requestIds.of(request) });
  };
}

function limitRate({
  requestsPerMinute,
  callerOf,
  requestIds,
}: Pick<GraphqlRouterDeps, 'requestsPerMinute' | 'requestIds'> & {
  callerOf: (request: Request) => Caller;
}): RequestHandler {
  return rateLimit({
    windowMs: 60_000,
    limit: requestsPerMinute,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    keyGenerator: (request) => callerOf(request).tokenId ?? ipKeyGenerator(request.ip ?? ''),
    handler: (request, response) =>
      respondWithError(response, 429, {
        code: 'RATE_LIMITED',
        message: `More than ${requestsPerMinute} requests a minute with one token`,
        hint: 'Wait as long as Retry-After says.',
        requestId: requestIds.of(request),
      }),
  });
}
