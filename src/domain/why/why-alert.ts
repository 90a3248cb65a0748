import { type Alert, alertName, hiderOf } from '../alert.ts';
import { durationInWords } from '../alert-facts.ts';
import type { Wait, WaitReason } from '../delivery/channel-state.ts';
import { overrideInWords, whenInWords } from '../rules/in-words.ts';
import { standingOf } from '../rules/standing.ts';
import { type WatchedCluster, whyBlind } from '../rules/watched.ts';
import { inUtc } from '../utc.ts';
import { hourIn } from '../wall-clock.ts';
import { capitalized, count } from '../words.ts';
import { type Explanation, explain, type Finding, finding } from './finding.ts';
import { type AlertEscalation, escalationFindings } from './why-escalation.ts';

/** How far a message has come, as it is kept. */
export const messageStates = ['QUEUED', 'SENDING', 'SENT', 'UNKNOWN', 'FAILED'] as const;

/** What became of the message about an alert. */
export type AlertDelivery = {
  /** When people were first told, and where; null = they were not. */
  readonly told: { readonly at: Date; readonly channel: string } | null;
  /** The message as it stands in the queue; null = there is none yet. */
  readonly card: {
    readonly channel: string;
    /** Whether it is the daily message, which says what is LOW. */
    readonly isDaily: boolean;
    readonly state: (typeof messageStates)[number];
    readonly error: string | null;
    readonly attempts: number;
    readonly createdAt: Date;
  } | null;
  /** Since when it waits to be told, and until when and why as its channel is planned; null = it does not wait. */
  readonly waits: {
    readonly since: Date;
    readonly channel: string;
    /** Null = its time to wait is over. */
    readonly planned: Omit<Wait, 'alertId'> | null;
  } | null;
  readonly escalation: AlertEscalation;
};

export type AlertFacts = {
  readonly alert: Alert;
  /** What its look said when it was opened; null = that is not kept any more. */
  readonly openedBecause: string | null;
  /** The run that hides it, as people call it; null = none does, or it is not known by a number. */
  readonly hiddenByRun: number | null;
  readonly delivery: AlertDelivery;
};

/** Pure. Why somebody is told of an alert, or why nobody is: one finding decides. */
export function explainAlert(facts: AlertFacts, watched: WatchedCluster): Explanation {
  const { alert } = facts;
  const [isCalled, decision] = decide(facts, watched);
  const others = [
    ...ruleFindings(alert, watched),
    ...sampleFindings(facts, watched),
    ...flappingFindings(alert),
    ...(decision.kind === 'STALE' || alert.signal !== 'STALE' ? [] : [staleFinding(alert)]),
    ...(decision.kind === 'DELIVERY' ? [] : deliveryFindings(facts)),
    ...escalationFindings(alert, facts.delivery.escalation),
  ];
  return explain(isCalled, { decision, others });
}

function decide(facts: AlertFacts, { now }: Pick<WatchedCluster, 'now'>): readonly [boolean | null, Finding] {
  const { alert, delivery } = facts;
  const { mute, handling } = alert;
  if (alert.signal === 'RESOLVED') return [false, resolvedFinding(alert)];
  if (mute.kind === 'SILENCED')
    return [
      false,
      finding('SILENCE', `Nobody is told while it is silenced: ${mute.because}`, {
        at: alert.hiddenSince,
        by: mute.by,
      }),
    ];
  if (mute.kind === 'MAINTENANCE')
    return [
      false,
      finding('MAINTENANCE', `Nobody is told while a maintenance window hides it: ${mute.because}`, {
        at: alert.hiddenSince,
        by: hiderOf(mute),
      }),
    ];
  if (mute.kind === 'INHIBITED') return [false, inhibitionFinding(facts, { by: mute.by, because: mute.because })];
  if (handling.kind === 'ACKED') {
    const words = `${handling.byName} takes care of it until ${inUtc(handling.until)}; nobody else is called until then`;
    return [false, finding('ACKNOWLEDGEMENT', words, { at: handling.at, by: handling.byName })];
  }
  if (delivery.told !== null) return [true, toldFinding(delivery.told)];
  if (alert.signal === 'STALE') return [false, staleFinding(alert)];
  if (delivery.waits !== null) return [false, groupFinding(delivery.waits, { alert, now })];
  return undelivered(facts, now);
}

