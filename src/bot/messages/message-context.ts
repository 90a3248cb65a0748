import type { Claimer } from '../../store/slack/slack-cards.ts';
import type { Bot } from '../bot.ts';
import type { Gate, Pace } from './pace.ts';

/** Where cards and lines are written from. Several processes may have one each; a card is on one desk at a time. */
export type Desk = {
  readonly bot: Bot;
  readonly claimer: Claimer;
  readonly gate: Gate;
  readonly pace: Pace;
  /** How long a card that was just sent is left alone: longer, the more of them are alive. */
  readonly cardGap: () => Promise<number>;
};
