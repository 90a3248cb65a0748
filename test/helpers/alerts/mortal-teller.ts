import { WebClient } from '@slack/web-api';
import type { QueryResult, RootOperationNode } from 'kysely';
import type { Slack } from '../../../sandbox/slack/start.ts';
import type { Context } from '../../../src/app/context.ts';
import type { Bot } from '../../../src/bot/bot.ts';
import { createSeenInSlack } from '../../../src/bot/lookup.ts';
import { workOfReconciler } from '../../../src/bot/messages/reconcile.ts';
import { type Clients, clientOptions } from '../../../src/bot/slack/clients.ts';
import { deliveryTimes } from '../../../src/domain/delivery/delivery-times.ts';
import type { Database } from '../../../src/store/database.ts';

/*
 * What tells people of alerts, one thing after the other, in a process that dies without one: after so many points no statement and
 * no call of it gets through. A point is before a statement, before a call to Slack, and after Slack carried a call out.
 */

export class Death extends Error {}

/** Infinity = it lives on. */
export type Life = { points: number };

function spend(life: Life): void {
  if (life.points <= 0) throw new Death('it does nothing any more');
  life.points -= 1;
}

export function mortalDatabase(db: Database, life: Life): Database {
  return db.withPlugin({
    transformQuery: ({ node }): RootOperationNode => {
      spend(life);
      return node;
    },
    transformResult: async ({ result }): Promise<QueryResult<Record<string, unknown>>> => result,
  });
}

export type Teller = {
  /** Does what is due until nothing is. Throws `Death`. */
  tell(): Promise<void>;
};

export function createTeller(ctx: Context, { slack, life }: { slack: Slack; life: Life }): Teller {
  const { db: whole, log, operations, engine, now, pictures } = ctx;
  const db = mortalDatabase(whole, life);
  const clients = mortalClients(slack, ctx, life);
  const self = { team: slack.team.id, user: slack.bot.id };
  const channel = slack.channelId('ops-alerts');
  const bot: Bot = {
    ...{ db, log, operations, engine: { ...engine, db }, now, pictures, clients, self, commands: [] },
    settings: {
      ...{ botToken: slack.botToken, appToken: slack.appToken, signingSecret: null, apiUrl: slack.apiUrl },
      ...{ docsUrl: null, alertChannel: channel, fallbackChannel: null, runChannel: null, links: [] },
      digest: { minute: 540, timeZone: 'UTC' },
    },
    seen: createSeenInSlack(clients.lookup, { team: self.team, now }),
    wakeCards: () => {},
  };
  const { chores, kinds } = workOfReconciler(bot, {
    holder: `teller-${Math.random()}`,
    pace: { pollMs: 0, postGapMs: 0, editGapMs: 0, cardGapMs: 0 },
    times: {
      ...deliveryTimes,
      firstMs: { CRITICAL: 0, HIGH: 0, MEDIUM: 0 },
      furtherMs: { CRITICAL: 0, HIGH: 0, MEDIUM: 0 },
    },
    wake: () => {},
  });
  const turn = async () => {
    let done = 0;
    for (const chore of chores) await chore();
    for (const kind of kinds) {
      for (const id of await kind.list(kind.atOnce)) {
        await kind.handle(id);
        done += 1;
      }
    }
    return done;
  };
  return {
    tell: async () => {
      for (let turns = 0; (await turn()) > 0; turns += 1) if (turns > 50) throw new Error('it never ends');
    },
  };
}

function mortalClients(slack: Slack, { log }: Context, life: Life): Clients {
  const client = () =>
    new WebClient(slack.botToken, {
      ...clientOptions(slack.apiUrl, log),
      timeout: 300,
      fetch: async (...args: Parameters<typeof fetch>) => {
        spend(life);
        const answer = await fetch(...args);
        spend(life);
        return answer;
      },
    });
  return { interactive: client(), outbox: client(), lookup: client() };
}
