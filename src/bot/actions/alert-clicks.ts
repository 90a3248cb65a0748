import type { Actor } from '../../domain/access.ts';
import { type Alert, alertName } from '../../domain/alert.ts';
import { keptInWords } from '../../domain/alert-retention.ts';
import { AppError } from '../../errors.ts';
import { acknowledgeAlert } from '../../store/alerts/alert-handling.ts';
import { eventsOfAlerts, findVisibleAlert } from '../../store/reads/alerts.ts';
import { untakenOnMessage } from '../../store/slack/alert-groups.ts';
import type { Bot, Click, ClickAction, MenuAction, OpenAction } from '../bot.ts';
import { handleAlert } from '../commands/control.ts';
import { silenceAlert } from '../commands/silences.ts';
import { whyAlert } from '../commands/why.ts';
import { assignForm } from '../forms/assign-form.ts';
import { escalateForm } from '../forms/escalate-form.ts';
import { resolveForm } from '../forms/resolve-form.ts';
import { silenceForm } from '../forms/silence-form.ts';
import { readableBy } from '../resolve.ts';
import { alertDetails, wordsOf } from '../views/alert-card.ts';
import { readAlertValue, readMoreValue, readSilenceValue } from '../views/alert-controls.ts';
import { allTaken, readGroupValue } from '../views/group-card.ts';
import { context, type Message, safe, section } from '../views/text.ts';
import { forgedValue } from './forged-value.ts';

/** The alert of a button as it is now. Throws `NOT_FOUND`, also for one that the person may not see. */
async function alertOf(bot: Bot, actor: Actor, alertId: string): Promise<Alert> {
  const alert = await findVisibleAlert(bot.db, { visibility: readableBy(actor), id: alertId });
  if (alert !== null) return alert;
  throw new AppError('NOT_FOUND', 'There is no such alert', {
    hint: `${keptInWords} /sr alerts lists those that are open.`,
  });
}

type Pressed = { readonly actor: Actor; readonly value: string | null };

/**
 * Does what a control of an alert's message says, with the alert as it is now. When the message showed an older one, the
 * answer says how the alert was found.
 */
export async function onAlert(
  bot: Bot,
  { actor, value }: Pressed,
  act: (alert: Alert) => Promise<Message>,
): Promise<Message> {
  const carried = readAlertValue(value);
  if (carried === null) throw forgedValue();
  const alert = await alertOf(bot, actor, carried.alertId);
  const answer = await act(alert);
  if (alert.revision === carried.revision) return answer;
  const older = `The message was older than the alert: ${alertName(alert)} was ${safe(wordsOf(alert), 100)} by then.`;
  return {
    ...answer,
    text: `${answer.text}\n${older}`,
    blocks: [...(answer.blocks ?? [section(answer.text)]), context(older)],
  };
}

function taking(verb: 'ack' | 'unack'): ClickAction {
  return {
    kind: 'act',
    run: (bot, { ask, actor, value }) =>
      onAlert(bot, { actor, value }, ({ id }) => handleAlert(bot, verb, { ask, actor, alertId: id, comment: null })),
  };
}

/** Takes each alert that the message showed as open and untaken, one by one: each has its own rights, event and audit row. */
const takeAll: ClickAction = {
  kind: 'act',
  async run(bot, { ask, actor, value }) {
    const carried = readGroupValue(value);
    if (carried === null) throw forgedValue();
    const found = await untakenOnMessage(bot.db, { ...carried, visibility: readableBy(actor) });
    const taken: Alert[] = [];
    const refusals: string[] = [];
    for (const { id: alertId } of found) {
      const request = { alertId, actor, comment: null, requestId: ask.id, changed: bot.engine.changed };
      try {
        taken.push(await acknowledgeAlert(bot.db, request));
      } catch (error) {
        // Somebody else was first, it is over, or it is where the person may not: the others are theirs all the same.
        if (!(error instanceof AppError)) throw error;
        refusals.push(error.message);
      }
    }
    bot.wakeCards();
    return allTaken(taken, refusals);
  },
};

function silenceFor(minutes: number): ClickAction {
  return {
    kind: 'act',
    run: (bot, { ask, actor, value }) =>
      onAlert(bot, { actor, value }, ({ id }) =>
        silenceAlert(bot, { ask, actor, alertId: id, forMs: minutes * 60_000, reason: null }),
      ),
  };
}

function opens(form: (value: string) => ReturnType<OpenAction['view']>): OpenAction {
  return { kind: 'open', view: (value) => (value === null || readAlertValue(value) === null ? null : form(value)) };
}

const showDetails: ClickAction = {
  kind: 'act',
  run: (bot, { actor, value }) =>
    onAlert(bot, { actor, value }, async (alert) =>
      alertDetails(alert, await eventsOfAlerts(bot.db, { alertIds: [alert.id], limit: 100 })),
    ),
};

const silence: MenuAction = {
  kind: 'menu',
  choose: (given) => {
    const chosen = readSilenceValue(given);
    if (chosen === null) return null;
    const { value, choice } = chosen;
    return { value, action: choice === 'other' ? opens(silenceForm) : silenceFor(choice) };
  },
};

const showWhy: ClickAction = {
  kind: 'act',
  run: (bot, { actor, value }) => onAlert(bot, { actor, value }, (alert) => whyAlert(bot, alert)),
};

const more = {
  assign: opens(assignForm),
  escalate: opens(escalateForm),
  details: showDetails,
  why: showWhy,
  resolve: opens(resolveForm),
} as const;

const moreMenu: MenuAction = {
  kind: 'menu',
  choose: (given) => {
    const chosen = readMoreValue(given);
    return chosen === null ? null : { value: chosen.value, action: more[chosen.choice] };
  },
};

/** The controls of alerts by action id; those of older messages are among them. */
export const alertClicks: readonly (readonly [string, Click])[] = [
  ['alert.ack', taking('ack')],
  ['alert.ack_all', takeAll],
  ['alert.unack', taking('unack')],
  ['alert.silence', silence],
  ['alert.more', moreMenu],
  ['alert.runbook', { kind: 'link' }],
  ['alert.resolve', more.resolve],
  ['alert.details', more.details],
];
