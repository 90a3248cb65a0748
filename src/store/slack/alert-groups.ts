import { sql } from 'kysely';
import { z } from 'zod';
import { type Alert, type Severity, severities } from '../../domain/alert.ts';
import type { StormCause } from '../../domain/delivery/channel-state.ts';
import { toAlert } from '../alerts/alert-rows.ts';
import { isDue } from '../claims.ts';
import { type Database, databaseNow, databaseNowPlus, type Reader } from '../database.ts';
import { isVisible, type Visibility } from '../reads/visibility.ts';

/** A message lists so many alerts and counts the others. */
const mostListed = 10;
// One that cannot be read counts as the worst: nothing may keep a channel from being told.
const severity = z.enum(severities).catch('CRITICAL');

/** How many alerts of one cluster, rule and severity stand on a message, and how many of them go on. */
export type GroupCount = {
  readonly clusterName: string;
  readonly rule: string;
  readonly severity: Severity;
} & GroupSums;

/** `stale` and `hidden` are parts of `open` that do not overlap; `acked` and `untaken` are others. `untaken`: nobody has it, nothing hides it. */
export type GroupSums = {
  readonly all: number;
  readonly open: number;
  readonly stale: number;
  readonly hidden: number;
  readonly acked: number;
  readonly untaken: number;
  /** Neither open nor known to be over, since the rule was switched off. */
  readonly off?: number;
};

/** Alerts that are told together, as their message shows them. */
export type AlertGroup = {
  readonly id: string;
  readonly kind: 'GROUP' | 'STORM';
  readonly clusterName: string | null;
  readonly family: string | null;
  /** Null = a storm. */
  readonly severity: Severity | null;
  readonly cause: StormCause | null;
  readonly openedAt: Date;
  /** Not null = no alert joins it any more. */
  readonly closedAt: Date | null;
  /** No alert joins it any more, and none on it can fire again. */
  readonly isHistory: boolean;
  /** Grows when alerts join. */
  readonly joinRevision: number;
  /** Another one whenever something that is shown may have changed. */
  readonly revision: number;
  /** Those that nobody has taken first, then taken ones, hidden ones, and those that are over; of each the worst first. */
  readonly listed: readonly Alert[];
  readonly counts: readonly GroupCount[];
};

/** A group or storm with what its members are now; null = there is none with this id. */
export async function readGroup(db: Database, id: string): Promise<AlertGroup | null> {
  const group = await db.selectFrom('alert_group').selectAll().where('id', '=', id).executeTakeFirst();
  if (group === undefined) return null;
  const members = db
    .selectFrom('alert_delivery')
    .innerJoin('alert', 'alert.id', 'alert_delivery.alert_id')
    .where('alert_delivery.group_id', '=', id);
  // Read after the group's own revision: at least the members of that revision are among them.
  const counts = await members
    .select(['alert.cluster_name', 'alert.rule', 'alert.severity'])
    .select((row) => [
      row.fn.countAll<number>().as('all'),
      sql<number>`SUM(alert.signal_state <> 'RESOLVED')`.as('open'),
      sql<number>`SUM(alert.signal_state = 'STALE' AND alert.muted_by IS NULL)`.as('stale'),
      sql<number>`SUM(alert.signal_state <> 'RESOLVED' AND alert.muted_by IS NOT NULL)`.as('hidden'),
      sql<number>`SUM(alert.signal_state <> 'RESOLVED' AND alert.acked_by_id IS NOT NULL)`.as('acked'),
      sql<number>`SUM(alert.signal_state <> 'RESOLVED' AND alert.acked_by_id IS NULL AND alert.muted_by IS NULL)`.as(
        'untaken',
      ),
      sql<number>`SUM(alert.signal_state = 'RESOLVED' AND alert.switched_off IS NOT NULL)`.as('off'),
      row.fn.sum<number>('alert.revision').as('revisions'),
      sql<number>`SUM(alert.closed_at IS NULL)`.as('live'),
    ])
    .groupBy(['alert.cluster_name', 'alert.rule', 'alert.severity'])
    .execute();
  const listed = await members
    .selectAll('alert')
    .orderBy(sql`alert.signal_state = 'RESOLVED'`)
    .orderBy(sql`alert.muted_by IS NOT NULL`)
    .orderBy(sql`alert.acked_by_id IS NOT NULL`)
    .orderBy(sql`FIELD(alert.severity, 'CRITICAL', 'HIGH', 'MEDIUM', 'LOW')`)
    .orderBy('alert.number')
    .limit(mostListed)
    .execute();
  return {
    ...{ id, kind: group.kind === 'STORM' ? 'STORM' : 'GROUP', clusterName: group.cluster_name, family: group.family },
    severity: group.severity === null ? null : severity.parse(group.severity),
    cause: group.cause === null ? null : z.enum(['RATE', 'BUDGET']).parse(group.cause),
    ...{ openedAt: group.opened_at, closedAt: group.closed_at, joinRevision: group.revision },
    isHistory: group.closed_at !== null && counts.every(({ live }) => Number(live) === 0),
    revision: counts.reduce((sum, { revisions }) => sum + Number(revisions), group.revision),
    listed: listed.map(toAlert),
    counts: counts.map((row) => ({
      ...{ clusterName: row.cluster_name, rule: row.rule, severity: severity.parse(row.severity) },
      ...{ all: Number(row.all), open: Number(row.open), stale: Number(row.stale), hidden: Number(row.hidden) },
      ...{ acked: Number(row.acked), untaken: Number(row.untaken), off: Number(row.off) },
    })),
  };
}

