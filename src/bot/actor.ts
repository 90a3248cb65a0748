import type { Actor } from '../domain/access.ts';
import { AppError } from '../errors.ts';
import { findPersonByName } from '../store/reads/persons.ts';
import { findSlackActor, linkSlackUser } from '../store/slack/slack.ts';
import type { Ask, Bot } from './bot.ts';
import { errorName } from './lookup.ts';

/** Why this account may not act from this place, whatever person it is linked with; null = it may. */
export async function whyNotHere(bot: Bot, ask: Pick<Ask, 'team' | 'user' | 'channel'>): Promise<string | null> {
  if (ask.team !== bot.self.team) return 'Only members of this workspace may give orders here.';
  try {
    return (
      (await bot.seen.whyNotUser(ask.user)) ?? (ask.channel === null ? null : await bot.seen.whyNotChannel(ask.channel))
    );
  } catch (error) {
    throw new AppError(
      'PRECONDITION_FAILED',
      `Slack did not say who asks, and from where (${errorName(error) ?? 'no answer'})`,
      {
        hint: 'Try again in a moment.',
        retryable: true,
        cause: error,
      },
    );
  }
}

/**
 * The person behind a Slack account, with the roles they hold now; null = not linked. Nothing is remembered between
 * actions.
 */
export async function actorOf(bot: Bot, ask: Pick<Ask, 'team' | 'user'>): Promise<Actor | null> {
  const actor = await findSlackActor(bot.db, ask);
  if (actor !== null) return actor;
  const person = await configuredPerson(bot, ask);
  if (person === null) return null;
  await linkSlackUser(bot.db, { team: ask.team, user: ask.user, personId: person.id });
  bot.log.info({ slackUser: ask.user, person: person.name }, 'linked a Slack user as configured');
  return findSlackActor(bot.db, ask);
}

/** The person behind a Slack account that somebody else names: linked, or to be linked once they ask. Null = nobody who may log in. */
export async function personBehind(bot: Bot, account: Pick<Ask, 'team' | 'user'>): Promise<string | null> {
  const actor = await findSlackActor(bot.db, account);
  return actor?.id ?? (await configuredPerson(bot, account))?.id ?? null;
}

async function configuredPerson({ db, settings, self }: Bot, { team, user }: Pick<Ask, 'team' | 'user'>) {
  const link = settings.links.find((each) => each.user === user);
  if (link === undefined || team !== self.team) return null;
  const person = await findPersonByName(db, link.owner);
  return person === null || person.disabledAt !== null ? null : person;
}
