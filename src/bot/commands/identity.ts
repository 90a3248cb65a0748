import type { Actor } from '../../domain/access.ts';
import { AppError } from '../../errors.ts';
import { createLinkCode } from '../../store/slack/slack.ts';
import type { BotCommand } from '../bot.ts';
import { type HelpEntry, helpIndex, helpOfVerb } from '../views/help.ts';
import { linkNotice, whoamiNotice } from '../views/identity.ts';
import { closest } from './closest.ts';
import { usageOf } from './grammar.ts';

export const whoami: BotCommand = {
  spec: { verb: 'whoami', positional: [], flags: [] },
  summary: 'Show whom you act as, with which roles.',
  examples: ['whoami'],
  waiting: null,
  isAllowed: () => true,
  access: 'anyone',
  run: async (_bot, { ask, actor }) => whoamiNotice(ask.user, actor),
};

export const link: BotCommand = {
  spec: { verb: 'link', positional: [], flags: [] },
  summary: 'Link your Slack account with yourself, by a code that works once.',
  examples: ['link'],
  waiting: null,
  isAllowed: () => true,
  access: 'anyone',
  async run(bot, { ask, actor }) {
    return linkNotice(await createLinkCode(bot.db, ask), actor);
  },
};

export const help: BotCommand = {
  spec: { verb: 'help', positional: [{ name: 'verb', kind: 'word', isOptional: true }], flags: [] },
  summary: 'Show what you may do, or how one command is typed.',
  examples: ['help', 'help restart'],
  waiting: null,
  isAllowed: () => true,
  access: 'anyone',
  async run(bot, { actor, command }) {
    const entries = bot.commands.map((each) => entryOf(each, actor));
    const verb = command.words.get('verb')?.[0]?.toLowerCase();
    if (verb === undefined) return helpIndex(entries, { isLinked: actor !== null });
    const entry = entries.find((candidate) => candidate.verb === verb);
    if (entry !== undefined) return helpOfVerb(entry);
    const meant = closest(
      verb,
      entries.map((candidate) => candidate.verb),
    );
    throw new AppError('NOT_FOUND', `There is no command ${verb}`, {
      hint: meant === null ? 'Type /sr help for what there is.' : `Did you mean ${meant}?`,
    });
  },
};

function entryOf(command: BotCommand, actor: Actor | null): HelpEntry {
  const allowed = command.access === 'anyone' || (actor !== null && command.isAllowed(actor));
  return {
    verb: command.spec.verb,
    usage: usageOf(command.spec),
    summary: command.summary,
    examples: command.examples,
    allowed,
  };
}
