import { type DocumentNode, GraphQLError, type GraphQLSchema, type OperationDefinitionNode } from 'graphql';
import type { Cost } from '../../resolvers/request-context.ts';
import { costLimit, costOf } from './cost.ts';
import { checkVariables } from './variables.ts';

/** The last check of a valid document before it is executed: what it costs, and whether its variables fit. */
export function checkOperation({
  schema,
  document,
  operation,
  variables,
}: {
  schema: GraphQLSchema;
  document: DocumentNode;
  operation: OperationDefinitionNode;
  variables: Readonly<Record<string, unknown>>;
}): Cost & { readonly errors: readonly GraphQLError[] } {
  const cost = costOf({ schema, document, variables });
  if (cost > costLimit) return { cost, limit: costLimit, errors: [tooComplex(cost)] };
  return { cost, limit: costLimit, errors: checkVariables(schema, operation, variables) };
}

function tooComplex(cost: number): GraphQLError {
  return new GraphQLError(`The query may cost ${cost}; ${costLimit} is the most`, {
    extensions: { code: 'QUERY_TOO_COMPLEX', hint: 'Ask for shorter pages or fewer fields.', http: { status: 400 } },
  });
}
