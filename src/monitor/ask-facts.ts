import type { Logger } from 'pino';
import { readFacts } from '../adapters/starrocks/read-facts.ts';
import type { ClusterNode } from '../domain/cluster.ts';
import { connectedUsers } from '../domain/metrics/connected-users.ts';
import {
  dueFacts,
  type Fact,
  type FactAnswers,
  type FactName,
  mergeFacts,
  pickFacts,
} from '../domain/metrics/facts.ts';
import type { Measurement } from '../domain/metrics/measurement.ts';
import { hourMs } from '../domain/metrics/spans.ts';
import { releaseClaim } from '../store/claims.ts';
import { listNodes } from '../store/clusters/inventory.ts';
import { type Database, startDatabaseClock } from '../store/database.ts';
import { type FactsClaim, keepFacts, saveFacts } from '../store/metrics/facts.ts';
import { readCounters } from '../store/metrics/write-measured.ts';
import { latestOfClusters, rolledUpPoints } from '../store/reads/metric-history.ts';
import { askConfs } from './conf-facts.ts';
import { diskTrends } from './disk-facts.ts';
import { askEndpoints } from './endpoint-facts.ts';
import { askHosts, hasNewHost } from './host-facts.ts';
import type { ProbeReading } from './read-parts.ts';

export type FactsDeps = {
  readonly db: Database;
  readonly log: Logger;
  readonly reading: (clusterId: string, signal: AbortSignal) => ProbeReading;
};

const lookCountsForMs = 300_000;
/** After so long the rest is given up; what it was about is asked again at its own pace. */
export const factsTimeoutMs = 60_000;

/**
 * Asks a cluster, its hosts, its endpoints and our own history for what is due at a slower pace than looks are, beside its looks: no look
 * waits for a statement that takes long. Never throws: what the cluster does not tell is kept with the reason, and our own
 * errors are logged.
 */
export async function askFacts(
  { db, log, reading: open }: FactsDeps,
  claim: FactsClaim,
  { signal, share }: { readonly signal: AbortSignal; readonly share?: number },
): Promise<void> {
  const clusterId = claim.id;
  try {
    const until = AbortSignal.any([signal, AbortSignal.timeout(factsTimeoutMs)]);
    const now = await startDatabaseClock(db);
    const reading = { ...open(clusterId, signal), now };
    const at = now();
    const nodes = await listNodes(db, clusterId);
    const [latest] = await latestOfClusters(db, [clusterId]);
    let known = claim.before;
    const keep = async (fresh: FactAnswers) => {
      known = mergeFacts(known, fresh);
      await keepFacts(db, claim, known);
    };
    const due = (from: Fact['from']) =>
      dueFacts(claim.before, {
        ...{ at, from },
        ...(from === 'HOSTS' && hasNewHost(claim.before, nodes) ? { share: 0 } : share === undefined ? {} : { share }),
      });
    // A look of long ago does not tell who is connected, nor what is free.
    const isOfNow = latest !== undefined && at.getTime() - latest.at.getTime() < lookCountsForMs;
    const measurements = isOfNow ? latest.measurements : [];
    const failed = (err: unknown) =>
      log.error({ clusterId, err }, 'a fault of ours hides something that is asked beside the probes of a cluster');
    // What becomes of one source hides nothing of the others.
    const ask = async (from: Fact['from'], work: (names: readonly FactName[]) => Promise<FactAnswers>) => {
      const names = due(from);
      if (names.length === 0) return;
      const answers = await work(names).catch((error: unknown) => {
        failed(error);
        return problemsOf(names, at);
      });
      await keep(answers);
    };
    await Promise.all([
      ask('SQL', (names) =>
        askSql(reading, { due: names, before: claim.before, at, nodes, measurements, until, keep, failed }),
      ),
      ask('HOSTS', () => askHosts(reading, { nodes, at, signal: until })),
      ask('CONFS', async () =>
        askConfs(reading, { nodes, counters: await readCounters(db, clusterId, failed), at, signal: until }),
      ),
      ask('ENDPOINTS', () => askEndpoints(db, { clusterId, nodes, at, signal: until })),
      ask('HISTORY', () => askHistory(db, { clusterId, at, measurements })),
    ]);
    if (signal.aborted) await releaseClaim(db, claim, { isDueNow: true });
    else await saveFacts(db, claim, known);
  } catch (err) {
    log.error({ clusterId, err }, 'what is asked beside the probes of a cluster could not be kept; it is asked again');
  }
}

type SqlAsking = {
  readonly due: readonly FactName[];
  readonly before: FactAnswers;
  readonly at: Date;
  readonly nodes: readonly ClusterNode[];
  readonly measurements: readonly Measurement[];
  readonly until: AbortSignal;
  readonly keep: (answers: FactAnswers) => Promise<void>;
  readonly failed: (error: unknown) => void;
};

async function askSql(
  { sql }: ProbeReading,
  { nodes, measurements, until, keep, failed, ...asked }: SqlAsking,
): Promise<FactAnswers> {
  const frontends = nodes.flatMap(({ id, kind, host, queryPort, alive }) =>
    kind === 'FRONTEND' && alive && queryPort !== null ? [{ id, host, queryPort }] : [],
  );
  const request = { ...asked, frontends, users: connectedUsers(measurements) };
  const call = { signal: until, failed, keep: (answers: FactAnswers) => keep(pickFacts(answers, 'SQL')) };
  return pickFacts(await readFacts(sql, request, call), 'SQL');
}

function problemsOf(names: readonly FactName[], at: Date): FactAnswers {
  const answer = { atMs: at.getTime(), problem: 'Starwarden failed to read it' };
  return Object.fromEntries(names.map((name) => [name, answer]));
}

/** So long back the free space of disks is looked at. */
const trendMs = 3 * 24 * hourMs;

async function askHistory(
  db: Database,
  { clusterId, at, measurements }: { clusterId: string; at: Date; measurements: readonly Measurement[] },
): Promise<FactAnswers> {
  const from = new Date(at.getTime() - trendMs);
  const past = await rolledUpPoints(db, { clusterId, metric: 'disk_free_bytes', from, to: at });
  return { disk_days_until_full: diskTrends(past, { latest: measurements, at }) };
}
