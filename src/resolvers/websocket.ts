import type { IncomingHttpHeaders, Server } from 'node:http';
import { GraphQLError, type GraphQLSchema } from 'graphql';
import type { ServerOptions } from 'graphql-ws';
import { type Extra, useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import type { Actor } from '../domain/access.ts';
import type { ApiDeps } from './api-deps.ts';
import type { Attempt, Authenticate } from './http/authenticate.ts';
import type { ApiMetrics } from './http/metrics.ts';
import type { RequestIds } from './http/request-ids.ts';
import { checkSubscription } from './limits/check-subscription.ts';
import { describeError, logUnexpected } from './log-unexpected.ts';
import { type Caller, makeRequestContext } from './request-context.ts';
import { toSafeError } from './safe-error.ts';

const maxMessageBytes = 256 * 1024;
const maxSubscriptionsPerSocket = 50;
/** How long a subscription goes on before its token is looked at again. */
const recheckMs = 10_000;

type Params = Record<string, unknown> | undefined;
/** What is known of a socket once its token was found good. */
type SocketFacts = { attempt?: Attempt; caller?: Caller };
type Options = ServerOptions<Params, Extra & SocketFacts>;
type Connection = Parameters<NonNullable<Options['onSubscribe']>>[0];

export type SocketDeps = {
  readonly schema: GraphQLSchema;
  readonly deps: ApiDeps;
  readonly authenticate: Authenticate;
  readonly metrics: ApiMetrics;
  readonly requestIds: RequestIds;
};

/**
 * Serves subscriptions over WebSocket, and nothing else: queries and mutations go over HTTP, where they are limited.
 * The token comes in `connectionParams.authorization`. Stops by closing every socket.
 */
export function serveWebSocket(server: Server, path: string, socketDeps: SocketDeps): { stop(): Promise<void> } {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes });
  server.on('upgrade', (request, socket, head) => {
    if (request.url?.split('?')[0] !== path || isFromOtherOrigin(request.headers)) {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (opened) => sockets.emit('connection', opened, request));
  });
  const served = useServer<Params, SocketFacts>({ ...makeOptions(socketDeps), isProd: true }, sockets);
  return { stop: async () => served.dispose() };
}

function makeOptions({ schema, deps, authenticate, metrics, requestIds }: SocketDeps): Options {
  return {
    schema,
    onConnect: (connection) => connect(connection, { deps, authenticate, requestIds }),
    onSubscribe: (connection, _id, { query, operationName, variables }) => {
      const { caller, attempt } = connection.extra;
      if (caller === undefined || attempt === undefined)
        return [refusal('UNAUTHENTICATED', 'The connection has no token')];
      if (Object.keys(connection.subscriptions).length > maxSubscriptionsPerSocket) {
        return [refusal('RATE_LIMITED', `A connection carries ${maxSubscriptionsPerSocket} subscriptions at most`)];
      }
      const checked = checkSubscription({
        schema,
        query,
        operationName: operationName ?? null,
        variables: variables ?? {},
      });
      if ('errors' in checked) return checked.errors;
      const currentActor = makeCurrentActor(attempt, authenticate);
      const contextValue = makeRequestContext(deps, { caller, requestId: attempt.requestId, currentActor });
      metrics.subscriptions.inc();
      return {
        schema,
        document: checked.document,
        operationName: operationName ?? null,
        variableValues: variables ?? null,
        contextValue,
      };
    },
    onNext: (connection, _id, { operationName }, _args, result) => {
      if (result.errors === undefined) return undefined;
      return { ...result, errors: safeErrors(connection, { deps, errors: result.errors, operationName }) };
    },
    onError: (connection, _id, { operationName }, errors) => safeErrors(connection, { deps, errors, operationName }),
    onComplete: () => metrics.subscriptions.dec(),
  };
}

/** Remembers who it is; false closes the socket with 4403. */
async function connect(
  connection: Connection,
  { deps, authenticate, requestIds }: Pick<SocketDeps, 'deps' | 'authenticate' | 'requestIds'>,
): Promise<boolean> {
  const attempt = attemptOf(connection, requestIds);
  try {
    const caller = await authenticate(attempt);
    if (typeof caller === 'string') return false;
    connection.extra.attempt = attempt;
    connection.extra.caller = caller;
    return true;
  } catch (error) {
    deps.log.error({ requestId: attempt.requestId, err: describeError(error) }, 'a token could not be looked up');
    return false;
  }
}

function attemptOf({ connectionParams, extra }: Connection, requestIds: RequestIds): Attempt {
  const given = connectionParams?.authorization ?? connectionParams?.Authorization;
  return {
    authorization: typeof given === 'string' ? given : undefined,
    address: extra.request.socket.remoteAddress ?? 'unknown',
    requestId: requestIds.of(extra.request),
  };
}

/** The actor as the token says it now, asked for again every so often, so that who was shut out does not listen on. */
function makeCurrentActor(attempt: Attempt, authenticate: Authenticate): () => Promise<Actor | null> {
  let known: Promise<Actor | null> | null = null;
  let askedAt = 0;
  return () => {
    if (known !== null && Date.now() - askedAt < recheckMs) return known;
    askedAt = Date.now();
    known = authenticate(attempt).then((caller) => (typeof caller === 'string' ? null : caller.actor));
    return known;
  };
}

function safeErrors(
  { extra }: Connection,
  {
    deps,
    errors,
    operationName,
  }: { deps: ApiDeps; errors: readonly GraphQLError[]; operationName: string | null | undefined },
) {
  const { caller, attempt } = extra;
  return errors.map((error) => {
    if (caller !== undefined && attempt !== undefined) {
      logUnexpected(
        { deps, actor: caller.actor, requestId: attempt.requestId },
        { error, operationName: operationName ?? null },
      );
    }
    return toSafeError(error, error.toJSON());
  });
}

function refusal(code: 'UNAUTHENTICATED' | 'RATE_LIMITED', message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code } });
}

/** A page of another site in somebody's browser; without a token (insecure mode) it could listen otherwise. */
function isFromOtherOrigin({ origin, host }: IncomingHttpHeaders): boolean {
  return origin !== undefined && URL.parse(origin)?.host !== host;
}
