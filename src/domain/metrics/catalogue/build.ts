import type { Derivation, Family, LabelFilter, Metric, PageSource } from '../metric.ts';

/** What is the same for all metrics of a kind of node. */
export const frontends: Pick<PageSource, 'kind' | 'nodes'> = { kind: 'PAGE', nodes: ['FRONTEND'] };
/** The leading frontend, where the others show 0. */
export const leader: Pick<PageSource, 'kind' | 'nodes' | 'leaderOnly'> = { ...frontends, leaderOnly: true };
export const backends: Pick<PageSource, 'kind' | 'nodes'> = { kind: 'PAGE', nodes: ['BACKEND'] };
/** Backends and compute nodes are the same program and register the same families. */
export const workers: Pick<PageSource, 'kind' | 'nodes'> = { kind: 'PAGE', nodes: ['BACKEND', 'COMPUTE_NODE'] };

const family = (name: string, where?: LabelFilter): Family => ({
  names: [name],
  ...(where === undefined ? {} : { where }),
});

export function gauge(name: string, where?: LabelFilter): Extract<Derivation, { kind: 'GAUGE' }> {
  return { kind: 'GAUGE', family: family(name, where) };
}

export function rate(name: string, where?: LabelFilter): Extract<Derivation, { kind: 'RATE' }> {
  return { kind: 'RATE', family: family(name, where) };
}

export function hostRate(name: string, where?: LabelFilter): Extract<Derivation, { kind: 'RATE' }> {
  return { ...rate(name, where), of: 'HOST' };
}

export function lately(counter: string): Derivation {
  return { kind: 'LATELY', counter };
}

/** `least` = of so many requests, see `Derivation`. */
export function quantile(name: string, which: string, { least = 1 }: { readonly least?: number } = {}): Derivation {
  return { kind: 'QUANTILE', family: family(name), quantile: which, least };
}

export function percent(name: string): Derivation {
  return { kind: 'PERCENT', family: family(name) };
}

export function sum(...terms: readonly Derivation[]): Derivation {
  return { kind: 'SUM', terms };
}

/** 0 there means that the node has not looked yet. */
export function onceSet(mark: Derivation, value: Derivation): Derivation {
  return { kind: 'ONCE_SET', mark, value };
}

export function highest(...terms: readonly Derivation[]): Derivation {
  return { kind: 'MAX', terms };
}

export function minus(...terms: readonly Derivation[]): Derivation {
  return { kind: 'DIFFERENCE', terms };
}

/** `least` = of no less than that; left out: of anything. */
export function share(of: Derivation, whole: Derivation, { least }: { readonly least?: number } = {}): Derivation {
  return { kind: 'SHARE', of, in: whole, ...(least === undefined ? {} : { least }) };
}

export function shareOfLimit(of: Derivation, fact: string): Derivation {
  return { kind: 'SHARE', of, in: { kind: 'FACT', fact }, isOfLimit: true };
}

export const source = {
  frontendPage: 'fe/…/metric/MetricRepo.java',
  queries: 'fe/…/qe/ConnectProcessor.java (auditAfterExec)',
  jvm: 'fe/…/metric/PrometheusMetricVisitor.java (visitJvm)',
  transactions: 'fe/…/transaction/DatabaseTransactionMgr.java, TransactionState.java',
  backendPage: 'be/src/util/starrocks_metrics.cpp',
  backendSystem: 'be/src/util/system_metrics.cpp',
} as const;

export type { Metric };
