import { sql } from 'kysely';
import { z } from 'zod';
import { severities } from '../../domain/alert.ts';
import type {
  ChannelState,
  OpenGroup,
  RecentMessage,
  Storm,
  Wait,
  WaitingAlert,
} from '../../domain/delivery/channel-state.ts';
import { planDelivery } from '../../domain/delivery/plan-delivery.ts';
import { databaseNowPlus, type Queryable, type Reader, readDatabaseTime } from '../database.ts';
import { nextDigests } from './digests.ts';

// One that cannot be read counts as the worst: nothing may keep a channel from being told.
const severity = z.enum(severities).catch('CRITICAL');
const cause = z.enum(['RATE', 'BUDGET']);
/** A message that could not be sent for so long does not count any more. */
const oldMs = 86_400_000;

/** What a channel would be told of, with what a reply says of each alert. */
export type ReadChannel = {
  readonly state: ChannelState;
  readonly facts: ReadonlyMap<string, WaitingFacts>;
};

export type WaitingFacts = {
  readonly number: number;
  readonly title: string;
  readonly clusterName: string;
  readonly severity: string;
};

/** Everything that decides what a channel is told now. */
export async function readChannelState(db: Queryable, channel: string): Promise<ReadChannel> {
  const now = await readDatabaseTime(db);
  const rows = await waitingIn(db, { channels: [channel] }).execute();
  const waiting = rows.map((row) => toWaiting(row, now));
  const facts = new Map(
    rows.map((row) => [
      row.id,
      {
        ...{ number: row.number, title: row.title },
        clusterName: row.cluster_name,
        severity: severity.parse(row.severity),
      },
    ]),
  );
  const [groups, storm, messages, arrived] = [
    await readGroups(db, [channel]),
    await readStorm(db, channel),
    await readMessages(db, channel),
    await countArrived(db, channel),
  ];
  const daily = (await nextDigests(db, [channel])).get(channel) ?? null;
  return { state: { now, waiting, groups: groups.map(toGroup), storm, messages, arrived, daily }, facts };
}

/**
 * Until when alerts of these clusters wait in these channels and why, as the channels are planned; in three statements. What is due
 * at `now` waits no more and is left out.
 */
export async function readWaits(
  db: Reader,
  {
    now,
    ...where
  }: { readonly now: Date; readonly channels: readonly string[]; readonly clusterIds: readonly string[] },
): Promise<readonly Wait[]> {
  if (where.channels.length === 0) return [];
  const waiting = Map.groupBy(await waitingIn(db, where).execute(), ({ channel }) => channel);
  const groups = Map.groupBy(await readGroups(db, where.channels), ({ channel }) => channel);
  const daily = await nextDigests(db, where.channels);
  // What waits does not depend on what else the channel got.
  const nothing = { storm: null, messages: [], arrived: 0 };
  return [...waiting].flatMap(([channel, rows]) => {
    const state = { now, waiting: rows.map((row) => toWaiting(row, now)), ...nothing };
    return planDelivery({
      ...{ ...state, daily: daily.get(channel) ?? null },
      groups: (groups.get(channel) ?? []).map(toGroup),
    }).waits;
  });
}

function waitingIn(
  db: Reader,
  { channels, clusterIds }: { readonly channels: readonly string[]; readonly clusterIds?: readonly string[] },
) {
  const waiting = db
    .selectFrom('alert_delivery')
    .innerJoin('alert', 'alert.id', 'alert_delivery.alert_id')
    .select(['alert.id', 'alert.cluster_id', 'alert.cluster_name', 'alert.severity', 'alert.title', 'alert.number'])
    .select(['alert_delivery.channel', 'alert_delivery.family', 'alert_delivery.waits_since'])
    .where('alert_delivery.channel', 'in', channels)
    .where('alert_delivery.waits_since', 'is not', null)
    .where('alert.signal_state', '!=', 'RESOLVED')
    .where('alert.muted_by', 'is', null)
    .where('alert.closed_at', 'is', null)
    .orderBy('alert.number');
  return clusterIds === undefined ? waiting : waiting.where('alert.cluster_id', 'in', clusterIds);
}

type WaitingRow = Awaited<ReturnType<ReturnType<typeof waitingIn>['execute']>>[number];

function toWaiting(row: WaitingRow, now: Date): WaitingAlert {
  return {
    ...{ id: row.id, clusterId: row.cluster_id, family: row.family, severity: severity.parse(row.severity) },
    since: row.waits_since ?? now,
  };
}

