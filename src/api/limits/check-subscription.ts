import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import { checkOperation } from './check-operation.ts';
import { limitAliases, limitDepth } from './depth-and-aliases.ts';

export const maxTokens = 5_000;

type Request = {
  readonly schema: GraphQLSchema;
  readonly query: string;
  readonly operationName: string | null;
  readonly variables: Readonly<Record<string, unknown>>;
};

/** For a request over WebSocket, the checks that Apollo Server makes over HTTP; only subscriptions are allowed. */
export function checkSubscription({
  schema,
  query,
  operationName,
  variables,
}: Request): { readonly document: DocumentNode } | { readonly errors: readonly GraphQLError[] } {
  const document = parseOrError(query);
  if (document instanceof GraphQLError) return { errors: [document] };
  const invalid = validate(schema, document, [...specifiedRules, limitDepth, limitAliases]);
  if (invalid.length > 0) return { errors: invalid.map((error) => withCode(error, 'GRAPHQL_VALIDATION_FAILED')) };
  const operation = getOperationAST(document, operationName);
  if (operation?.operation !== 'subscription') return { errors: [notASubscription()] };
  const { errors } = checkOperation({ schema, document, operation, variables });
  return errors.length > 0 ? { errors } : { document };
}

function parseOrError(query: string): DocumentNode | GraphQLError {
  try {
    return parse(query, { maxTokens });
  } catch (error) {
    if (error instanceof GraphQLError) return withCode(error, 'GRAPHQL_PARSE_FAILED');
    throw error;
  }
}

function withCode(error: GraphQLError, code: string): GraphQLError {
  const { message, nodes, source, positions, extensions } = error;
  return new GraphQLError(message, { nodes, source, positions, extensions: { code, ...extensions } });
}

function notASubscription(): GraphQLError {
  return new GraphQLError('Over WebSocket there are subscriptions only', {
    extensions: { code: 'BAD_REQUEST', hint: 'Send queries and mutations as POST.' },
  });
}
