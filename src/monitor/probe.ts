import type { Logger } from 'pino';
import { type AlertTimes, defaultAlertTimes } from '../domain/alert-life.ts';
import { listNodes } from '../store/clusters/inventory.ts';
import { saveClusterProblems, saveTopology } from '../store/clusters/topology.ts';
import type { Database } from '../store/database.ts';
import { type ProbeClaim, releaseProbe } from '../store/probes/probes.ts';
import { type Look, recordSample } from '../store/probes/record-sample.ts';
import { listPlannedWork } from '../store/runs/planned-work.ts';
import { type Finding, type LookPorts, lookAtCluster } from './look.ts';
import { nodeConditions, problemsOf, type RuleSettings, unjudgedWhenUnseen, unreachableCondition } from './rules.ts';

export type ProbeDeps = {
  readonly db: Database;
  readonly log: Logger;
  readonly ports: LookPorts;
  /** Told `alert:<id>` for each alert that changed. */
  readonly changed: (topic: string) => void;
};

export type ProbeSettings = RuleSettings & { readonly timeoutMs: number; readonly everyMs: number };

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
    const finding = await lookAtCluster(deps.ports, {
      clusterId,
      known,
      before: claim.before,
      timeoutMs: settings.timeoutMs,
      signal,
    });
    if (finding.kind === 'interrupted') return await releaseProbe(db, claim);
    const durationMs = performance.now() - startedAt;
    const look = await judge(db, { clusterId, finding, durationMs, settings });
    const times: AlertTimes = { ...defaultAlertTimes, staleAfterMs: 3 * settings.everyMs };
    const alertIds = await recordSample(db, { claim, look, times });
    if (alertIds === null)
      log.warn({ clusterId }, 'a look was not recorded: its claim had ended, or its cluster is gone');
    for (const id of alertIds ?? []) changed(`alert:${id}`);
  } catch (err) {
    log.error({ clusterId, err }, 'a look at a cluster could not be recorded; the next one is due as usual');
  }
}

type Judged = {
  clusterId: string;
  finding: Exclude<Finding, { kind: 'interrupted' }>;
  durationMs: number;
  settings: RuleSettings;
};

/** Stores the picture of the cluster, so that readers need not ask it, and says what is wrong. */
async function judge(db: Database, { clusterId, finding, durationMs, settings }: Judged): Promise<Look> {
  const { probes } = finding;
  // Asked after the look, with the look's own time as the window: work that ended meanwhile may be what it saw.
  const plannedWork = await listPlannedWork(db, { clusterId, windowMs: durationMs + 1_000 });
  if (finding.kind === 'unseen') {
    const problem = finding.failure.message;
    await saveClusterProblems(db, clusterId, [problem]);
    const conditions = [unreachableCondition(clusterId, finding.failure, probes, finding)];
    const sample = { conditions, unjudged: unjudgedWhenUnseen, plannedWork };
    return { durationMs, ok: false, problem, leader: null, nodes: probes, sample };
  }
  const { nodes, leader } = finding;
  const problems = [...problemsOf(probes, leader), ...finding.problems];
  await saveTopology(db, clusterId, { nodes, runMode: null, problems });
  const conditions = nodeConditions(await listNodes(db, clusterId), probes, settings);
  return {
    durationMs,
    ok: true,
    problem: null,
    leader,
    nodes: probes,
    sample: { conditions, unjudged: [], plannedWork },
  };
}
