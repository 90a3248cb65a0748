import {
  coerceInputValue,
  GraphQLError,
  type GraphQLSchema,
  isInputType,
  isNonNullType,
  type OperationDefinitionNode,
  typeFromAST,
} from 'graphql';

const maxErrors = 10;

/**
 * Checks variables before graphql-js does: its messages repeat the value that does not fit, which may be a password. Our
 * messages say where the mistake is and what was wanted. An empty list means that graphql-js will find no mistake either.
 */
export function checkVariables(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): readonly GraphQLError[] {
  const errors: GraphQLError[] = [];
  for (const definition of operation.variableDefinitions ?? []) {
    const name = definition.variable.name.value;
    const type = typeFromAST(schema, definition.type);
    if (!isInputType(type)) continue; // another rule refuses it
    const given = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (given === undefined && (definition.defaultValue !== undefined || !isNonNullType(type))) continue;
    if (given === undefined) {
      errors.push(badInput(`Variable "$${name}" is missing; it is a ${type}`));
      continue;
    }
    coerceInputValue(given, type, (path, _value, error) => {
      errors.push(badInput(`Variable "${[`$${name}`, ...path].join('.')}" ${whatIsWrong(error.message)}`));
    });
  }
  return errors.slice(0, maxErrors);
}

/** The part of a graphql-js message that consists of the schema's own words; values are left out. */
export function whatIsWrong(message: string): string {
  const missing = /^Field "[\w.]{1,200}" of required type "([^"]{1,200})" was not provided\.$/.exec(message);
  if (missing !== null) return message.replace(/^F/, 'lacks f').replace(/\.$/, '');
  const unknown = /^Field "(\w{1,80})" is not defined by type "(\w{1,200})"/.exec(message);
  if (unknown !== null) return `has a field ${unknown[1]}, which ${unknown[2]} does not define`;
  const wanted =
    /^(?:Expected (?:value of )?(?:non-nullable )?type "([^"]{1,200})"|Enum "(\w+)" cannot represent|(\w+) cannot represent)/.exec(
      message,
    );
  const type = wanted?.slice(1).find((group) => group !== undefined);
  return type === undefined ? 'does not fit its type' : `does not fit its type; a ${type} is wanted`;
}

function badInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } } });
}
