import type { MetricSubject } from '../metrics/measurement.ts';
import { type NodeIdentity, nodeLabel } from '../node-identity.ts';

type KnownNode = NodeIdentity & { readonly id: string };

/**
 * What makes the alert of this subject this one: names that stay the same, never numbers or ids. Null = its node is not
 * known any more. Nothing = the whole cluster.
 */
export function labelsOf(
  { nodeId, path, medium, database, user, job, endpoint }: MetricSubject,
  nodes: readonly KnownNode[],
): Readonly<Record<string, string>> | null {
  const node = nodeId === undefined ? undefined : nodes.find(({ id }) => id === nodeId);
  if (nodeId !== undefined && node === undefined) return null;
  const named = { path, medium, database, user, job, endpoint };
  return {
    ...(node === undefined ? {} : { node: nodeLabel(node) }),
    ...Object.fromEntries(Object.entries(named).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]))),
  };
}

/** ` of /data1 on be 10.0.0.11:9050`, ` of the database sales`; empty for the whole cluster. */
export function placeInWords(subject: MetricSubject, nodes: readonly KnownNode[]): string {
  const labels = labelsOf(subject, nodes) ?? {};
  const { node, path, medium, database, user, job, endpoint } = labels;
  const shared = (database && `the database ${database}`) ?? (user && `the user ${user}`) ?? job ?? endpoint;
  const inside = path ?? medium ?? shared;
  if (inside === undefined) return node === undefined ? '' : ` of ${node}`;
  return node === undefined ? ` of ${inside}` : ` of ${inside} on ${node}`;
}

/** The labels in the places that the text has for them; what it does not name follows in brackets. */
export function withLabels(text: string, labels: Readonly<Record<string, string>>): string {
  const named = new Set<string>();
  const filled = text.replace(/\{(\w+)\}/g, (_, label: string) => {
    named.add(label);
    return labels[label] ?? `the ${label}`;
  });
  const others = Object.entries(labels).flatMap(([label, value]) => (named.has(label) ? [] : [value]));
  return others.length === 0 ? filled : `${filled} (${others.join(', ')})`;
}
