import type { Logger } from 'pino';
import { type AlertTimes, defaultAlertTimes } from '../domain/alert-life.ts';
import { releaseClaim } from '../store/claims.ts';
import { listNodes } from '../store/clusters/inventory.ts';
import { saveClusterProblems, saveTopology } from '../store/clusters/topology.ts';
import type { Database } from '../store/database.ts';
import type { ProbeClaim } from '../store/probes/probes.ts';
import { type FinishedLook, recordSample } from '../store/probes/record-sample.ts';
import { listPlannedWork } from '../store/reads/planned-work.ts';
import type { ConfiguredRule, Parts } from './define-rule.ts';
import { evaluateRules } from './evaluate.ts';
import { type Look, type Looking, lookAtCluster } from './look.ts';
import { problemsOf } from './problems.ts';

export type ProbeDeps = {
  readonly db: Database;
  readonly log: Logger;
  readonly reading: (clusterId: string, signal: AbortSignal) => Looking;
  /** Told `alert:<id>` for each alert that changed. */
  readonly changed: (topic: string) => void;
};

export type ProbeSettings = {
  readonly rules: readonly ConfiguredRule[];
  readonly timeoutMs: number;
  readonly everyMs: number;
};

/**
 * Looks at one cluster, stores the picture, and moves its alerts. Never throws: what goes wrong on the cluster's side is
 * what it is there to find, and what goes wrong on ours is logged and tried again at the next look.
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
    const known = await listNodes(db, clusterId);
    const look = await lookAtCluster(deps.reading(clusterId, signal), {
      known,
      before: claim.before,
      timeoutMs: settings.timeoutMs,
    });
    if (look === null) return await releaseClaim(db, claim, { isDueNow: true });
    const durationMs = performance.now() - startedAt;
    const finished = await judge(deps, { clusterId, look, durationMs, rules: settings.rules });
    const times: AlertTimes = { ...defaultAlertTimes, staleAfterMs: 3 * settings.everyMs };
    const alertIds = await recordSample(db, { claim, look: finished, policy: { times, rules: settings.rules } });
    if (alertIds === null)
      log.warn({ clusterId }, 'a look was not recorded: its claim had ended, or its cluster is gone');
    for (const id of alertIds ?? []) changed(`alert:${id}`);
  } catch (err) {
    log.error({ clusterId, err }, 'a look at a cluster could not be recorded; the next one is due as usual');
  }
}

type Judged = { clusterId: string; look: Look; durationMs: number; rules: readonly ConfiguredRule[] };

/** Stores the picture of the cluster, so that readers need not ask it, and says what is wrong. */
async function judge({ db, log }: ProbeDeps, { clusterId, look, durationMs, rules }: Judged): Promise<FinishedLook> {
  // Asked after the look, with the look's own time as the window: work that ended meanwhile may be what it saw.
  const plannedWork = await listPlannedWork(db, { clusterId, windowMs: durationMs + 1_000 });
  const parts = await savePicture(db, clusterId, look);
  const { conditions, unjudged } = evaluateRules(rules, { clusterId, parts, log });
  const { topology, health } = look;
  return {
    durationMs,
    ok: topology.isSeen,
    problem: topology.isSeen ? null : topology.failure.message,
    leader: topology.isSeen ? topology.leader : null,
    nodes: health.probes,
    sample: { conditions, unjudged, plannedWork },
  };
}

/** Answers the same look with the nodes as the inventory knows them. */
async function savePicture(db: Database, clusterId: string, { topology, health }: Look): Promise<Parts> {
  if (!topology.isSeen) {
    await saveClusterProblems(db, clusterId, [topology.failure.message]);
    return { topology, health };
  }
  const { nodes, leader } = topology;
  const problems = [...problemsOf(health.probes, leader), ...topology.problems];
  await saveTopology(db, clusterId, { nodes, runMode: null, problems });
  return { topology: { ...topology, nodes: await listNodes(db, clusterId) }, health };
}
