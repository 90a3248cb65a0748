import { type AlertPolicy, applySample, type Condition } from '../../domain/alert-life.ts';
import { asActive } from '../../domain/silence.ts';
import { insertAlert, lockOpenAlerts, writeAlertChange, writeAlertRepeat } from '../alerts/alerts.ts';
import { type Database, inTransaction, readDatabaseTime } from '../database.ts';
import { silencesCovering } from '../reads/covering-silences.ts';

export type OverdueLook = {
  readonly clusterId: string;
  readonly overdueMs: number;
  readonly policy: AlertPolicy;
  /** What is wrong, when the last look was at that time. */
  readonly condition: (lastAt: Date) => Condition;
};

/**
 * Writes that nobody looks at a cluster, as a look would, if that still is so; who looks at the same moment goes first. The next looks
 * find that it is over. Answers the ids of alerts that changed.
 */
export async function recordOverdueLook(db: Database, overdue: OverdueLook): Promise<readonly string[]> {
  const { clusterId, overdueMs, policy } = overdue;
  return inTransaction(db, async (tx) => {
    const probe = await tx
      .selectFrom('probe')
      .select('at')
      .where('cluster_id', '=', clusterId)
      .forUpdate()
      .executeTakeFirst();
    // Of a cluster that cannot be read whole nobody looks at all, and that is to be told.
    const cluster = await tx
      .selectFrom('cluster')
      .select(['id', 'name', 'environment', 'created_at'])
      .where('id', '=', clusterId)
      .executeTakeFirst();
    if (cluster === undefined) return [];
    const at = await readDatabaseTime(tx);
    const lastAt = probe?.at ?? cluster.created_at;
    if (at.getTime() - lastAt.getTime() < overdueMs) return [];
    const condition = overdue.condition(lastAt);
    const silences = await silencesCovering(tx, { clusterId, environment: cluster.environment, at });
    const alerts = (await lockOpenAlerts(tx, clusterId)).filter((each) => each.fingerprint === condition.fingerprint);
    const state = { alerts, pending: [], silences: silences.map(asActive) };
    const effect = applySample(state, { at, conditions: [condition], unjudged: [], plannedWork: [] }, policy);
    for (const change of effect.changed) await writeAlertChange(tx, change);
    for (const alert of effect.kept) await writeAlertRepeat(tx, alert);
    const ids = effect.changed.map(({ alert }) => alert.id);
    for (const opening of effect.opened) ids.push(await insertAlert(tx, { cluster, at, ...opening }));
    return ids;
  });
}
