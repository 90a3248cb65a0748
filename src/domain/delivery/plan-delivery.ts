import {
  type ChannelState,
  type DeliveryPlan,
  type GroupDecision,
  groupKeyOf,
  type OpenGroup,
  type RecentMessage,
  type Storm,
  type StormCause,
  type StormDecision,
  type Wait,
} from './channel-state.ts';
import { type DeliveryTimes, deliveryTimes } from './delivery-times.ts';
import { type Batch, batchesOf, dailyWaits, waitsOf } from './due-batches.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;
/** While there is no room for a message that is owed. */
const roomAgainMs = 5_000;
/** How often the end of a storm is looked for. */
const stormLookMs = 10_000;

/**
 * Decides what a channel is told now, and what waits until when. Pure. Each waiting alert is in exactly one place of the
 * answer. A CRITICAL alert that is due is always told now; where no message is left in the minute, by the message of its
 * group or of the storm.
 */
export function planDelivery(state: ChannelState, times: DeliveryTimes = deliveryTimes): DeliveryPlan {
  const { now } = state;
  const batches = batchesOf(state, times);
  const due = batches.filter(({ dueAt }) => dueAt <= now);
  const waits = batches.filter(({ dueAt }) => dueAt > now).flatMap(waitsOf);
  const room = roomIn(state.messages, { now, times });
  const cause = state.storm === null ? stormBegins(due, { room, times }) : null;
  const isStorm = state.storm !== null || cause !== null;
  // The first message of a storm has a place of its own; it is not taken by others.
  let left = room.minute - 1;
  let hourLeft = room.hour;
  const groups: GroupDecision[] = [];
  const collected: Batch[] = [];
  for (const [index, batch] of due.entries()) {
    // Each of the batches behind it gets one message at least.
    const most = batch.severity === 'CRITICAL' ? left : Math.min(left, hourLeft - (due.length - 1 - index));
    const decision = isStorm && batch.severity !== 'CRITICAL' ? null : decide(batch, { now, times, left, most });
    if (decision === null) {
      collected.push(batch);
      continue;
    }
    left -= costOf(decision);
    if (batch.severity !== 'CRITICAL') hourLeft -= costOf(decision);
    groups.push(decision);
  }
  for (const group of owedNews(state, { groups, times })) {
    if (left <= 0) break;
    left -= 1;
    groups.push({ ...group, groupId: group.id, alertIds: [], how: 'JOIN', isNews: true });
  }
  const storm = isStorm ? decideStorm(state, { cause, collected, times, left, room }) : null;
  return {
    groups,
    storm,
    waits: [...waits, ...dailyWaits(state)],
    nextAt: nextOf(state, { waits, groups, storm, times }),
  };
}

type Room = { readonly minute: number; readonly hour: number };

/** A message that Slack has not confirmed takes its place in the minute in which it will be. */
function roomIn(messages: readonly RecentMessage[], { now, times }: { now: Date; times: DeliveryTimes }): Room {
  const within = ({ at }: RecentMessage, ms: number) => at === null || now.getTime() - at.getTime() < ms;
  return {
    minute: times.perMinute - messages.filter((message) => within(message, minuteMs)).length,
    hour: times.perHour - messages.filter((message) => !message.isExempt && within(message, hourMs)).length,
  };
}

/** Whether what is due is more than the channel takes. */
function stormBegins(due: readonly Batch[], { room, times }: { room: Room; times: DeliveryTimes }): StormCause | null {
  if (sum(due.map((batch) => leastCost(batch, times))) > room.minute - 1) return 'RATE';
  // A group takes one message in place of several before anything is collected.
  const counted = due.filter(({ severity }) => severity !== 'CRITICAL').length;
  return counted > 0 && counted > room.hour ? 'BUDGET' : null;
}

function leastCost({ group, alertIds, severity }: Batch, times: DeliveryTimes): number {
  if (group?.hasCard === true) return severity === 'CRITICAL' ? 0 : 1;
  return (group?.members ?? 0) + alertIds.length <= times.ownCards ? alertIds.length : 1;
}

/** `left` = messages in this minute; `most` = those of them that this batch may take. */
type Circumstances = { now: Date; times: DeliveryTimes; left: number; most: number };

