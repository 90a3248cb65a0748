import type { Logger } from 'pino';
import { createSlots, type Slots } from '../adapters/slots.ts';
import type { AlertTimes } from '../domain/alert-life.ts';
import { startDueLoop } from '../due-loop.ts';
import type { Database } from '../store/database.ts';
import { claimFacts, listDueFacts } from '../store/metrics/facts.ts';
import {
  claimProbe,
  listAbandonedProbes,
  listDueProbes,
  pruneBatch,
  pruneProbeSamples,
} from '../store/probes/probes.ts';
import { abandonProbe } from '../store/probes/record-sample.ts';
import { listClustersInMaking } from '../store/reads/clusters-in-making.ts';
import { askFacts, factsTimeoutMs } from './ask-facts.ts';
import { configureRules } from './evaluate.ts';
import { probeCluster } from './probe.ts';
import type { ProbeReading } from './read-parts.ts';
import { rules } from './rules/index.ts';
import { tidyAlerts } from './tidy-alerts.ts';
import { tidyMetrics } from './tidy-metrics.ts';

/** The part of the context that the monitor needs. */
export type MonitorDeps = {
  readonly config: {
    readonly holder: string;
    readonly monitor: { readonly probeEveryMs: number; readonly rules: Readonly<Record<string, unknown>> };
  };
  readonly db: Database;
  readonly log: Logger;
  readonly doorbell: { changed(topic: string): void };
  readonly connections: { readonly reading: (clusterId: string, signal: AbortSignal) => ProbeReading };
};

export type MonitorOptions = {
  /** Clusters probed at once by this process. Default 8. */
  readonly concurrency?: number;
  /** Time limit of one probe. Default 10,000 ms. */
  readonly probeTimeoutMs?: number;
  /** How often it is looked what is due of what is asked at a slower pace; null = nothing is asked. Default 30,000 ms. */
  readonly factsEveryMs?: number | null;
  /** After which part of its pace each of them is asked again. Default 1; for labs, in which minutes are seconds. */
  readonly factsShare?: number;
  /** Other times than usual for the life of alerts; for labs, in which minutes are seconds. */
  readonly alertTimes?: Partial<AlertTimes>;
};

const keepSamplesMs = 24 * 3_600_000;
const pruneEveryMs = 600_000;
/** A few big clusters at once must not use up the file descriptors of the process. */
const httpCallsAtOnce = 64;
/** So that slow answers of some clusters do not keep the others from being asked. */
const factsAtOnce = 4;

/**
 * Probes every registered cluster every `probeEveryMs`, until stopped. Any number of processes may do so: each probe is
 * claimed in MySQL, so that only one of them has it, and when that process dies another takes over as soon as the claim
 * ends. When the database does not answer, the loop goes on and asks again.
 */
export function startMonitor(ctx: MonitorDeps, options: MonitorOptions = {}): { stop(): Promise<void> } {
  const { concurrency = 8, probeTimeoutMs = 10_000, factsEveryMs = 30_000, factsShare = 1, alertTimes = {} } = options;
  const { db, log, config } = ctx;
  const everyMs = config.monitor.probeEveryMs;
  const settings = {
    rules: configureRules(rules, config.monitor.rules),
    timeoutMs: probeTimeoutMs,
    everyMs,
    alertTimes,
  };
  // Half as much time again, for storing what was found.
  const claimMs = Math.max(everyMs, probeTimeoutMs * 1.5);
  const slots = createSlots(httpCallsAtOnce);
  const deps = {
    db,
    log,
    reading: (clusterId: string, signal: AbortSignal) => {
      const reading = ctx.connections.reading(clusterId, signal);
      return { ...reading, http: limited(reading.http, slots) };
    },
    changed: (topic: string) => ctx.doorbell.changed(topic),
  };
  const stopping = new AbortController();
  const met = new Set<string>();
  let pruneAt = 0;

  const handle = async (clusterId: string): Promise<void> => {
    // Many clusters are due at once after a start; half an interval more or less spreads them, a little keeps them spread.
    const jitter = met.has(clusterId) ? 0.05 : 0.5;
    met.add(clusterId);
    const nextInMs = everyMs * (1 + jitter * (2 * Math.random() - 1));
    const damaged = (err: unknown) =>
      log.error({ clusterId, err }, 'what the last probe of a cluster saw cannot be read; it is probed without');
    const claim = await claimProbe(db, { clusterId, holder: config.holder, claimMs, nextInMs, damaged });
    if (claim !== null) await probeCluster(deps, claim, { settings, signal: stopping.signal });
  };
  const ask = async (clusterId: string): Promise<void> => {
    const times = { claimMs: factsTimeoutMs * 1.5, nextInMs: factsEveryMs ?? factsTimeoutMs };
    const claim = await claimFacts(db, { clusterId, holder: config.holder, ...times });
    if (claim !== null) await askFacts(deps, claim, { signal: stopping.signal, share: factsShare });
  };
  const abandon = async () => {
    for (const clusterId of await listAbandonedProbes(db)) {
      for (const id of await abandonProbe(db, clusterId)) deps.changed(`alert:${id}`);
    }
  };
  const prune = async () => {
    if (performance.now() < pruneAt) return;
    if ((await pruneProbeSamples(db, keepSamplesMs)) < pruneBatch) pruneAt = performance.now() + pruneEveryMs;
  };
  const loop = startDueLoop({
    name: 'monitor',
    log,
    everyMs: Math.min(1_000, Math.max(50, everyMs / 4)),
    chores: [abandon, prune, tidyMetrics(db), tidyAlerts(db)],
    kinds: [
      { what: 'probe', list: (limit) => listDue(db, limit), handle, atOnce: concurrency },
      ...(factsEveryMs === null
        ? []
        : [{ what: 'facts', list: (limit: number) => listDueFacts(db, limit), handle: ask, atOnce: factsAtOnce }]),
    ],
  });
  return {
    stop: async () => {
      stopping.abort();
      await loop.stop();
    },
  };
}

/** A cluster that has never answered because it is only being made is not looked after yet. */
async function listDue(db: Database, limit: number): Promise<readonly string[]> {
  return listDueProbes(db, limit, { except: await listClustersInMaking(db) });
}

function limited(http: ProbeReading['http'], slots: Slots): ProbeReading['http'] {
  return {
    ...http,
    health: async (node, call) => {
      const free = await slots.take(call?.signal ?? new AbortController().signal);
      try {
        return await http.health(node, call);
      } finally {
        free();
      }
    },
  };
}
