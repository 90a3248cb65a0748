import { makeExecutableSchema } from '@graphql-tools/schema';
import type { GraphQLSchema } from 'graphql';
import type { AnyOperation } from '../operations/define.ts';
import { makeResolvers } from '../resolvers/resolver-map.ts';
import { loadTypeDefs } from '../schema/load.ts';

/** The executable schema. A resolver without a field in the SDL is an error at start. */
export function makeSchema(operations: Iterable<AnyOperation>): GraphQLSchema {
  const registry = [...operations];
  return makeExecutableSchema({
    typeDefs: loadTypeDefs(registry),
    resolvers: makeResolvers(registry),
    resolverValidationOptions: { requireResolversToMatchSchema: 'error' },
  });
}
