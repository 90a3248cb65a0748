import { flatten } from '../metrics/counters.ts';
import type { Metric } from '../metrics/metric.ts';

/**
 * Whether nothing is wrong where there is nothing to measure: a latency or a share of what did not happen, and a fact of which
 * there is none, as of a disk that does not fill. What a node merely has not measured yet is not known.
 */
export function isNothingFine({ source }: Pick<Metric, 'source'>): boolean {
  if (source.kind === 'FACT') return true;
  const { derivation } = source;
  if (derivation.kind === 'QUANTILE') return true;
  return derivation.kind === 'SHARE' && flatten(derivation.in).some(({ kind }) => kind === 'RATE' || kind === 'LATELY');
}
