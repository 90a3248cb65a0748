import { makeTurns, subscriptionWidth } from './turns.ts';

/** All subscriptions of this process look through the same few places, so that requests find a connection to the database. */
export const inTurn = makeTurns(subscriptionWidth);
