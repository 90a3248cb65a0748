import type { Severity } from '../alert.ts';

/** Alerts of one cluster, family of rules and severity are told together. */
export type GroupKey = { readonly clusterId: string; readonly family: string; readonly severity: Severity };

/** An alert that fires, is not hidden, and that people are not told of yet. */
export type WaitingAlert = GroupKey & {
  readonly id: string;
  /** Since when it could be told: it fires and nothing hides it. */
  readonly since: Date;
};

/** Alerts that were told together and are not all over yet. */
export type OpenGroup = GroupKey & {
  readonly id: string;
  /** How many alerts were told in it, in messages of their own or together. */
  readonly members: number;
  /** Whether it has a message that lists them. */
  readonly hasCard: boolean;
  /** When it last came to new members. */
  readonly joinedAt: Date;
  /** When the channel last got a message about it. */
  readonly newsAt: Date;
  /** How many members joined its message since, of which the channel was not notified. */
  readonly owed: number;
};

/** `RATE`: too many new messages within a minute. `BUDGET`: too many within an hour. */
export type StormCause = 'RATE' | 'BUDGET';

/** While a channel has a storm, one message collects what would be many. */
export type Storm = {
  readonly id: string;
  readonly cause: StormCause;
  /** When alerts last came as fast as in a storm. */
  readonly busyAt: Date;
  readonly newsAt: Date;
  readonly owed: number;
  readonly owedCritical: number;
};

/** A message that the channel got or is about to get. */
export type RecentMessage = {
  /** When Slack confirmed it; null = not yet. */
  readonly at: Date | null;
  /** About CRITICAL alerts or a storm: it does not count for the hour. */
  readonly isExempt: boolean;
};

/** All that decides what a channel is told now. */
export type ChannelState = {
  readonly now: Date;
  readonly waiting: readonly WaitingAlert[];
  readonly groups: readonly OpenGroup[];
  readonly storm: Storm | null;
  /** Those that Slack has not confirmed, and those of the last hour. */
  readonly messages: readonly RecentMessage[];
  /** How many alerts began to wait in the last minute. */
  readonly arrived: number;
  /** When the channel gets its next daily message, as an hour of which time zone; null = nobody has planned one. */
  readonly daily: { readonly at: Date; readonly timeZone: string } | null;
};

/**
 * Why an alert is not told yet. `FIRST`: others of its group may follow. `FURTHER`: its group was told already, and others may follow. `INTERVAL`: its group was told a moment ago. `DAILY`: it is LOW, and stands in the daily message.
 */
export type WaitReason = 'FIRST' | 'FURTHER' | 'INTERVAL' | 'DAILY';

export type Wait = {
  readonly alertId: string;
  readonly because: WaitReason;
  readonly until: Date;
  /** Set where `until` is an hour of the day in this time zone. */
  readonly timeZone?: string;
};

/** What a channel is told of one group now. */
export type GroupDecision = GroupKey & {
  readonly alertIds: readonly string[];
  /** The group that they join; null = it begins with them. */
  readonly groupId: string | null;
  /** `OWN`: each has a message of its own. `NEW`: a message that lists the group. `JOIN`: the one that is there. */
  readonly how: 'OWN' | 'NEW' | 'JOIN';
  /** The channel is notified again by a reply: of these members, and of those that joined without. */
  readonly isNews: boolean;
};

export type StormDecision = {
  /** Set when the storm begins now. */
  readonly begins: StormCause | null;
  readonly alertIds: readonly string[];
  readonly isNews: boolean;
  readonly isBusy: boolean;
  readonly ends: boolean;
};

export type DeliveryPlan = {
  readonly groups: readonly GroupDecision[];
  /** Null = there is no storm and none begins. */
  readonly storm: StormDecision | null;
  readonly waits: readonly Wait[];
  /** When to plan again although nothing happened; null = not before something does. */
  readonly nextAt: Date | null;
};

export function groupKeyOf({ clusterId, family, severity }: GroupKey): string {
  return `${clusterId}/${severity}/${family}`;
}