/** Members that came since the channel was last notified, and that stand on the message of the group or storm. */
function owed(db: Reader) {
  return db
    .selectFrom('alert_delivery as member')
    .innerJoin('slack_card as shown', 'shown.id', 'member.card_id')
    .innerJoin('alert as told', 'told.id', 'member.alert_id')
    .where('member.group_id', '=', sql.ref<string>('alert_group.id'))
    .where('member.decided_at', '>', sql.ref<Date>('alert_group.news_at'))
    .where('shown.kind', '!=', 'ALERT');
}

function readGroups(db: Reader, channels: readonly string[]) {
  return db
    .selectFrom('alert_group')
    .selectAll('alert_group')
    .select((row) => [
      row
        .selectFrom('alert_delivery as member')
        .innerJoin('alert as told', 'told.id', 'member.alert_id')
        .whereRef('member.group_id', '=', 'alert_group.id')
        .where('told.closed_at', 'is', null)
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .as('members'),
      owed(db)
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .as('owed'),
      row
        .selectFrom('slack_card')
        .whereRef('slack_card.subject_id', '=', 'alert_group.id')
        .where('slack_card.kind', '=', 'GROUP')
        .select('slack_card.id')
        .as('card_id'),
    ])
    .where('alert_group.channel', 'in', channels)
    .where('alert_group.kind', '=', 'GROUP')
    .where('alert_group.closed_at', 'is', null)
    .execute();
}

function toGroup(row: Awaited<ReturnType<typeof readGroups>>[number]): OpenGroup {
  return {
    ...{ id: row.id, clusterId: row.cluster_id ?? '', family: row.family ?? '' },
    severity: severity.parse(row.severity),
    ...{ members: Number(row.members ?? 0), owed: Number(row.owed ?? 0), hasCard: row.card_id !== null },
    ...{ joinedAt: row.busy_at, newsAt: row.news_at },
  };
}

async function readStorm(db: Queryable, channel: string): Promise<Storm | null> {
  const row = await db
    .selectFrom('alert_group')
    .selectAll('alert_group')
    .select([
      owed(db)
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .as('owed'),
      owed(db)
        .where('told.severity', '=', 'CRITICAL')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .as('owed_critical'),
    ])
    .where('alert_group.channel', '=', channel)
    .where('alert_group.kind', '=', 'STORM')
    .where('alert_group.closed_at', 'is', null)
    .executeTakeFirst();
  if (row === undefined) return null;
  return {
    ...{ id: row.id, cause: cause.parse(row.cause), busyAt: row.busy_at, newsAt: row.news_at },
    ...{ owed: Number(row.owed ?? 0), owedCritical: Number(row.owed_critical ?? 0) },
  };
}

/**
 * New messages about alerts, and replies that the whole channel sees: those of the last hour, and those to come. Counted by the
 * channel that they were planned for: they may stand in the one that replaces it.
 */
async function readMessages(db: Queryable, channel: string): Promise<readonly RecentMessage[]> {
  const cards = db
    .selectFrom('slack_card')
    .leftJoin('alert', 'alert.id', 'slack_card.subject_id')
    .leftJoin('alert_group', 'alert_group.id', 'slack_card.subject_id')
    .where('slack_card.planned_for', '=', channel)
    .where('slack_card.kind', 'in', ['ALERT', 'GROUP', 'STORM'])
    .where('slack_card.created_at', '>', databaseNowPlus(-oldMs))
    .select(sql<string>`COALESCE(alert.severity, alert_group.severity, 'CRITICAL')`.as('severity'));
  const posts = await cards
    .select('slack_card.sent_at')
    .where((row) =>
      row.or([row('slack_card.sent_at', 'is', null), row('slack_card.sent_at', '>', databaseNowPlus(-3_600_000))]),
    )
    .execute();
  const replies = await cards
    .innerJoin('slack_line', 'slack_line.card_id', 'slack_card.id')
    .select('slack_line.sent_at')
    .where('slack_line.broadcast', '=', 1)
    .where('slack_line.created_at', '>', databaseNowPlus(-oldMs))
    .where((row) =>
      row.or([row('slack_line.sent_at', 'is', null), row('slack_line.sent_at', '>', databaseNowPlus(-3_600_000))]),
    )
    .execute();
  return [...posts, ...replies].map((row) => ({ at: row.sent_at, isExempt: row.severity === 'CRITICAL' }));
}

/** LOW alerts make no message of their own, however many come. */
async function countArrived(db: Queryable, channel: string): Promise<number> {
  const minuteAgo = databaseNowPlus(-60_000);
  const row = await db
    .selectFrom('alert_delivery')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('channel', '=', channel)
    .where('severity', '!=', 'LOW')
    .where((each) => each.or([each('waits_since', '>', minuteAgo), each('decided_at', '>', minuteAgo)]))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}
