import { costLimitRule } from '@escape.tech/graphql-armor-cost-limit';
import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isListType,
  Kind,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
} from 'graphql';

export const costLimit = 100_000;
/**
 * The length that a list without pages counts as, e.g. the backends of a cluster: otherwise cluster → backends → cluster
 * → … would be cheap.
 */
const unpagedLength = 20;

/** What is known of a parsed document: the variables that set the length of pages, and its costs with their values. */
type Priced = { readonly pageVariables: readonly string[]; readonly costs: Map<string, number> };

/** Entries live as long as the parsed documents; the same few queries come all the time. */
const known = new WeakMap<DocumentNode, Priced>();
const maxCostsPerDocument = 50;

/**
 * The highest cost that a valid document may have: 1 for a leaf, 2 for an object, and everything below a list times the
 * length of its page, or times 20 where there are no pages. The library counts, but knows a page's length only where
 * `first` is a number in the text; so variables and defaults are written into the document first.
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
  const priced = known.get(document);
  const cached = priced?.costs.get(keyOf(priced, variables));
  if (cached !== undefined) return cached;
  const explicit = withExplicitPages(schema, document, variables);
  const cost = countCost(schema, explicit.document);
  const remembered = priced ?? { pageVariables: explicit.pageVariables, costs: new Map<string, number>() };
  if (remembered.costs.size >= maxCostsPerDocument) remembered.costs.clear();
  remembered.costs.set(keyOf(remembered, variables), cost);
  known.set(document, remembered);
  return cost;
}

function keyOf({ pageVariables }: Priced, variables: Readonly<Record<string, unknown>>): string {
  return pageVariables.map((name) => (typeof variables[name] === 'object' ? 'null' : String(variables[name]))).join();
}

function countCost(schema: GraphQLSchema, document: DocumentNode): number {
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
  validate(schema, document, [count]);
  return cost;
}

function withExplicitPages(
  schema: GraphQLSchema,
  document: DocumentNode,
  variables: Readonly<Record<string, unknown>>,
) {
  const types = new TypeInfo(schema);
  const defaults = intDefaults(document);
  const pageVariables = new Set<string>();
  const explicit = visit(
    document,
    visitWithTypeInfo(types, {
      Field: (field) => {
        const first = types.getFieldDef()?.args.find((argument) => argument.name === 'first');
        if (first === undefined) return isUnpagedList(types) ? withFirst(field, unpagedLength) : undefined;
        // `last` was given instead of `first`; the default of `first` is in the schema all the same.
        const last = field.arguments?.find((argument) => argument.name.value === 'last')?.value;
        const given =
          last === undefined || last.kind === Kind.NULL
            ? field.arguments?.find((argument) => argument.name.value === 'first')?.value
            : last;
        if (given?.kind === Kind.INT) return given === last ? withFirst(field, Number(given.value)) : undefined;
        if (given?.kind !== Kind.VARIABLE) return withFirst(field, first.defaultValue);
        const name = given.name.value;
        pageVariables.add(name);
        const value = Object.hasOwn(variables, name) ? variables[name] : defaults.get(name);
        return withFirst(field, value ?? first.defaultValue);
      },
    }),
  );
  return { document: explicit, pageVariables: [...pageVariables] };
}

/** A list of objects that is not a page of a connection; pages are counted where `first` is given. */
function isUnpagedList(types: TypeInfo): boolean {
  const type = types.getType();
  const isList = type != null && isListType(getNullableType(type)) && isCompositeType(getNamedType(type));
  return isList && !(types.getParentType()?.name.endsWith('Connection') ?? false);
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
