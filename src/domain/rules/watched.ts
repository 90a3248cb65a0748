import type { Alert } from '../alert.ts';
import { durationInWords } from '../alert-facts.ts';
import type { Measurement } from '../metrics/measurement.ts';
import type { LastLook } from '../probe.ts';
import type { RuleBook } from './book.ts';
import type { MetricLook, RuledNode } from './judge-metric.ts';

/** What is known of a cluster and its rules at a moment: all that is needed to say how each rule stands, and why. */
export type WatchedCluster = {
  readonly cluster: { readonly id: string; readonly name: string; readonly environment: string };
  readonly now: Date;
  readonly book: RuleBook;
  readonly nodes: readonly RuledNode[];
  /** Null = nobody has looked at it yet. */
  readonly look: LastLook | null;
  /** What was measured last, and when; null = nothing ever was. */
  readonly measured: { readonly at: Date; readonly measurements: readonly Measurement[] } | null;
  /** Those that are not resolved. */
  readonly alerts: readonly Alert[];
};

/** A look that is due for so long does not come: nobody looks. Longer than a look takes at its slowest. */
export const lateLookMs = 60_000;

/** Pure. Why nothing can be said of a cluster now, whatever its rules; null = its last look holds. */
export function whyBlind({ look, now }: Pick<WatchedCluster, 'look' | 'now'>): string | null {
  if (look === null) return 'Starwarden has not looked at the cluster yet';
  const lateMs = now.getTime() - look.dueAt.getTime();
  if (lateMs <= lateLookMs) return null;
  return `nobody looks: the next look is due since ${durationInWords(lateMs)}`;
}

/** Pure. The values of the last look, as rules judge them: numbers of an older one say nothing of now. */
export function metricLook({ cluster, now, book, nodes, look, measured }: WatchedCluster): MetricLook {
  const isOfLast = measured !== null && (look === null || measured.at >= look.at);
  return {
    clusterId: cluster.id,
    seen: { at: measured?.at ?? now, measurements: isOfLast ? measured.measurements : [], unknown: [] },
    ...{ nodes, effective: book.effective },
  };
}
