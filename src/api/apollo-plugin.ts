import type { ApolloServerPlugin, HeaderMap } from '@apollo/server';
import { GraphQLError, Kind } from 'graphql';
import type { Cost, RequestContext } from '../resolvers/request-context.ts';
import type { ApiMetrics } from './http/metrics.ts';
import { checkOperation } from './limits/check-operation.ts';
import { logUnexpected } from './log-unexpected.ts';

/**
 * What happens around each request: cost and variables are checked before execution; the answer says what it cost and the
 * id under which the log has it; unexpected errors are logged in full here, and nowhere else.
 */
export function makeApolloPlugin(metrics: ApiMetrics): ApolloServerPlugin<RequestContext> {
  return {
    requestDidStart: async () => {
      const startedAt = performance.now();
      let cost: Cost | null = null;
      return {
        didResolveOperation: async ({ schema, document, operation, request, contextValue }) => {
          if (operation === undefined) return; // graphql-js reports which operations there are
          if (operation.operation === 'subscription') throw notOverHttp();
          const checked = checkOperation({ schema, document, operation, variables: request.variables ?? {} });
          cost = { cost: checked.cost, limit: checked.limit };
          contextValue.cost = cost;
          const [first] = checked.errors;
          if (first !== undefined) throw first;
        },
        didEncounterErrors: async ({ errors, contextValue, operationName }) => {
          for (const error of errors) logUnexpected(contextValue, { error, operationName: operationName ?? null });
        },
        willSendResponse: async ({ request, source, response, operation, contextValue, errors }) => {
          const isQuery = source !== undefined;
          if (isQuery && response.http.status === 400 && !acceptsNewMediaType(request.http?.headers))
            response.http.status = 200;
          const { requestId, deps, actor } = contextValue;
          if (response.body.kind === 'single') {
            response.body.singleResult.extensions = {
              ...response.body.singleResult.extensions,
              requestId,
              ...(cost === null ? {} : { cost }),
            };
          }
          const [selection] = operation?.selectionSet.selections ?? [];
          const field = selection?.kind === Kind.FIELD ? selection.name.value : 'none';
          const type = operation?.operation ?? 'none';
          const ms = performance.now() - startedAt;
          metrics.graphqlSeconds.observe({ type, field, outcome: errors === undefined ? 'ok' : 'error' }, ms / 1000);
          const line = { requestId, actor: actor.name, type, field, ms: Math.round(ms), errors: errors?.length ?? 0 };
          if (type === 'mutation') deps.log.info(line, 'graphql request');
          else deps.log.debug(line, 'graphql request');
        },
      };
    },
  };
}

function notOverHttp(): GraphQLError {
  return new GraphQLError('Subscriptions go over WebSocket', {
    extensions: {
      code: 'BAD_USER_INPUT',
      hint: 'Connect to the same path with the graphql-ws protocol and the token in connectionParams.authorization.',
      http: { status: 400 },
    },
  });
}

/**
 * A client that only accepts application/json gets status 200 for a request that was understood, even when its document
 * or variables do not fit, because other codes may come from proxies. GraphQL over HTTP requires this.
 */
function acceptsNewMediaType(headers: HeaderMap | undefined): boolean {
  return headers?.get('accept')?.includes('application/graphql-response+json') ?? false;
}
