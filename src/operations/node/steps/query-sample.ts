import { z } from 'zod';
import type { NodeHttp } from '../../../adapters/http/port.ts';
import { type QueryStats, queriesBetween, readQueryStats } from '../../../adapters/http/read-query-stats.ts';
import type { ObservedNode } from '../../../domain/cluster.ts';
import type { QueryWindow } from '../../../domain/upgrade/query-health.ts';

const frontendStats = z.object({
  host: z.string(),
  httpPort: z.number(),
  queries: z.number(),
  errors: z.number(),
  analysisErrors: z.number(),
  p95Ms: z.number().nullable(),
});

/** What all living frontends have counted, with the time of the reading; plain data, to be kept with a step. */
export const sample = z.object({ atMs: z.number(), frontends: z.array(frontendStats) });
export type Sample = z.infer<typeof sample>;

/** What frontends counted between two readings. */
export const queryWindow = z.object({ queries: z.number(), errors: z.number(), p95Ms: z.number().nullable() });

export async function sampleOf(
  http: NodeHttp,
  { nodes, at, signal }: { nodes: readonly ObservedNode[]; at: Date; signal: AbortSignal },
): Promise<Sample> {
  const frontends = nodes.flatMap(({ kind, alive, host, httpPort }) =>
    kind === 'FRONTEND' && alive && httpPort !== null ? [{ host, httpPort }] : [],
  );
  const stats = await readQueryStats(http, frontends, { signal });
  return { atMs: at.getTime(), frontends: stats.frontends.map((each) => ({ ...each })) };
}

/** The queries between two readings. */
export function windowOf(before: Sample | null, after: Sample): QueryWindow {
  if (before === null) return { queries: 0, errors: 0, p95Ms: null };
  const latencies = after.frontends.flatMap(({ p95Ms }) => p95Ms ?? []);
  const { queries, errors, analysisErrors } = queriesBetween(statsOf(before), statsOf(after));
  return {
    queries,
    // A mistake in a query has nothing to do with the version.
    errors: errors - analysisErrors,
    p95Ms: latencies.length === 0 ? null : Math.max(...latencies),
  };
}

function statsOf({ frontends }: Sample): QueryStats {
  return { frontends, silent: [], queries: 0, errors: 0, analysisErrors: 0, p95Ms: null };
}
