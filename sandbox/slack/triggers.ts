import type { Clock } from './clock.ts';
import { lives } from './limits.ts';
import { SlackError } from './slack-error.ts';
import type { Ids } from './workspace/ids.ts';

export type Triggers = {
  /** A fresh id for something that this person has just done. */
  issue(user: string): string;
  /** The person behind an id; throws Slack's error when it is unknown, older than 3 s or used. */
  redeem(id: string): string;
};

export function createTriggers(clock: Clock, ids: Ids): Triggers {
  const issued = new Map<string, { readonly user: string; readonly at: number; isUsed: boolean }>();
  return {
    issue(user) {
      const id = `${Math.floor(clock.now())}.${ids.next('')}.${ids.secret('').slice(0, 16)}`;
      issued.set(id, { user, at: clock.now(), isUsed: false });
      return id;
    },
    redeem(id) {
      const trigger = issued.get(id);
      if (trigger === undefined) throw new SlackError('invalid_trigger_id');
      if (clock.now() - trigger.at > lives.triggerMs) throw new SlackError('expired_trigger_id');
      if (trigger.isUsed) throw new SlackError('exchanged_trigger_id');
      trigger.isUsed = true;
      return trigger.user;
    },
  };
}