function undelivered({ alert, delivery: { card } }: AlertFacts, now: Date): readonly [boolean | null, Finding] {
  if (card === null) {
    const waitsMs = now.getTime() - Math.max(+alert.openedAt, +alert.changedAt);
    const words = `There is no message about it yet, ${durationInWords(waitsMs)} after it changed last: messages are made by a process that is connected to Slack and knows the channel for alerts`;
    return [false, finding('DELIVERY', words, { at: alert.openedAt })];
  }
  const its = messageOf(card);
  const rest = { at: card.createdAt, by: card.channel };
  const error = card.error === null ? '' : ` (${card.error})`;
  const tried = `${count(card.attempts, 'try', 'tries')} so far${error}`;
  switch (card.state) {
    case 'QUEUED':
    case 'SENDING':
      return [
        false,
        finding(
          'DELIVERY',
          `${capitalized(its)} to ${card.channel} is on its way since ${inUtc(card.createdAt)}: ${tried}`,
          rest,
        ),
      ];
    case 'FAILED':
      return [false, finding('DELIVERY', `Slack refuses ${its} to ${card.channel}: ${tried}. It is tried again`, rest)];
    case 'UNKNOWN':
      return [
        null,
        finding(
          'DELIVERY',
          `Slack gave no answer to ${its} to ${card.channel}: it may be there, or not; ${tried}`,
          rest,
        ),
      ];
    case 'SENT':
      return [true, finding('DELIVERY', `${capitalized(its)} is in ${card.channel}`, rest)];
    default:
      return card.state satisfies never;
  }
}

function messageOf({ isDaily }: Pick<NonNullable<AlertDelivery['card']>, 'isDaily'>): string {
  return isDaily ? 'the daily message that tells of it' : 'its message';
}

function toldFinding({ at, channel }: NonNullable<AlertDelivery['told']>): Finding {
  return finding('DELIVERY', `Slack confirmed its message in ${channel} at ${inUtc(at)}`, { at, by: channel });
}

/** The message beside what decides, with what Slack last said of it where it is not as it should be. */
function deliveryFindings({ delivery: { told, card } }: AlertFacts): readonly Finding[] {
  const isOdd = card !== null && (card.state !== 'SENT' || card.error !== null);
  const error = card?.error == null ? '' : `; Slack said ${card.error}`;
  return [
    ...(told === null ? [] : [toldFinding(told)]),
    ...(card === null || (told !== null && !isOdd) ? [] : [cardFinding(card, error)]),
  ];
}

function cardFinding(
  { channel, isDaily, state, createdAt }: NonNullable<AlertDelivery['card']>,
  error: string,
): Finding {
  return finding('DELIVERY', `${capitalized(messageOf({ isDaily }))} to ${channel} is ${state}${error}`, {
    at: createdAt,
    by: channel,
  });
}

const waitsFor = {
  FIRST: 'others of its cluster, family of rules and severity that may follow',
  FURTHER: 'others that may follow: its group was told already',
  INTERVAL: 'its turn: its group was told a moment ago',
  DAILY: 'the daily message, since it is LOW',
} as const satisfies Record<WaitReason, string>;

function groupFinding(
  { since, channel, planned }: NonNullable<AlertDelivery['waits']>,
  { alert, now }: { readonly alert: Alert; readonly now: Date },
): Finding {
  const begun = `since ${inUtc(since)}`;
  if (planned === null && alert.severity === 'LOW')
    return finding(
      'GROUP',
      `It is LOW and waits ${begun} for the daily message of ${channel}: the next process that is connected to Slack makes it, or plans its hour`,
      { at: since, by: channel },
    );
  if (planned === null)
    return finding(
      'GROUP',
      `It waits ${begun}, and its time to wait is over: ${channel} is told by the next process that is connected to Slack`,
      { at: since, by: channel },
    );
  const { because, until, timeZone } = planned;
  const hour = timeZone === undefined || timeZone === 'UTC' ? '' : ` (${hourIn(until, timeZone)} ${timeZone})`;
  const words = `It waits ${begun} for ${waitsFor[because]}; ${channel} is told in ${durationInWords(+until - +now)}, at ${inUtc(until)}${hour}`;
  return finding('GROUP', words, { at: until, by: channel });
}

