import { costLimitRule } from '@escape.tech/graphql-armor-cost-limit';
import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  Kind,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
} from 'graphql';

export const costLimit = 20_000;

/** Costs of documents that no variable can change; they live as long as the parsed document does. */
const known = new WeakMap<DocumentNode, number>();

/**
 * What a valid document may cost at most: 1 for a leaf, 2 for an object, and everything below a list times the length
 * of its page. The library counts, but sees a page's length only where `first` is a number in the text; so variables
 * and defaults are written out before it looks.
 */
export function costOf({
  schema,
  document,
  variables,
}: {
  schema: GraphQLSchema;
  document: DocumentNode;
  variables: Readonly<Record<string, unknown>>;
}): number {
  const cached = known.get(document);
  if (cached !== undefined) return cached;
  const explicit = withExplicitPages(schema, document, variables);
  let cost = 0;
  const count = costLimitRule({
    maxCost: Number.POSITIVE_INFINITY,
    objectCost: 2,
    scalarCost: 1,
    depthCostFactor: 1,
    flattenFragments: true,
    onAccept: [
      (_context, { n }) => {
        cost = Math.max(cost, n);
      },
    ],
  });
  validate(schema, explicit.document, [count]);
  if (!explicit.fromVariables) known.set(document, cost);
  return cost;
}

function withExplicitPages(
  schema: GraphQLSchema,
  document: DocumentNode,
  variables: Readonly<Record<string, unknown>>,
) {
  const types = new TypeInfo(schema);
  const defaults = intDefaults(document);
  let fromVariables = false;
  const explicit = visit(
    document,
    visitWithTypeInfo(types, {
      Field: (field) => {
        const first = types.getFieldDef()?.args.find((argument) => argument.name === 'first');
        if (first === undefined) return undefined;
        const given = field.arguments?.find((argument) => argument.name.value === 'first')?.value;
        if (given?.kind === Kind.INT) return undefined;
        if (given?.kind === Kind.VARIABLE) fromVariables = true;
        const value =
          given?.kind === Kind.VARIABLE ? (variables[given.name.value] ?? defaults.get(given.name.value)) : undefined;
        return withFirst(field, typeof value === 'number' ? value : first.defaultValue);
      },
    }),
  );
  return { document: explicit, fromVariables };
}

/** The defaults that a document gives its variables. */
function intDefaults(document: DocumentNode): ReadonlyMap<string, number> {
  const defaults = new Map<string, number>();
  visit(document, {
    VariableDefinition: ({ variable, defaultValue }) => {
      if (defaultValue?.kind === Kind.INT) defaults.set(variable.name.value, Number(defaultValue.value));
    },
  });
  return defaults;
}

function withFirst(field: FieldNode, value: unknown): FieldNode {
  const others = field.arguments?.filter((argument) => argument.name.value !== 'first') ?? [];
  const first: ArgumentNode = {
    kind: Kind.ARGUMENT,
    name: { kind: Kind.NAME, value: 'first' },
    value: { kind: Kind.INT, value: String(typeof value === 'number' ? value : 100) },
  };
  return { ...field, arguments: [...others, first] };
}
