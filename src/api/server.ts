import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled';
import { ApolloServerPluginDrainHttpServer } from '@apollo/server/plugin/drainHttpServer';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { z } from 'zod';
import type { Actor } from '../domain/access.ts';
import { AppError } from '../errors.ts';
import type { ApiDeps } from '../resolvers/api-deps.ts';
import type { RequestContext } from '../resolvers/request-context.ts';
import { makeApolloPlugin } from './apollo-plugin.ts';
import { makeAuthenticate } from './http/authenticate.ts';
import { makeExplorer } from './http/explorer.ts';
import { makeGraphqlRouter } from './http/graphql-router.ts';
import { type ApiMetrics, makeMetrics } from './http/metrics.ts';
import { readReadiness } from './http/readiness.ts';
import { makeRequestIds, type RequestIds } from './http/request-ids.ts';
import { respondWithError } from './http/respond.ts';
import { maxTokens } from './limits/check-subscription.ts';
import { limitAliases, limitDepth } from './limits/depth-and-aliases.ts';
import { describeError } from './log-unexpected.ts';
import { toSafeError } from './safe-error.ts';
import { makeSchema } from './schema.ts';
import { serveWebSocket } from './websocket.ts';

const graphqlPath = '/graphql';
/** A request has to arrive completely within this time: a slow one occupies a socket, and their number is limited. */
const receiveWithin = { headersTimeout: 10_000, requestTimeout: 25_000, connectionsCheckingInterval: 2_000 } as const;
/** How long requests that are under way may take to end when the server stops. */
const drainMs = 4_000;

export type ServerOptions = {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** False: only /healthz, /readyz and /metrics, for a process that is a worker alone. */
  readonly graphql: boolean;
  /** Whether browsers that open /graphql get an explorer. Default: no. */
  readonly explorer?: boolean;
  /** The actor of requests without a token; null = such requests are refused. Only for STARWARDEN_INSECURE_NO_AUTH. */
  readonly anonymous: Actor | null;
  readonly requestsPerMinute: number;
  /** How many proxies in front are trusted to report the caller's address. */
  readonly trustedProxies: number;
  /** Handles Slack's requests at /slack/events, when they come over HTTP. */
  readonly slackHandler: RequestHandler | null;
};

export type ApiServer = { readonly url: string; stop(): Promise<void> };

/** Starts everything that listens: GraphQL over HTTP and WebSocket, the probes, the metrics. */
export async function startServer(deps: ApiDeps, options: ServerOptions): Promise<ApiServer> {
  const requestIds = makeRequestIds();
  const metrics = makeMetrics(deps);
  const app = makeApp({ deps, options, metrics, requestIds });
  const server = createServer(receiveWithin, app);
  const stops: (() => Promise<void>)[] = [];
  if (options.graphql) {
    const schema = makeSchema(deps.operations.values());
    const authenticate = makeAuthenticate(deps, options);
    const apollo = makeApollo({ schema, server, metrics });
    await apollo.start();
    if (options.explorer === true) app.use(graphqlPath, makeExplorer());
    app.use(graphqlPath, makeGraphqlRouter({ ...options, apollo, deps, authenticate, requestIds }));
    const sockets = serveWebSocket(server, graphqlPath, { schema, deps, authenticate, metrics, requestIds });
    stops.push(sockets.stop, () => apollo.stop());
  }
  app.use(makeLastResort(deps, requestIds));
  const address = await listen(server, options);
  const stop = async () => {
    for (const each of stops) await each();
    await close(server);
    metrics.stop();
  };
  return {
    url: `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`,
    stop,
  };
}

function makeApollo({
  schema,
  server,
  metrics,
}: {
  schema: ReturnType<typeof makeSchema>;
  server: Server;
  metrics: ApiMetrics;
}) {
  return new ApolloServer<RequestContext>({
    schema,
    plugins: [
      makeApolloPlugin(metrics),
      // Answers are never cached, and this plugin would be called for every field of every answer.
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginDrainHttpServer({ httpServer: server, stopGracePeriodMillis: drainMs }),
    ],
    formatError: (formatted, error) => toSafeError(error, formatted),
    validationRules: [limitDepth, limitAliases],
    parseOptions: { maxTokens },
    introspection: true,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
  });
}

type AppParts = { deps: ApiDeps; options: ServerOptions; metrics: ApiMetrics; requestIds: RequestIds };

function makeApp({ deps, options, metrics, requestIds }: AppParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', options.trustedProxies);
  app.use((request, response, next) => {
    response.setHeader('X-Request-Id', requestIds.of(request));
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('X-Frame-Options', 'DENY');
    response.setHeader('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'");
    response.setHeader('Referrer-Policy', 'no-referrer');
    response.setHeader('Cache-Control', 'no-store');
    const stop = metrics.httpSeconds.startTimer({ method: request.method, route: routeOf(request.path) });
    response.once('close', () => stop({ status: String(response.statusCode) }));
    next();
  });
  app.get('/healthz', (_request, response) => {
    response.json({ ok: true });
  });
  app.get('/readyz', async (_request, response) => {
    const readiness = await readReadiness(deps);
    response.status(readiness.ready ? 200 : 503).json(readiness);
  });
  app.get('/metrics', async (_request, response) => {
    response.type(metrics.contentType).send(await metrics.text());
  });
  if (options.slackHandler !== null) app.use('/slack/events', options.slackHandler);
  return app;
}

const routes = ['/graphql', '/healthz', '/readyz', '/metrics', '/slack/events'];

/** A label with few different values, whatever paths are requested. */
function routeOf(path: string): string {
  return routes.find((route) => path === route) ?? 'other';
}

/** Bodies that cannot be read, and bugs. Nothing of the body is repeated. */
function makeLastResort(deps: ApiDeps, requestIds: RequestIds): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error);
    const requestId = requestIds.of(request);
    if (error instanceof AppError && error.code === 'STORE_UNAVAILABLE') {
      response.setHeader('Retry-After', '5');
      return respondWithError(response, 503, {
        code: error.code,
        message: error.message,
        hint: error.hint ?? undefined,
        retryable: true,
        requestId,
      });
    }
    const status = statusOf(error);
    if (status === 413)
      return respondWithError(response, 413, {
        code: 'BAD_USER_INPUT',
        message: 'The body is bigger than 256 KB',
        requestId,
      });
    if (status !== null)
      return respondWithError(response, status, {
        code: 'BAD_USER_INPUT',
        message: 'The body is not readable JSON',
        requestId,
      });
    deps.log.error({ requestId, err: describeError(error) }, 'unexpected error in the API');
    respondWithError(response, 500, {
      code: 'INTERNAL_SERVER_ERROR',
      message: 'Something went wrong in Starwarden itself; its log has more under the request id',
      requestId,
    });
  };
}

const httpError = z.object({ status: z.int().min(400).max(499) });

/** The status of an error that Express raised for a bad request; null for any other error. */
function statusOf(error: unknown): number | null {
  return httpError.safeParse(error).data?.status ?? null;
}

function listen(server: Server, { host, port }: ServerOptions): Promise<AddressInfo> {
  const { promise, resolve, reject } = Promise.withResolvers<AddressInfo>();
  server.once('error', reject);
  server.listen(port, host, () => {
    server.off('error', reject);
    const address = server.address();
    if (address === null || typeof address === 'string') reject(new Error('the server listens on no port'));
    else resolve(address);
  });
  return promise;
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeIdleConnections();
  const force = setTimeout(() => server.closeAllConnections(), drainMs);
  await promise;
  clearTimeout(force);
}
