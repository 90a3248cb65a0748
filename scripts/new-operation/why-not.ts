import type { Names } from './names.ts';
import { operationFiles, testPath } from './templates.ts';

/** What stands in the tree. */
export type Tree = {
  readonly families: readonly string[];
  readonly operations: readonly string[];
  /** Of the API, those of operations among them. */
  readonly mutations: readonly string[];
  /** Of steps. */
  readonly kinds: readonly string[];
  /** Of `/sr`. */
  readonly verbs: readonly string[];
  readonly has: (path: string) => boolean;
};

/** What is in the way of an operation of that name, in a sentence; null = nothing. */
export function whyNot({
  family,
  names,
  tree,
}: {
  readonly family: string;
  readonly names: Names;
  readonly tree: Tree;
}): string | null {
  const { kebab, camel, pascal } = names;
  const { families, operations, mutations, kinds, verbs, has } = tree;
  if (!families.includes(family))
    return `There is no family ${family}; there are ${families.join(', ')}. A new one is a new folder in src/operations.`;
  if (operations.includes(camel)) return `There is an operation ${camel} already.`;
  if (mutations.includes(camel)) return `The API has a mutation ${camel} already.`;
  if (importsOf(operationFiles(family, names)[0]?.text ?? '').includes(camel))
    return `${camel} is a name that an operation's own file uses.`;
  const kind = `lookBefore${pascal}`;
  if (kinds.includes(kind)) return `There is a kind of step called ${kind} already.`;
  if (verbs.includes(kebab)) return `\`/sr ${kebab}\` means something already.`;
  const there = [`src/operations/${family}/${kebab}`, testPath(family, { kebab })].filter(has);
  return there.length === 0 ? null : `${there.join(' and ')} is there already.`;
}

/** The names that a file imports. */
function importsOf(source: string): readonly string[] {
  return [...source.matchAll(/^import (?:type )?\{([^}]*)\}/gm)].flatMap(([, names = '']) =>
    names.split(',').map((name) => name.trim()),
  );
}
