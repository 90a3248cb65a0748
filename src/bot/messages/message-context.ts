import type { Bot } from '../bot.ts';
import type { Gate, Pace } from './pace.ts';

/** What is needed to write cards and replies. Several processes may do so; each message is claimed by one at a time. */
export type MessageContext = {
  readonly bot: Bot;
  readonly gate: Gate;
  readonly pace: Pace;
  /** How long a card that was just sent is left alone: longer, the more of them are alive. */
  readonly cardGap: () => Promise<number>;
};

/** A claim outlives the slowest calls between two renewals; what a dead process held is taken over after it. */
export const claimMs = 30_000;
