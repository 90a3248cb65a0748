import type { Logger } from 'pino';
import { readFacts } from '../adapters/starrocks/read-facts.ts';
import { connectedUsers } from '../domain/metrics/connected-users.ts';
import { dueFacts } from '../domain/metrics/facts.ts';
import { releaseClaim } from '../store/claims.ts';
import { listNodes } from '../store/clusters/inventory.ts';
import type { Database } from '../store/database.ts';
import { type FactsClaim, saveFacts } from '../store/metrics/facts.ts';
import { latestOfClusters } from '../store/reads/metric-history.ts';
import type { ProbeReading } from './read-parts.ts';

export type FactsDeps = {
  readonly db: Database;
  readonly log: Logger;
  readonly reading: (clusterId: string, signal: AbortSignal) => ProbeReading;
};

/** After so long the rest is given up; what it was about is asked again at its own pace. */
export const factsTimeoutMs = 60_000;

/**
 * Asks a cluster for what is due at a slower pace than looks are, beside its looks: no look waits for a statement that
 * takes long. Never throws: what the cluster does not tell is kept with the reason, and our own errors are logged.
 */
export async function askFacts(
  { db, log, reading: open }: FactsDeps,
  claim: FactsClaim,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const clusterId = claim.id;
  try {
    const reading = open(clusterId, signal);
    const at = reading.now();
    const due = dueFacts(claim.before, { at, from: 'SQL' });
    const frontends = (await listNodes(db, clusterId)).flatMap(({ id, kind, host, queryPort, alive }) =>
      kind === 'FRONTEND' && alive && queryPort !== null ? [{ id, host, queryPort }] : [],
    );
    const [latest] = await latestOfClusters(db, [clusterId]);
    const request = { due, before: claim.before, at, frontends, users: connectedUsers(latest?.measurements ?? []) };
    const until = AbortSignal.any([signal, AbortSignal.timeout(factsTimeoutMs)]);
    const answers = due.length === 0 ? claim.before : await readFacts(reading.sql, request, { signal: until });
    if (signal.aborted) await releaseClaim(db, claim, { isDueNow: true });
    else await saveFacts(db, claim, answers);
  } catch (err) {
    log.error({ clusterId, err }, 'what is asked beside the probes of a cluster could not be kept; it is asked again');
  }
}
