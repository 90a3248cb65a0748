import type { FrontendContext } from './context.ts';
import { createRateMeter, type QueryEnd, recordQuery } from './metrics.ts';

/**
 * What goes on in a frontend by itself, to be called each second of StarRocks time: queries of clients that are not there (rules
 * of kind `traffic`), time in the garbage collector (`gc-pressure`), and every 15 s the rates of /metrics.
 */
export function createTraffic(fe: FrontendContext): () => void {
  const meter = createRateMeter(fe.metrics);
  const due = new Map<QueryEnd, number>();
  let last = performance.now();
  let untilRates = 0;
  return () => {
    const seconds = ((performance.now() - last) * fe.pace.speed) / 1000;
    last = performance.now();
    addQueries(fe, { seconds, due });
    collectGarbage(fe, seconds);
    untilRates -= seconds;
    if (untilRates > 0) return;
    untilRates = 15;
    meter(15);
  };
}

type Passed = { seconds: number; due: Map<QueryEnd, number> };

/** Fractions of a query are kept for the next time, so that shares hold over time and not by chance. */
function addQueries(fe: FrontendContext, { seconds, due }: Passed): void {
  const rule = fe.faults.strike('traffic', '');
  if (rule === null) return;
  const all = (rule.perSecond ?? 10) * seconds;
  const shares: [QueryEnd, number][] = [
    ['internal error', rule.share ?? 0],
    ['analysis error', rule.refusedShare ?? 0],
    ['timeout', rule.timeoutShare ?? 0],
  ];
  const failed = shares.reduce((sum, [, share]) => sum + share, 0);
  const slowMs = fe.config.number('qe_slow_log_ms');
  for (const [end, share] of [...shares, ['success', Math.max(0, 1 - failed)] satisfies [QueryEnd, number]]) {
    const open = (due.get(end) ?? 0) + all * share;
    for (let made = 1; made <= open; made++) {
      fe.metrics.requestTotal++;
      recordQuery(fe.metrics, { ms: rule.ms ?? 20, end, slowMs });
    }
    due.set(end, open % 1);
  }
}

/** The share of the time that the collector takes, in large collections of half a second. */
function collectGarbage(fe: FrontendContext, seconds: number): void {
  const rule = fe.faults.strike('gc-pressure', '');
  if (rule === null) return;
  const ms = seconds * 1000 * (rule.share ?? 0.5);
  fe.collections.old.ms += ms;
  fe.collections.old.count += Math.max(1, Math.round(ms / 500));
}