function resolvedFinding(alert: Alert): Finding {
  const { resolvedBy, resolvedAt, closedAt, switchedOff } = alert;
  const at = resolvedAt ?? closedAt;
  if (switchedOff !== undefined)
    return finding(
      'SWITCHED_OFF',
      `${capitalized(switchedOff)}. ${at === null ? '' : `Since ${inUtc(at)} `}nobody looks whether it still holds`,
      { at },
    );
  const who = resolvedBy === null ? 'It is over' : `${resolvedBy.name} resolved it by hand`;
  const again = closedAt === null ? 'it is the same alert if it comes back soon' : 'the next time is another alert';
  return finding(
    'RESOLVED',
    `${who}${at === null ? '' : ` since ${inUtc(at)}`}: there is nothing to call anybody for; ${again}`,
    {
      ...{ at, by: resolvedBy?.name ?? null },
    },
  );
}

function inhibitionFinding(
  { alert, hiddenByRun }: AlertFacts,
  { by, because }: { by: string; because: string },
): Finding {
  const run = by.startsWith('run:');
  const name = run ? (hiddenByRun === null ? 'a run' : `R-${hiddenByRun}`) : by;
  // Ids are for machines: the run is named.
  const why = because.replace(/\brun run_\w+/g, name);
  const words = `Nobody is told while ${run ? 'a run' : `an alert of ${by}`} explains it: ${why}`;
  return finding('INHIBITION', words, { at: alert.hiddenSince, by: name });
}

function staleFinding({ lastSeenAt }: Alert): Finding {
  return finding('STALE', `Whether it still holds is not known: no look could tell since ${inUtc(lastSeenAt)}`, {
    at: lastSeenAt,
  });
}

function flappingFindings({ flapping }: Alert): readonly Finding[] {
  if (flapping === null) return [];
  const { since, quietSince } = flapping;
  const now = quietSince === null ? 'it holds now, or nobody could look' : `it was quiet since ${inUtc(quietSince)}`;
  return [
    finding('FLAPPING', `It comes and goes, and counts as firing until it was quiet for a while; ${now}`, {
      at: since,
    }),
  ];
}

function ruleFindings({ rule: name, nodeId }: Alert, { book }: WatchedCluster): readonly Finding[] {
  const effective = book.effective(name, nodeId) ?? book.effective(name, null);
  if (effective === undefined)
    return [
      finding('RULE', `The cluster has no rule ${name} any more: nothing can resolve it but a person`, { by: name }),
    ];
  const { rule, changedBy } = effective;
  return [
    finding('RULE', `${name}: ${whenInWords(rule, effective)}`, { by: name }),
    ...changedBy.map((each) =>
      finding('OVERRIDE', `${name} was changed: ${overrideInWords(rule, each)}`, { at: each.at, by: each.byName }),
    ),
  ];
}

function sampleFindings({ alert, openedBecause }: AlertFacts, watched: WatchedCluster): readonly Finding[] {
  const { since, openedAt, lastSeenAt, flaps } = alert;
  const held = durationInWords(openedAt.getTime() - since.getTime());
  const opened = openedBecause === null ? '' : `: ${openedBecause}`;
  const blind = whyBlind(watched);
  const rule = watched.book.rules.find(({ name }) => name === alert.rule);
  const now =
    rule === undefined || blind !== null
      ? undefined
      : standingOf(rule, watched)?.values.find(({ labels }) => isSame(labels, alert));
  return [
    finding('SAMPLE', `The look of ${inUtc(openedAt)} opened ${alertName(alert)}${opened}`, { at: openedAt }),
    ...(since < openedAt
      ? [finding('RIPENING', `It had held for ${held} then, since ${inUtc(since)}`, { at: since })]
      : []),
    finding(
      'SAMPLE',
      `${count(alert.count, 'look')} found it, the last at ${inUtc(lastSeenAt)}${flaps === 0 ? '' : `; it came back ${count(flaps, 'time')}`}`,
      { at: lastSeenAt },
    ),
    ...(now === undefined
      ? []
      : [finding('SAMPLE', `By the last look: ${now.words}`, { at: watched.look?.at ?? null })]),
    ...(blind === null || alert.signal === 'RESOLVED'
      ? []
      : [finding('LOOK', `Nothing new can be known of it: ${blind}`)]),
  ];
}

function isSame(labels: Readonly<Record<string, string>> | null, alert: Alert): boolean {
  const names = Object.keys(alert.labels);
  return (
    labels !== null &&
    names.length === Object.keys(labels).length &&
    names.every((name) => labels[name] === alert.labels[name])
  );
}