/** Null = there is no message left for it. */
function decide(batch: Batch, { now, times, left, most }: Circumstances): GroupDecision | null {
  const { clusterId, family, severity, alertIds, group } = batch;
  const decision = { clusterId, family, severity, alertIds, groupId: group?.id ?? null };
  if (group?.hasCard === true) {
    const mayTell = now.getTime() - group.newsAt.getTime() >= times.intervalMs[severity];
    return { ...decision, how: 'JOIN', isNews: mayTell && left > 0 };
  }
  const isOwn = (group?.members ?? 0) + alertIds.length <= times.ownCards;
  if (isOwn && alertIds.length <= most) return { ...decision, how: 'OWN', isNews: false };
  return left > 0 ? { ...decision, how: 'NEW', isNews: false } : null;
}

function costOf({ how, alertIds, isNews }: GroupDecision): number {
  switch (how) {
    case 'OWN':
      return alertIds.length;
    case 'NEW':
      return 1;
    case 'JOIN':
      return isNews ? 1 : 0;
    default:
      return how satisfies never;
  }
}

type Planned = { groups: readonly GroupDecision[]; times: DeliveryTimes };

/** Groups of which the channel has to be notified although nobody joins now, the longest owed first. */
function owedNews({ groups: open, now }: ChannelState, { groups, times }: Planned): readonly OpenGroup[] {
  const decided = new Set(groups.map(groupKeyOf));
  return open
    .filter((group) => group.owed > 0 && !decided.has(groupKeyOf(group)) && newsDueAt(group, times) <= now)
    .toSorted((a, b) => a.newsAt.getTime() - b.newsAt.getTime());
}

function newsDueAt({ severity, newsAt }: OpenGroup, { intervalMs }: DeliveryTimes): Date {
  return new Date(newsAt.getTime() + intervalMs[severity]);
}

type Collecting = { cause: StormCause | null; collected: readonly Batch[]; times: DeliveryTimes } & {
  left: number;
  room: Room;
};

function decideStorm(
  { storm, now, arrived }: ChannelState,
  { cause, collected, times, left, room }: Collecting,
): StormDecision {
  const alertIds = collected.flatMap((batch) => batch.alertIds);
  const isBusy = arrived >= times.stormQuietRate;
  if (storm === null) return { begins: cause, alertIds, isNews: false, isBusy: true, ends: false };
  const quietMs = isBusy ? 0 : now.getTime() - storm.busyAt.getTime();
  // What ended the quiet of the hour ends with it: else the next alert would begin the same storm anew.
  const ends = quietMs >= times.stormQuietMs && alertIds.length === 0 && left >= 0 && room.hour > 0;
  const joining = collected.filter(({ severity }) => severity === 'CRITICAL').length;
  const owed = { owed: storm.owed + alertIds.length, owedCritical: storm.owedCritical + joining };
  const isNews = !ends && left >= 0 && owed.owed > 0 && stormNewsDueAt({ ...storm, ...owed }, times) <= now;
  return { begins: null, alertIds, isNews, isBusy, ends };
}

function stormNewsDueAt({ newsAt, owedCritical }: Storm, times: DeliveryTimes): Date {
  return new Date(newsAt.getTime() + (owedCritical > 0 ? times.intervalMs.CRITICAL : times.stormIntervalMs));
}

type Next = Planned & { waits: readonly Wait[]; storm: StormDecision | null };

function nextOf({ now, groups: open }: ChannelState, { waits, groups, storm, times }: Next): Date | null {
  const told = new Set(groups.filter(({ isNews, how }) => isNews || how !== 'JOIN').map(groupKeyOf));
  const joined = new Set(groups.map(groupKeyOf));
  const owing = open.filter(
    (group) => !told.has(groupKeyOf(group)) && (group.owed > 0 || joined.has(groupKeyOf(group))),
  );
  const soon = (at: Date) => (at > now ? at : new Date(now.getTime() + roomAgainMs));
  const moments = [
    ...waits.map(({ until }) => until),
    ...owing.map((group) => soon(newsDueAt(group, times))),
    ...(storm === null || storm.ends ? [] : [new Date(now.getTime() + stormLookMs)]),
  ];
  return moments.reduce<Date | null>((first, at) => (first === null || at < first ? at : first), null);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
