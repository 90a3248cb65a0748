import { sql } from 'kysely';
import {
  type ChannelState,
  type DeliveryPlan,
  type GroupDecision,
  groupKeyOf,
  type StormDecision,
} from '../../domain/delivery/channel-state.ts';
import type { DeliveryTimes } from '../../domain/delivery/delivery-times.ts';
import { planDelivery } from '../../domain/delivery/plan-delivery.ts';
import { newId } from '../../ids.ts';
import { type Claim, claimDue, isDue, isOurs, unclaimed } from '../claims.ts';
import { type Database, databaseNow, databaseNowPlus, inTransaction, type Tx } from '../database.ts';
import { readChannelState, type WaitingFacts } from './channel-state.ts';
import { insertCard } from './slack-cards.ts';
import { insertLine } from './slack-lines.ts';

/** A channel is planned again after so long, whatever happens: where nobody does it, nobody sends messages. */
const againMs = 60_000;
const claimMs = 10_000;
const atOnce = 1_000;
/** A reply names so many alerts, and counts the others. */
const mostNamed = 8;

/** What a reply says that notifies a channel again. */
export type News = {
  readonly severity: string;
  /** How many alerts joined the message, of which the first are named. */
  readonly count: number;
  readonly named: readonly WaitingFacts[];
};

export type Words = {
  readonly news: (news: News) => string;
  readonly stormOver: () => string;
};

/** Has a channel planned from now on, so that it is known whether anybody does. */
export async function openChannel(db: Database, channel: string): Promise<void> {
  await db.insertInto('alert_channel').ignore().values({ channel, due_at: databaseNow }).execute();
}

/** Channels for which something has to be decided now. */
export async function listDueChannels(db: Database, limit: number): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('alert_channel')
    .select('channel')
    .where(isDue('alert_channel'))
    .orderBy('due_at')
    .limit(limit)
    .execute();
  return rows.map(({ channel }) => channel);
}

/**
 * Decides what a channel is told now and writes it, in one transaction under the lock of the channel's row: cards to be
 * sent, and on which of them each alert stands. Does nothing when another process has the channel.
 */
export async function planChannel(
  db: Database,
  { channel, holder, times, words }: { channel: string; holder: string; times?: DeliveryTimes; words: Words },
): Promise<DeliveryPlan | null> {
  const claim = await claimDue(db, { table: 'alert_channel', id: channel, holder, forMs: claimMs });
  if (claim === null) return null;
  return inTransaction(db, async (tx) => {
    if (!(await lock(tx, claim))) return null;
    const { state, facts } = await readChannelState(tx, channel);
    const plan = planDelivery(state, times);
    const writing = { channel, state, facts, words };
    for (const decision of plan.groups) await writeGroup(tx, decision, writing);
    if (plan.storm !== null) await writeStorm(tx, plan.storm, writing);
    const due = plan.nextAt ?? databaseNowPlus(againMs);
    await tx
      .updateTable('alert_channel')
      .set({ ...unclaimed, due_at: due })
      .where(isOurs(claim))
      .execute();
    return plan;
  });
}

/**
 * What was noted since is seen below; what is noted from now on makes the channel due after this transaction. Also the open
 * groups: one that ended while it is planned would take alerts of which the channel is never notified.
 */
async function lock(tx: Tx, claim: Claim): Promise<boolean> {
  const row = await tx
    .selectFrom('alert_channel')
    .select('channel')
    .where(isOurs(claim))
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) return false;
  await tx
    .selectFrom('alert_group')
    .select('id')
    .where('channel', '=', row.channel)
    .where('open_key', 'is not', null)
    .forUpdate()
    .execute();
  return true;
}

type Writing = {
  readonly channel: string;
  readonly state: ChannelState;
  readonly facts: ReadonlyMap<string, WaitingFacts>;
  readonly words: Words;
};

async function writeGroup(tx: Tx, decision: GroupDecision, writing: Writing): Promise<void> {
  const { channel, state } = writing;
  const { alertIds, severity, how } = decision;
  const id = decision.groupId ?? (await insertGroup(tx, decision, writing));
  if (how === 'OWN') {
    for (const alertId of alertIds) {
      const cardId = await insertCard(tx, { kind: 'ALERT', subjectId: alertId, channel });
      await tellOn(tx, { alertIds: [alertId], cardId, groupId: id, revision: 0 }, state);
    }
    await tx.updateTable('alert_group').set({ busy_at: state.now, news_at: state.now }).where('id', '=', id).execute();
    return;
  }
  const cardId = await insertCard(tx, { kind: 'GROUP', subjectId: id, channel });
  const newsAt = state.groups.find((group) => group.id === id)?.newsAt ?? null;
  const isNews = decision.isNews || how === 'NEW';
  await join(tx, { id, cardId, alertIds, isNews }, state);
  if (decision.isNews && newsAt !== null) await writeNews(tx, { id, cardId, alertIds, newsAt, severity }, writing);
}

