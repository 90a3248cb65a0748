import { join, shareOf } from './evaluate.ts';
import type { MetricSubject } from './measurement.ts';
import type { Derivation, Metric, Overall } from './metric.ts';
import type { MetricNode } from './page.ts';
import { isKnown, isOfNothing, type Value } from './unknown.ts';

/** What was found out about one subject; the subject of a value that a node alone could tell names the node. */
export type Told = { readonly subject: MetricSubject; readonly value: Value };

type Context = { readonly nodes: readonly MetricNode[]; readonly derivation: Derivation | null };

/**
 * Several values as one. A sum, and what is pooled, is not known while a node that lives did not tell its part; a dead node
 * has none. The highest and the lowest are those of the values that are known. Where none is, one node on which nothing happened
 * does not say that nothing happened on one that is silent.
 */
export function joinTold(how: Overall, told: readonly Told[], { nodes, derivation }: Context): Value {
  const dead = new Set(nodes.filter(({ alive }) => !alive).map(({ id }) => id));
  const counting = told.filter(({ subject, value }) => isKnown(value) || !dead.has(subject.nodeId ?? ''));
  const missing = counting.flatMap(({ value }) => (isKnown(value) ? [] : [value]));
  if (how === 'POOLED') return pooled(counting, derivation);
  const known = counting.map(({ value }) => value).filter(isKnown);
  const gap = missing.find(({ reason }) => !isOfNothing(reason)) ?? missing[0];
  if (gap !== undefined && (how === 'SUM' || known.length === 0)) return gap;
  const value = join(
    how,
    known.map((each) => each.value),
  );
  return value === null ? nobody : { value };
}

const nobody: Value = { reason: 'NODE_SILENT', because: 'no node that could tell is alive' };

function pooled(told: readonly Told[], derivation: Derivation | null): Value {
  const values = told.map(({ value }) => value);
  const missing = values.find((value) => value.parts === undefined);
  if (missing !== undefined) return isKnown(missing) ? nobody : missing;
  if (derivation?.kind !== 'SHARE' || values.length === 0) return nobody;
  const parts = values.flatMap((value) => value.parts ?? []);
  const sum = (key: 'of' | 'in') => parts.reduce((total, each) => total + each[key], 0);
  return shareOf({ of: sum('of'), in: sum('in') }, derivation);
}

/** The value of the cluster, from those of all subjects; nothing where they have none in common. */
export function together(
  { overall, scope, source }: Metric,
  own: readonly Told[],
  nodes: readonly MetricNode[],
): Told[] {
  const isOfCluster = own.every(({ subject }) => Object.keys(subject).length === 0);
  if (overall === null || scope === 'CLUSTER' || isOfCluster) return [];
  const derivation = source.kind === 'PAGE' ? source.derivation : null;
  return [{ subject: {}, value: joinTold(overall, own, { nodes, derivation }) }];
}
