import { type Actor, canSomewhere } from '../../domain/access.ts';
import { alertName } from '../../domain/alert.ts';
import { nobodyInWords } from '../../domain/on-call.ts';
import { readDatabaseTime } from '../../store/database.ts';
import { escalateNow } from '../../store/escalation/escalate-now.ts';
import { readOnCall } from '../../store/escalation/facts.ts';
import { listOnCallOverrides, listRotations } from '../../store/reads/escalations.ts';
import type { Ask, Bot, BotCommand } from '../bot.ts';
import { findAlertByWord, readableBy } from '../resolve.ts';
import { notice } from '../views/notices.ts';
import { gapInWords } from '../views/on-call-gap.ts';
import { code, date, fitLines, type Message, safe } from '../views/text.ts';

const onCall: BotCommand = {
  waiting: null,
  access: 'linked',
  isAllowed: (actor) => canSomewhere(actor, 'cluster:read'),
  spec: { verb: 'on-call', positional: [], flags: [] },
  summary: 'Say who is on call now, until when, and when a call would reach nobody.',
  examples: ['on-call'],
  async run({ db, settings }, { actor }) {
    const rotations = await listRotations(db, { visibility: readableBy(actor), past: false });
    if (rotations.length === 0) return { text: 'There is no rotation, so nobody is on call.' };
    const overrides = await listOnCallOverrides(db, rotations);
    const at = await readDatabaseTime(db);
    const linkedNames = settings.links.map(({ owner }) => owner);
    const lines = await Promise.all(
      rotations.map(async (rotation) => {
        const { onCall: now, gap } = await readOnCall(db, { rotation, routing: { overrides }, at, linkedNames });
        const name = `*${safe(rotation.name, 40)}*`;
        const ahead = gap === null ? '' : `. ${gapInWords(gap, { at })}`;
        if (now.kind === 'NOBODY') return `${name}: nobody, since ${nobodyInWords(now.why)}${ahead}`;
        const second = now.secondary === null ? 'nobody' : safe(now.secondary.name, 60);
        const took = now.override === null ? '' : ` (took it: ${safe(now.override.reason, 100)})`;
        return `${name}: ${safe(now.primary.name, 60)}${took}, second ${second}, until ${date(now.until, 'day')}${ahead}`;
      }),
    );
    return { text: fitLines(lines, 2_900) };
  },
};

const escalate: BotCommand = {
  waiting: null,
  access: 'linked',
  isAllowed: (actor) => canSomewhere(actor, 'alert:handle'),
  spec: {
    verb: 'escalate',
    positional: [
      { name: 'alert', kind: 'word', isOptional: false },
      { name: 'why', kind: 'rest', isOptional: false },
    ],
    flags: [],
  },
  summary: 'Call the next people for an alert now.',
  examples: ['escalate A-7 two backends are down by now'],
  async run(bot, { ask, actor, command }) {
    const found = await findAlertByWord(bot.db, actor, command.words.get('alert')?.[0] ?? '');
    return escalateAlert(bot, { ask, actor, alertId: found.id, reason: command.words.get('why')?.[0] ?? '' });
  },
};

type Escalating = {
  readonly ask: Ask;
  readonly actor: Actor;
  readonly alertId: string;
  readonly reason: string;
};

/** Calls the next people for an alert, and says so. Throws what `escalateNow` throws. */
export async function escalateAlert(bot: Bot, { ask, actor, alertId, reason }: Escalating): Promise<Message> {
  const linkedNames = bot.settings.links.map(({ owner }) => owner);
  const request = { alertId, actor, requestId: ask.id, linkedNames, changed: bot.engine.changed, reason };
  const alert = await escalateNow(bot.db, request);
  bot.wakeCards();
  const name = alertName(alert);
  return notice(`You escalated ${name}; its thread says who was called. ${code(`/sr ack ${name}`)} takes it.`);
}

export const onCallCommands: readonly BotCommand[] = [onCall, escalate];
