import { type Actor, canSomewhere } from '../../domain/access.ts';
import { type Alert, alertName } from '../../domain/alert.ts';
import { AppError } from '../../errors.ts';
import { assignAlert, noteAlert, resolveAlert } from '../../store/alerts/alert-decisions.ts';
import { findPersonByName } from '../../store/reads/persons.ts';
import { personBehind } from '../actor.ts';
import type { Ask, Bot, BotCommand } from '../bot.ts';
import { findAlertByWord } from '../resolve.ts';
import { notice } from '../views/notices.ts';
import { type Message, safe } from '../views/text.ts';
import type { Positional } from './grammar.ts';

type Call = { readonly ask: Ask; readonly actor: Actor };

function requestOf(bot: Bot, { ask, actor }: Call, alertId: string) {
  return { alertId, actor, requestId: ask.id, changed: bot.engine.changed };
}

/** Resolves an alert by hand, for the command and for the form of its card. */
export async function resolveByHand(
  bot: Bot,
  { alertId, note, ...call }: Call & { readonly alertId: string; readonly note: string },
): Promise<Message> {
  const alert = await resolveAlert(bot.db, { ...requestOf(bot, call, alertId), note });
  bot.wakeCards();
  return notice(`You resolved ${nameOf(alert)}. If the next look finds that it still holds, it is open again.`);
}

/** Gives an alert to a person, for the command and for the form of its card. */
export async function assignByWord(
  bot: Bot,
  { alertId, person, comment, ...call }: Call & { alertId: string; person: string; comment: string | null },
): Promise<Message> {
  const personId = await personOf(bot, call.ask, person);
  const given = await assignAlert(bot.db, { ...requestOf(bot, call, alertId), personId, comment });
  bot.wakeCards();
  const whom = given.assignee === null ? 'nobody' : safe(given.assignee.name, 60);
  return notice(
    `${nameOf(given)} is with ${whom} now. \`/sr ack ${alertName(given)}\` says that one takes care of it.`,
  );
}

const note: Positional = { name: 'note', kind: 'rest', isOptional: false };
const onAlert: Positional = { name: 'alert', kind: 'word', isOptional: false };
const mayHandle = (actor: Actor) => canSomewhere(actor, 'alert:handle');

const resolve: BotCommand = {
  waiting: null,
  access: 'linked',
  isAllowed: mayHandle,
  spec: { verb: 'resolve', positional: [onAlert, { ...note, name: 'why' }], flags: [] },
  summary: 'Resolve an alert by hand, for what no look closes.',
  examples: ['resolve A-7 the host was taken out of the rack'],
  async run(bot, { ask, actor, command }) {
    const alert = await findAlertByWord(bot.db, actor, command.words.get('alert')?.[0] ?? '');
    return resolveByHand(bot, { ask, actor, alertId: alert.id, note: command.words.get('why')?.[0] ?? '' });
  },
};

const assign: BotCommand = {
  waiting: null,
  access: 'linked',
  isAllowed: mayHandle,
  spec: {
    verb: 'assign',
    positional: [onAlert, { name: 'person', kind: 'word', isOptional: false }, { ...note, isOptional: true }],
    flags: [],
  },
  summary: 'Give an alert to a person, by name or by mentioning them; `nobody` takes it back.',
  examples: ['assign A-7 kim', 'assign A-7 nobody'],
  async run(bot, { ask, actor, command }) {
    const alert = await findAlertByWord(bot.db, actor, command.words.get('alert')?.[0] ?? '');
    const person = command.words.get('person')?.[0] ?? '';
    const comment = command.words.get('note')?.[0] ?? null;
    return assignByWord(bot, { ask, actor, alertId: alert.id, person, comment });
  },
};

const remark: BotCommand = {
  waiting: null,
  access: 'linked',
  isAllowed: mayHandle,
  spec: { verb: 'note', positional: [onAlert, note], flags: [] },
  summary: 'Write something into the history of an alert.',
  examples: ['note A-7 the vendor sends a new disk tomorrow'],
  async run(bot, { ask, actor, command }) {
    const alert = await findAlertByWord(bot.db, actor, command.words.get('alert')?.[0] ?? '');
    const text = command.words.get('note')?.[0] ?? '';
    const noted = await noteAlert(bot.db, { ...requestOf(bot, { ask, actor }, alert.id), note: text });
    bot.wakeCards();
    return notice(`Noted on ${nameOf(noted)}.`);
  },
};

export const alertDecisionCommands: readonly BotCommand[] = [resolve, assign, remark];

/** A person by name, or as Slack writes a mention; null = nobody. Throws `NOT_FOUND`. */
async function personOf(bot: Bot, { team }: Ask, word: string): Promise<string | null> {
  if (word.toLowerCase() === 'nobody') return null;
  const user = /^<@([UW][A-Z0-9]+)(?:\|[^>]*)?>$/.exec(word)?.[1];
  if (user !== undefined) {
    const personId = await personBehind(bot, { team, user });
    if (personId !== null) return personId;
    throw new AppError('NOT_FOUND', 'That Slack account is linked to nobody who may log in', {
      hint: 'They type /sr link first; or type /sr assign with the name that /sr whoami shows them.',
    });
  }
  const found = await findPersonByName(bot.db, word.replace(/^@/, ''));
  if (found !== null) return found.id;
  throw new AppError('NOT_FOUND', `There is no person ${word}`, {
    hint: 'Type the name that /sr whoami shows them, or mention somebody who is linked.',
  });
}

function nameOf(alert: Alert): string {
  return `${alertName(alert)} (${safe(alert.title, 150)})`;
}
