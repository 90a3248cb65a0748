import {
  type ASTVisitor,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql';

const maxDepth = 12;
const maxAliases = 30;

/** Refuses queries that nest more than 12 fields; graphql-js itself limits queries about the schema. */
export function limitDepth(context: ValidationContext): ASTVisitor {
  return {
    OperationDefinition: (operation) => {
      const depth = depthOf(operation.selectionSet, { context, known: new Map() });
      if (depth > maxDepth) report(context, `The query nests ${depth} fields; ${maxDepth} is the most`);
    },
  };
}

/** Refuses documents with more than 30 aliases, because aliases can ask for one field many times. */
export function limitAliases(context: ValidationContext): ASTVisitor {
  let aliases = 0;
  return {
    Field: (field) => {
      if (field.alias !== undefined) aliases += 1;
    },
    Document: {
      leave: () => {
        if (aliases > maxAliases) report(context, `The query has ${aliases} aliases; ${maxAliases} is the most`);
      },
    },
  };
}

type Depths = { readonly context: ValidationContext; readonly known: Map<FragmentDefinitionNode, number> };

function depthOf(selections: SelectionSetNode, depths: Depths): number {
  let deepest = 0;
  for (const selection of selections.selections) {
    switch (selection.kind) {
      case Kind.FIELD:
        if (selection.name.value.startsWith('__')) break;
        deepest = Math.max(
          deepest,
          1 + (selection.selectionSet === undefined ? 0 : depthOf(selection.selectionSet, depths)),
        );
        break;
      case Kind.INLINE_FRAGMENT:
        deepest = Math.max(deepest, depthOf(selection.selectionSet, depths));
        break;
      case Kind.FRAGMENT_SPREAD:
        deepest = Math.max(deepest, depthOfFragment(selection.name.value, depths));
        break;
      default:
        selection satisfies never;
    }
  }
  return deepest;
}

function depthOfFragment(name: string, depths: Depths): number {
  const fragment = depths.context.getFragment(name);
  if (fragment == null) return 0;
  const known = depths.known.get(fragment);
  if (known !== undefined) return known;
  depths.known.set(fragment, 0); // another rule refuses a fragment inside itself
  const depth = depthOf(fragment.selectionSet, depths);
  depths.known.set(fragment, depth);
  return depth;
}

function report(context: ValidationContext, message: string): void {
  const hint = 'Ask in several requests.';
  context.reportError(new GraphQLError(message, { extensions: { code: 'QUERY_TOO_COMPLEX', hint } }));
}
