import type { Bot } from '../bot.ts';
import type { Gate, Pace } from './pace.ts';

/** What is needed to write cards and replies. Several processes may do so; each message is claimed by one at a time. */
export type MessageContext = {
  readonly bot: Bot;
  readonly gate: Gate;
  readonly pace: Pace;
  /** How long a card that was just sent is left alone; the more cards there are whose subject goes on, the longer. */
  readonly cardGap: () => Promise<number>;
};

/** A claim lasts longer than the slowest calls between two renewals; after it, others take over what a dead process held. */
export const claimMs = 30_000;
