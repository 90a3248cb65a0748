import type { IncomingHttpHeaders, Server } from 'node:http';
import { GraphQLError, type GraphQLSchema } from 'graphql';
import type { ServerOptions } from 'graphql-ws';
import { type Extra, useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import type { Actor } from '../domain/access.ts';
import { accessTopic } from '../resolvers/access-topic.ts';
import type { ApiDeps } from '../resolvers/api-deps.ts';
import { type Caller, makeRequestContext } from '../resolvers/request-context.ts';
import { makeTurns, subscriptionWidth } from '../resolvers/Subscription/turns.ts';
import type { Attempt, Authenticate } from './http/authenticate.ts';
import type { ApiMetrics } from './http/metrics.ts';
import type { RequestIds } from './http/request-ids.ts';
import { checkSubscription } from './limits/check-subscription.ts';
import { isNestedTooDeep, nestsTooDeep, tooDeep } from './limits/nesting.ts';
import { countOpen, socketLimits } from './limits/sockets.ts';
import { describeError, logUnexpected } from './log-unexpected.ts';
import { toSafeError } from './safe-error.ts';

const maxMessageBytes = 256 * 1024;
/** How long a socket goes on before its token is checked again, when no notification came that somebody's rights changed. */
const recheckMs = 5_000;
/**
 * Close codes: 1013 means "try again later"; codes from 4400 on are graphql-ws' equivalents of the HTTP codes from 400
 * on.
 */
const closeCodes = { tryLater: 1013, shutOut: 4403, tooMany: 4429 } as const;

type Params = Record<string, unknown> | undefined;
/** What is known of a socket once its token was found good. */
type SocketFacts = { attempt?: Attempt; caller?: Caller; currentActor?: CurrentActor; key?: string };
type CurrentActor = { read(): Promise<Actor | null>; forget(): void };
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
  const open = new Set<Connection>();
  const inTurn = makeTurns(subscriptionWidth);
  const served = useServer<Params, SocketFacts>(
    {
      ...makeOptions(
        { ...socketDeps, authenticate: (attempt) => inTurn(() => socketDeps.authenticate(attempt)) },
        open,
      ),
      isProd: true,
    },
    sockets,
  );
  const stopListening = socketDeps.deps.doorbell.onChanged((topic) => {
    for (const connection of open) {
      if (connection.extra.caller !== undefined && topic === accessTopic(connection.extra.caller.actor.id)) {
        void closeIfShutOut(connection, socketDeps.deps);
      }
    }
  });
  return {
    stop: async () => {
      stopListening();
      await served.dispose();
    },
  };
}

function makeOptions({ schema, deps, authenticate, metrics, requestIds }: SocketDeps, open: Set<Connection>): Options {
  const sockets = countOpen();
  const subscriptions = countOpen();
  return {
    schema,
    onConnect: async (connection) => {
      if (!(await connect(connection, { deps, authenticate, requestIds, sockets }))) return false;
      open.add(connection);
      return true;
    },
    onClose: (connection) => {
      open.delete(connection);
      if (connection.extra.key !== undefined) sockets.remove(connection.extra.key);
    },
    onSubscribe: (connection, _id, { query, operationName, variables }) => {
      const { caller, attempt, currentActor, key } = connection.extra;
      if (caller === undefined || attempt === undefined || currentActor === undefined || key === undefined)
        return [refusal('UNAUTHENTICATED', 'The connection has no token')];
      const { subscriptionsPerSocket, subscriptionsPerToken } = socketLimits;
      if (Object.keys(connection.subscriptions).length > subscriptionsPerSocket) {
        return [refusal('RATE_LIMITED', `A connection carries ${subscriptionsPerSocket} subscriptions at most`)];
      }
      if (subscriptions.of(key) >= subscriptionsPerToken) {
        return [refusal('RATE_LIMITED', `A token carries ${subscriptionsPerToken} subscriptions at most`)];
      }
      if (nestsTooDeep(query) || isNestedTooDeep(variables ?? null)) return [tooDeep()];
      const checked = checkSubscription({
        schema,
        query,
        operationName: operationName ?? null,
        variables: variables ?? {},
      });
      if ('errors' in checked) return checked.errors;
      const contextValue = makeRequestContext(deps, {
        caller,
        requestId: attempt.requestId,
        currentActor: currentActor.read,
      });
      metrics.subscriptions.inc();
      subscriptions.add(key);
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
    onComplete: ({ extra }) => {
      metrics.subscriptions.dec();
      if (extra.key !== undefined) subscriptions.remove(extra.key);
    },
  };
}

/** Remembers whose socket it is; false closes the socket with 4403, unless it was closed with a better reason. */
async function connect(
  connection: Connection,
  {
    deps,
    authenticate,
    requestIds,
    sockets,
  }: Pick<SocketDeps, 'deps' | 'authenticate' | 'requestIds'> & { sockets: ReturnType<typeof countOpen> },
): Promise<boolean> {
  const attempt = attemptOf(connection, requestIds);
  try {
    const caller = await authenticate(attempt);
    if (typeof caller === 'string') return false;
    const key = caller.tokenId ?? attempt.address;
    if (sockets.of(key) >= socketLimits.perToken || sockets.total() >= socketLimits.all) {
      connection.extra.socket.close(closeCodes.tooMany, 'Too many connections are open');
      return false;
    }
    sockets.add(key);
    Object.assign(connection.extra, { attempt, caller, key, currentActor: makeCurrentActor(attempt, authenticate) });
    return true;
  } catch (error) {
    deps.log.error({ requestId: attempt.requestId, err: describeError(error) }, 'a token could not be looked up');
    connection.extra.socket.close(closeCodes.tryLater, 'The token cannot be looked up now');
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

/**
 * Somebody's rights changed: a socket of a person who was shut out is closed. If that cannot be checked now, it is
 * checked again by itself later.
 */
async function closeIfShutOut({ extra }: Connection, { log }: Pick<ApiDeps, 'log'>): Promise<void> {
  extra.currentActor?.forget();
  try {
    if ((await extra.currentActor?.read()) === null) extra.socket.close(closeCodes.shutOut, 'The token has ended');
  } catch (error) {
    log.warn({ requestId: extra.attempt?.requestId, err: describeError(error) }, 'a token could not be looked up');
  }
}

/**
 * The actor that the token stands for now, read again every few seconds, so that a person who was shut out does not go on
 * listening.
 */
function makeCurrentActor(attempt: Attempt, authenticate: Authenticate): CurrentActor {
  let known: Promise<Actor | null> | null = null;
  let askedAt = 0;
  const read = () => {
    if (known !== null && Date.now() - askedAt < recheckMs) return known;
    askedAt = Date.now();
    const asked = authenticate(attempt).then((caller) => (typeof caller === 'string' ? null : caller.actor));
    // A failed read says nothing about anybody's rights: the next call reads again.
    asked.catch(() => {
      if (known === asked) known = null;
    });
    known = asked;
    return asked;
  };
  return {
    read,
    forget: () => {
      known = null;
    },
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
