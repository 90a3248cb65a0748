import type { Names } from './names.ts';
import { testPath } from './templates.ts';

/** What stands in the tree. */
export type Tree = {
  readonly families: readonly string[];
  readonly operations: readonly string[];
  /** Of steps. */
  readonly kinds: readonly string[];
  /** Of `/sr`. */
  readonly verbs: readonly string[];
  readonly has: (path: string) => boolean;
};

/** What is in the way of an operation of that name, in a sentence; null = nothing. */
export function whyNot({
  family,
  names: { kebab, camel, pascal },
  tree,
}: {
  readonly family: string;
  readonly names: Names;
  readonly tree: Tree;
}): string | null {
  const { families, operations, kinds, verbs, has } = tree;
  if (!families.includes(family))
    return `There is no family ${family}; there are ${families.join(', ')}. A new one is a new folder in src/operations.`;
  if (operations.includes(camel)) return `There is an operation ${camel} already.`;
  const kind = `lookBefore${pascal}`;
  if (kinds.includes(kind)) return `There is a kind of step called ${kind} already.`;
  if (verbs.includes(kebab)) return `\`/sr ${kebab}\` means something already.`;
  const there = [`src/operations/${family}/${kebab}`, testPath(family, { kebab })].filter(has);
  return there.length === 0 ? null : `${there.join(' and ')} is there already.`;
}
