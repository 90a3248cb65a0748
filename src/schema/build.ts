import { buildASTSchema, concatAST, extendSchema, type GraphQLSchema, Kind } from 'graphql';
import type { AnyOperation } from '../operations/define.ts';
import { loadTypeDefs } from './load.ts';

/** The schema without resolvers. Throws when a type is defined twice or a name is unknown. */
export function buildSchemaOf(operations: readonly AnyOperation[]): GraphQLSchema {
  const document = concatAST(loadTypeDefs(operations));
  const extensions = document.definitions.filter((definition) => definition.kind === Kind.OBJECT_TYPE_EXTENSION);
  const definitions = document.definitions.filter((definition) => definition.kind !== Kind.OBJECT_TYPE_EXTENSION);
  const base = buildASTSchema({ kind: Kind.DOCUMENT, definitions });
  return extendSchema(base, { kind: Kind.DOCUMENT, definitions: extensions });
}
