import { type AlertPolicy, applySample, endAlert, overIn, type Pending, type Sample } from '../../domain/alert-life.ts';
import type { NotJudged, Probe } from '../../domain/probe.ts';
import { asActive } from '../../domain/silence.ts';
import { fewOfEach, markUnjudged } from '../../domain/unjudged.ts';
import { insertAlert, lockOpenAlerts, writeAlertChange, writeAlertRepeat } from '../alerts/alerts.ts';
import { keepHidden } from '../alerts/hidden-by-run.ts';
import { isOurs, unclaimed } from '../claims.ts';
import { findCluster } from '../clusters/inventory.ts';
import { type Database, databaseNow, inTransaction, readDatabaseTime, type Tx } from '../database.ts';
import { fromJson, toJson } from '../json.ts';
import { forgetMetrics, type PackedLook, writeLook } from '../metrics/write-measured.ts';
import { type OnDamaged, readable } from '../readable.ts';
import { silencesCovering } from '../reads/covering-silences.ts';
import { hidingOver, hidingWindows } from '../reads/hiding-windows.ts';
import { readSettling } from '../reads/settling.ts';
import { pendingShape } from './probe-rows.ts';
import type { ProbeClaim } from './probes.ts';

/** The outcome of one probe. */
export type ProbeOutcome = Pick<Probe, 'durationMs' | 'ok' | 'problem' | 'leader' | 'nodes'> & {
  readonly sample: Omit<Sample, 'at'>;
  /** What could not be judged, for whoever asks why nothing is said. */
  readonly notJudged?: readonly NotJudged[];
};

export type NewSample = {
  readonly claim: ProbeClaim;
  readonly outcome: ProbeOutcome;
  /** What was measured; null = nothing was. */
  readonly look: PackedLook | null;
  readonly policy: AlertPolicy;
  /** Told of what is stored of the cluster's alerts and cannot be read: what ripens does so anew. */
  readonly damaged?: OnDamaged;
};

/**
 * Writes a probe and what follows from it for the cluster's alerts, in one transaction, and gives the claim back. Answers
 * the ids of the alerts that changed; null, with nothing written, when the claim was lost or the cluster is gone.
 */
export async function recordSample(
  db: Database,
  { claim, outcome, look, policy, damaged = () => undefined }: NewSample,
): Promise<readonly string[] | null> {
  return inTransaction(db, async (tx) => {
    const held = await tx
      .selectFrom('probe')
      .select('pending')
      .where(isOurs(claim))
      .where('claimed_until', '>', databaseNow)
      .forUpdate()
      .executeTakeFirst();
    const cluster = await findCluster(tx, claim.clusterId);
    if (held === undefined || cluster === null) return null;
    const at = await readDatabaseTime(tx);
    const { id: clusterId, environment } = cluster;
    const windows = await hidingWindows(tx, { visibility: 'everywhere', damaged });
    const silences = await silencesCovering(tx, { clusterId, environment, at });
    const state = {
      alerts: await lockOpenAlerts(tx, clusterId, damaged),
      pending: readable([held.pending], (pending) => fromJson(pendingShape, pending), damaged).flat(),
      silences: silences.map(asActive),
      windows: hidingOver(windows, { clusterId, environment, at }),
      // Before this look is written: what it finds over is not settling any more.
      settling: await readSettling(tx, { clusterId, damaged }),
    };
    const effect = applySample(state, { ...outcome.sample, at }, policy);
    // Changes come before openings: an alert that closes has to free its fingerprint first.
    for (const change of effect.changed) await writeAlertChange(tx, change);
    for (const alert of effect.kept) await writeAlertRepeat(tx, alert);
    const changedIds = effect.changed.map((change) => change.alert.id);
    for (const opening of effect.opened) changedIds.push(await insertAlert(tx, { cluster, at, ...opening }));
    await keepHidden(tx, {
      ...{ clusterId, at, covered: effect.covered, damaged },
      isOver: overIn({ ...outcome.sample, at }, policy),
    });
    await writeProbe(tx, { claim, outcome, at, pending: effect.pending });
    if (look !== null) await writeLook(tx, { clusterId: cluster.id, at, look });
    return changedIds;
  });
}

async function writeProbe(
  tx: Tx,
  { claim, outcome, at, pending }: { claim: ProbeClaim; outcome: ProbeOutcome; at: Date; pending: readonly Pending[] },
): Promise<void> {
  const found = {
    at,
    duration_ms: Math.round(outcome.durationMs),
    ok: outcome.ok ? 1 : 0,
    problem: outcome.problem?.slice(0, 4_000) ?? null,
    leader: outcome.leader?.slice(0, 300) ?? null,
  };
  await tx
    .updateTable('probe')
    .set({
      ...found,
      nodes: toJson(markUnjudged(outcome.nodes, outcome.notJudged ?? [])),
      pending: toJson(pending),
      not_judged: toJson(fewOfEach(outcome.notJudged ?? [])),
      ...unclaimed,
    })
    .where('cluster_id', '=', claim.clusterId)
    .execute();
  const alive = outcome.nodes.filter((node) => node.alive === true).length;
  await tx
    .insertInto('probe_sample')
    .values({ cluster_id: claim.clusterId, fence: claim.fence, alive, total: outcome.nodes.length, ...found })
    .execute();
}

/** Forgets what was seen of a cluster that is not registered any more, and closes its alerts. Answers their ids. */
export async function abandonProbe(db: Database, clusterId: string): Promise<readonly string[]> {
  return inTransaction(db, async (tx) => {
    await tx
      .selectFrom('probe')
      .select('cluster_id')
      .where('cluster_id', '=', clusterId)
      .forUpdate()
      .executeTakeFirst();
    const isBack = (await findCluster(tx, clusterId)) !== null;
    if (isBack) return [];
    const at = await readDatabaseTime(tx);
    const alerts = await lockOpenAlerts(tx, clusterId);
    for (const alert of alerts) await writeAlertChange(tx, endAlert(alert, at, 'the cluster was unregistered'));
    await tx.deleteFrom('probe_sample').where('cluster_id', '=', clusterId).execute();
    await tx.deleteFrom('probe').where('cluster_id', '=', clusterId).execute();
    await forgetMetrics(tx, clusterId);
    return alerts.map((alert) => alert.id);
  });
}
