import { countOf, flatten } from './counters.ts';
import { leaderMark } from './leader-mark.ts';
import type { Derivation, Metric } from './metric.ts';

/** The exact names of all families that a page is asked for. */
export function wantedFamilies(metrics: readonly Metric[]): ReadonlySet<string> {
  const names = metrics.flatMap(({ source }) =>
    source.kind === 'PAGE' ? flatten(source.derivation).flatMap(namesOf) : [],
  );
  return new Set([leaderMark, ...names]);
}

function namesOf(derivation: Derivation): readonly string[] {
  switch (derivation.kind) {
    case 'GAUGE':
    case 'PERCENT':
    case 'RATE':
      return derivation.family.names;
    case 'LATELY':
      return [derivation.counter];
    case 'QUANTILE':
      return derivation.family.names.flatMap((name) => [name, countOf(name)]);
    default:
      return [];
  }
}
