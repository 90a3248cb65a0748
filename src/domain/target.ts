import type { JsonObject } from './json.ts';

/** A cluster, as runs and refusals refer to it. */
export type ClusterRef = { readonly id: string; readonly name: string; readonly environment: string };

/**
 * What a run with steps of its own is about: a cluster that it brings under management, or a registered one. The tables
 * can also hold runs about several clusters or about none; how those are to work is decision 0014.
 */
export const targetKinds = ['cluster', 'new-cluster'] as const;
export type Target = { readonly kind: (typeof targetKinds)[number]; readonly cluster: ClusterRef };

/** What an operation is about, and which fields of its input say so. */
export type TargetFields<Field extends string> =
  | { readonly kind: 'new-cluster'; readonly name: Field; readonly environment: Field }
  | { readonly kind: 'cluster'; readonly from: Field };

/** What an input names: a cluster by its id, or the name and environment of a new one. */
export type NamedTarget =
  | { readonly kind: 'new-cluster'; readonly name: string; readonly environment: string }
  | { readonly kind: 'cluster'; readonly clusterId: string; readonly field: string };

/** Whom a parsed input is about. */
export function namedTarget(fields: TargetFields<string>, input: JsonObject): NamedTarget {
  switch (fields.kind) {
    case 'new-cluster':
      return {
        kind: 'new-cluster',
        name: textIn(input, fields.name),
        environment: textIn(input, fields.environment),
      };
    case 'cluster':
      return { kind: 'cluster', clusterId: textIn(input, fields.from), field: fields.from };
    default:
      return fields satisfies never;
  }
}

function textIn(input: JsonObject, field: string): string {
  const value = input[field];
  if (typeof value !== 'string') throw new Error(`the input has no text in ${field}, which names the target`);
  return value;
}

/** For which cluster a permission is needed. Null = it is needed everywhere, since no scope covers a new cluster yet. */
export function accessTo({ kind, cluster }: Target): { clusterId: string; environment: string } | null {
  return kind === 'new-cluster' ? null : { clusterId: cluster.id, environment: cluster.environment };
}