/**
 * Alerts that stood on the message of several alerts when it had this revision, that go on and that nobody has taken, as far as they
 * may be seen; the worst first.
 */
export async function untakenOnMessage(
  db: Reader,
  { groupId, joinRevision, visibility }: { groupId: string; joinRevision: number; visibility: Visibility },
): Promise<readonly Alert[]> {
  const rows = await db
    .selectFrom('alert_delivery')
    .innerJoin('alert', 'alert.id', 'alert_delivery.alert_id')
    .selectAll('alert')
    .where('alert_delivery.group_id', '=', groupId)
    .where('alert_delivery.group_revision', '<=', joinRevision)
    .where('alert.signal_state', '<>', 'RESOLVED')
    .where('alert.acked_by_id', 'is', null)
    .where(isVisible(visibility, { clusterId: 'alert.cluster_id', environment: 'alert.environment' }))
    .orderBy(sql`FIELD(alert.severity, 'CRITICAL', 'HIGH', 'MEDIUM', 'LOW')`)
    .orderBy('alert.number')
    .execute();
  return rows.map(toAlert);
}

/** Messages of groups and storms that are due to be sent, or to be compared with what they are about. */
export async function listDueGroupCards(db: Database, limit: number): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('slack_card')
    .leftJoin('alert_group', 'alert_group.id', 'slack_card.subject_id')
    .select('slack_card.id')
    .where('slack_card.kind', 'in', ['GROUP', 'STORM'])
    .where(isDue('slack_card'))
    .orderBy(sql`slack_card.ts IS NOT NULL`)
    .orderBy(sql`COALESCE(alert_group.severity, '') <> 'CRITICAL'`)
    .orderBy('slack_card.due_at')
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}

/** Ends the groups all of whose alerts are history: what comes next is a new group. */
export async function closeGroups(db: Database): Promise<void> {
  await db
    .updateTable('alert_group')
    .set({ closed_at: databaseNow, open_key: null })
    .where('kind', '=', 'GROUP')
    .where('closed_at', 'is', null)
    .where('busy_at', '<', databaseNowPlus(-60_000))
    .where((row) =>
      row.not(
        row.exists(
          row
            .selectFrom('alert_delivery')
            .innerJoin('alert', 'alert.id', 'alert_delivery.alert_id')
            .select('alert.id')
            .whereRef('alert_delivery.group_id', '=', 'alert_group.id')
            .where('alert.closed_at', 'is', null),
        ),
      ),
    )
    .execute();
}
