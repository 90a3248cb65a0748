import type { Alert } from '../alert.ts';

/**
 * How far people are told of an alert. `WAITING`: with others of its group, or for room in its channel. `SENDING`: a message is to be
 * sent. `DAILY`: it is LOW, and stands in a daily message. `UNCONFIRMED`: Slack gave no answer to it. `REFUSED`: Slack does not take it. `NOT_NEEDED`: it ended or was hidden before anybody
 * was told. `NOWHERE`: nobody noted yet where it is to be told, because it has no channel, or no process that sends messages runs.
 */
export const alertDeliveryStates = [
  ...(['TOLD', 'WAITING', 'SENDING', 'DAILY', 'UNCONFIRMED', 'REFUSED', 'NOT_NEEDED', 'NOWHERE'] as const),
] as const;
export type AlertDeliveryState = (typeof alertDeliveryStates)[number];

/** What is recorded of telling people of one alert. */
export type DeliveryRecord = {
  readonly alertId: string;
  /** Where it is to be told. */
  readonly channel: string;
  /** Not null = it waits, also when people were told of it before. */
  readonly waitsSince: Date | null;
  /** When it was put on a message. */
  readonly decidedAt: Date | null;
  /** When Slack confirmed a message with it. */
  readonly toldAt: Date | null;
  /** The message, and where it is; null = none yet. */
  readonly card: {
    readonly kind: string;
    readonly channel: string;
    readonly state: string;
    readonly error: string | null;
  } | null;
};

export type DeliveryNow = {
  readonly state: AlertDeliveryState;
  readonly channel: string | null;
  /** Since when people are to be told and are not; null = they were told, or need not be. */
  readonly waitingSince: Date | null;
  readonly toldAt: Date | null;
  /** What Slack answered last, in its own word; null = nothing that went wrong. */
  readonly error: string | null;
};

/** Pure. How far people are told of an alert; `record` is null when nothing is recorded of that. */
export function deliveryNow(
  { signal, mute, changedAt }: Pick<Alert, 'signal' | 'mute' | 'changedAt'>,
  record: DeliveryRecord | null,
): DeliveryNow {
  const isNeeded = signal !== 'RESOLVED' && mute.kind === 'NONE';
  const nowhere = { channel: null, toldAt: null, error: null };
  if (record === null)
    return isNeeded
      ? { ...nowhere, state: 'NOWHERE', waitingSince: changedAt }
      : { ...nowhere, state: 'NOT_NEEDED', waitingSince: null };
  const { card, toldAt, waitsSince } = record;
  const rest = { channel: card?.channel ?? record.channel, toldAt, error: card?.error ?? null };
  if (waitsSince !== null && isNeeded)
    return { ...rest, channel: record.channel, state: 'WAITING', waitingSince: waitsSince };
  if (toldAt !== null) return { ...rest, state: 'TOLD', waitingSince: null };
  if (card === null) return { ...rest, state: 'NOT_NEEDED', waitingSince: null };
  if (card.kind === 'DIGEST' && card.state === 'SENT') return { ...rest, state: 'DAILY', waitingSince: null };
  return { ...rest, state: sendingState(card.state), waitingSince: record.decidedAt };
}

/** A message of several alerts that is sent is to be edited for those that joined it. One that cannot be read is to be sent. */
function sendingState(state: string): AlertDeliveryState {
  if (state === 'FAILED') return 'REFUSED';
  return state === 'UNKNOWN' ? 'UNCONFIRMED' : 'SENDING';
}
