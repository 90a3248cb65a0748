import { makeTurns, subscriptionWidth } from './turns.ts';

/** All subscriptions of this process share these few turns, so that requests get a connection to the database. */
export const inTurn = makeTurns(subscriptionWidth);