async function writeStorm(tx: Tx, decision: StormDecision, writing: Writing): Promise<void> {
  const { channel, state } = writing;
  const id = state.storm?.id ?? (await insertStorm(tx, decision, writing));
  const cardId = await insertCard(tx, { kind: 'STORM', subjectId: id, channel });
  const { alertIds, isNews, isBusy } = decision;
  await join(tx, { id, cardId, alertIds, isNews: isNews || decision.begins !== null }, state);
  if (isBusy) await tx.updateTable('alert_group').set({ busy_at: state.now }).where('id', '=', id).execute();
  if (isNews && state.storm !== null) {
    await writeNews(tx, { id, cardId, alertIds, newsAt: state.storm.newsAt, severity: 'ALERTS' }, writing);
  }
  if (!decision.ends) return;
  await tx.updateTable('alert_group').set({ closed_at: state.now, open_key: null }).where('id', '=', id).execute();
  await insertLine(tx, cardId, { key: 'over', text: writing.words.stormOver(), broadcast: true });
}

async function insertGroup(tx: Tx, decision: GroupDecision, { channel, state, facts }: Writing): Promise<string> {
  const { clusterId, family, severity, alertIds } = decision;
  const id = newId('agr');
  const clusterName = facts.get(alertIds[0] ?? '')?.clusterName ?? null;
  await tx
    .insertInto('alert_group')
    .values({
      ...{ id, channel, kind: 'GROUP', open_key: groupKeyOf(decision), cluster_id: clusterId, family, severity },
      ...{ cluster_name: clusterName, revision: 0, opened_at: state.now, busy_at: state.now, news_at: state.now },
    })
    .execute();
  return id;
}

async function insertStorm(tx: Tx, { begins }: StormDecision, { channel, state }: Writing): Promise<string> {
  const id = newId('agr');
  await tx
    .insertInto('alert_group')
    .values({
      ...{ id, channel, kind: 'STORM', open_key: 'storm', cause: begins, revision: 0 },
      ...{ opened_at: state.now, busy_at: state.now, news_at: state.now },
    })
    .execute();
  return id;
}

type Joining = { id: string; cardId: string; alertIds: readonly string[]; isNews: boolean };

/** Puts alerts on the message of a group or storm, which is edited soon. */
async function join(tx: Tx, { id, cardId, alertIds, isNews }: Joining, state: ChannelState): Promise<void> {
  await tx
    .updateTable('alert_group')
    .set({
      revision: sql<number>`revision + 1`,
      ...(alertIds.length === 0 ? {} : { busy_at: state.now }),
      ...(isNews ? { news_at: state.now } : {}),
    })
    .where('id', '=', id)
    .execute();
  const { revision } = await tx
    .selectFrom('alert_group')
    .select('revision')
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  await tellOn(tx, { alertIds, cardId, groupId: id, revision }, state);
  await tx.updateTable('slack_card').set({ due_at: databaseNow }).where('id', '=', cardId).execute();
}

type Telling = { alertIds: readonly string[]; cardId: string; groupId: string; revision: number };

/** As bad as it was when that was decided: if it becomes worse, even while this is written, it is told again. */
async function tellOn(tx: Tx, { alertIds, cardId, groupId, revision }: Telling, state: ChannelState): Promise<void> {
  const told = new Set(alertIds);
  const alerts = state.waiting.filter(({ id }) => told.has(id));
  for (const [severity, alike] of Map.groupBy(alerts, (alert) => alert.severity)) {
    for (let from = 0; from < alike.length; from += atOnce) {
      const ids = alike.slice(from, from + atOnce).map(({ id }) => id);
      await tx
        .updateTable('alert_delivery')
        .set({
          ...{ waits_since: null, severity, group_id: groupId, card_id: cardId },
          ...{ group_revision: revision, decided_at: state.now },
          // What was told before does not count for it, until Slack has confirmed the message with it.
          told_at: sql<Date | null>`IF((SELECT ts FROM slack_card WHERE id = ${cardId} AND kind = 'ALERT') IS NULL, NULL, told_at)`,
        })
        .where('alert_id', 'in', ids)
        .execute();
    }
  }
}

type NewsOf = { id: string; cardId: string; alertIds: readonly string[]; newsAt: Date; severity: string };

/** Notifies the channel of those that join now and of those that joined since it was last notified. */
async function writeNews(tx: Tx, { id, cardId, newsAt, severity }: NewsOf, { words }: Writing): Promise<void> {
  const joined = tx
    .selectFrom('alert_delivery')
    .innerJoin('alert', 'alert.id', 'alert_delivery.alert_id')
    .where('alert_delivery.group_id', '=', id)
    .where('alert_delivery.card_id', '=', cardId)
    .where('alert_delivery.decided_at', '>', newsAt);
  const { count } = await joined.select(({ fn }) => fn.countAll<number>().as('count')).executeTakeFirstOrThrow();
  const rows = await joined
    .select(['alert.number', 'alert.title', 'alert.cluster_name', 'alert.severity'])
    .orderBy(sql`FIELD(alert.severity, 'CRITICAL', 'HIGH', 'MEDIUM', 'LOW')`)
    .orderBy('alert.number')
    .limit(mostNamed)
    .execute();
  const { revision } = await tx
    .selectFrom('alert_group')
    .select('revision')
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  const named = rows.map(({ number, title, severity, cluster_name }) => ({
    number,
    title,
    severity,
    clusterName: cluster_name,
  }));
  const text = words.news({ severity: rows[0]?.severity ?? severity, count: Number(count), named });
  await insertLine(tx, cardId, { key: `news:${revision}`, text, broadcast: true });
}
