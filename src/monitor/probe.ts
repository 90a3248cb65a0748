import type { Logger } from 'pino';
import { type AlertTimes, defaultAlertTimes, type RuleFacts } from '../domain/alert-life.ts';
import type { ClusterNode, ObservedNode } from '../domain/cluster.ts';
import { catalogue } from '../domain/metrics/catalogue/index.ts';
import { cutToLimit } from '../domain/metrics/cut.ts';
import type { Measured } from '../domain/metrics/measurement.ts';
import { bookFor, factsOfMetricRules, type RuleBook } from '../domain/rules/book.ts';
import { saveRepositoryCheck } from '../store/backups/write-repositories.ts';
import { releaseClaim } from '../store/claims.ts';
import { findCluster, listNodes } from '../store/clusters/inventory.ts';
import { forgetStop } from '../store/clusters/stopped-nodes.ts';
import { saveClusterProblems, saveTopology } from '../store/clusters/topology.ts';
import { type Database, readDatabaseTime, startDatabaseClock } from '../store/database.ts';
import { readFactAnswers } from '../store/metrics/facts.ts';
import { packLook, readCounters } from '../store/metrics/write-measured.ts';
import type { ProbeClaim } from '../store/probes/probes.ts';
import { type ProbeOutcome, recordSample } from '../store/probes/record-sample.ts';
import type { OnDamaged } from '../store/readable.ts';
import { listPlannedWork } from '../store/reads/planned-work.ts';
import { readRuleEdits } from '../store/reads/rules.ts';
import type { ConfiguredRule } from './define-rule.ts';
import { evaluateRules } from './evaluate.ts';
import { problemsOf } from './problems.ts';
import { type Parts, type ProbeReading, readParts } from './read-parts.ts';
import { readStored } from './read-stored.ts';

export type ProbeDeps = {
  readonly db: Database;
  readonly log: Logger;
  readonly reading: (clusterId: string, signal: AbortSignal) => ProbeReading;
  /** Notified of `alert:<id>` for each alert that changed. */
  readonly changed: (topic: string) => void;
};

export type ProbeSettings = {
  readonly rules: readonly ConfiguredRule[];
  readonly timeoutMs: number;
  readonly everyMs: number;
  /** Other times than usual for the life of alerts. */
  readonly alertTimes?: Partial<AlertTimes>;
};

/**
 * Probes one cluster: reads it, stores the picture, and updates its alerts. Never throws: errors of the cluster are what
 * it looks for, and our own errors are logged and tried again at the next probe.
 */
export async function probeCluster(
  deps: ProbeDeps,
  claim: ProbeClaim,
  { settings, signal }: { settings: ProbeSettings; signal: AbortSignal },
): Promise<void> {
  const { db, log, changed } = deps;
  const { clusterId } = claim;
  try {
    const startedAt = performance.now();
    const damaged = (err: unknown) =>
      log.error({ clusterId, err }, 'something that is stored beside a cluster cannot be read; it is watched without');
    const known = await listNodes(db, clusterId, { onDamaged: damaged });
    const { own, ...stored } = await readStored(db, clusterId, damaged);
    const cluster = await findCluster(db, clusterId);
    // What one process counted, another one goes on with: all of it is by one clock.
    const now = await startDatabaseClock(db);
    const read = await readParts(
      { ...deps.reading(clusterId, signal), now },
      {
        metrics: {
          counters: await readCounters(db, clusterId, damaged),
          facts: await readFactAnswers(db, clusterId, damaged),
        },
        failed: (err) =>
          log.error({ clusterId, err }, 'nothing could be measured in a probe; alerts are judged without'),
        everyMs: settings.everyMs,
        known,
        seeds: cluster?.seeds ?? [],
        ...stored,
        before: claim.before,
        runMode: cluster?.runMode ?? null,
        own: { ...own, everyMs: settings.everyMs },
        timeoutMs: settings.timeoutMs,
      },
    );
    if (read === null) return await releaseClaim(db, claim, { isDueNow: true });
    const { parts, counters } = read;
    const durationMs = performance.now() - startedAt;
    await keepOwnCheck(db, clusterId, parts);
    for (const node of parts.stopped.contradicted) await forgetStop(db, { clusterId, ...node });
    const at = await readDatabaseTime(db);
    const book = bookFor(await readRuleEdits(db, damaged), { clusterId, environment: cluster?.environment ?? '', at });
    const outcome = await judge(deps, { clusterId, parts, durationMs, checks: settings.rules, book, known, damaged });
    const times: AlertTimes = { ...defaultAlertTimes, staleAfterMs: 3 * settings.everyMs, ...settings.alertTimes };
    const look =
      parts.metrics === null
        ? null
        : await packLook(toKeep(parts.metrics), counters).catch((err: unknown) => {
            log.error({ clusterId, err }, 'what a probe measured could not be packed; it is lost');
            return null;
          });
    const rules: readonly RuleFacts[] = [...settings.rules, ...factsOfMetricRules(book)];
    const alertIds = await recordSample(db, { claim, outcome, look, policy: { times, rules }, damaged });
    if (alertIds === null)
      log.warn({ clusterId }, 'a probe was not recorded: its claim had ended, or its cluster is gone');
    for (const id of alertIds ?? []) changed(`alert:${id}`);
  } catch (err) {
    log.error({ clusterId, err }, 'a probe of a cluster could not be recorded; the next one is due as usual');
  }
}

/** The history keeps few of many subjects; the rules have judged all of them. */
function toKeep({ at, measurements }: Measured): Measured {
  return { at, measurements: cutToLimit(measurements, catalogue) };
}

type Judged = {
  clusterId: string;
  parts: Parts<ObservedNode>;
  durationMs: number;
  checks: readonly ConfiguredRule[];
  book: RuleBook;
  known: readonly ClusterNode[];
  damaged: OnDamaged;
};

/** Stores the picture of the cluster, so that readers need not ask the cluster, and judges what is wrong. */
async function judge({ db, log }: ProbeDeps, judged: Judged): Promise<ProbeOutcome> {
  const { clusterId, parts, durationMs, checks, book, known, damaged } = judged;
  // Asked after the reading, with the reading's own duration as the window: the probe may have seen work that ended
  // meanwhile.
  const work = await listPlannedWork(db, { clusterId, windowMs: durationMs + 1_000 });
  const stopped = parts.stopped.nodes.map(({ nodeId, runId, runNumber, byName }) => ({
    ...{ nodeId, runId },
    because: `it was stopped on purpose by ${byName} (R-${runNumber}), until it is started`,
  }));
  const plannedWork = [...work, ...stopped];
  const saved = await savePicture(db, clusterId, { parts, damaged });
  const nodes = saved.topology.isSeen ? saved.topology.nodes : known;
  const { notJudged, ...sample } = evaluateRules(checks, { clusterId, parts: saved, log, book, nodes });
  const { topology, health } = parts;
  return {
    durationMs,
    ok: topology.isSeen,
    problem: topology.isSeen ? null : topology.failure.message,
    leader: topology.isSeen ? topology.leader : null,
    nodes: health.probes,
    notJudged,
    sample: { ...sample, plannedWork, switchedOff: book.switchedOff },
  };
}

/** Stores the picture and answers the same parts, with the nodes as the inventory knows them. */
async function savePicture(
  db: Database,
  clusterId: string,
  { parts, damaged }: { readonly parts: Parts<ObservedNode>; readonly damaged: OnDamaged },
): Promise<Parts> {
  const { topology, health } = parts;
  if (!topology.isSeen) {
    await saveClusterProblems(db, clusterId, [topology.failure.message]);
    return { ...parts, topology };
  }
  const { nodes, leader } = topology;
  const problems = [...problemsOf(health.probes, leader), ...topology.problems];
  await saveTopology(db, clusterId, { nodes, runMode: null, problems });
  return { ...parts, topology: { ...topology, nodes: await listNodes(db, clusterId, { onDamaged: damaged }) } };
}

/** What a store itself was found to be is kept before it is judged: a problem goes on since it was first found. */
async function keepOwnCheck(db: Database, clusterId: string, { repositories }: Parts<ObservedNode>): Promise<void> {
  const checked = repositories?.checked ?? null;
  if (checked === null) return;
  const { name, problem } = checked;
  await saveRepositoryCheck(db, { clusterId, name }, { problem, usedBytes: null, freeBytes: null });
}
