import { AppError } from '../../errors.ts';
import { eventsOfAlerts, findVisibleAlert } from '../../store/reads/alerts.ts';
import { findVisibleRun } from '../../store/reads/runs.ts';
import type { ClickAction, OpenAction } from '../bot.ts';
import { decideRun, handleAlert, type RunVerb } from '../commands/control.ts';
import { silenceAlert } from '../commands/silences.ts';
import { rejectForm } from '../forms/reject-form.ts';
import { resolveForm } from '../forms/resolve-form.ts';
import { readableBy } from '../resolve.ts';
import { alertDetails, readAlertValue, readSilenceValue } from '../views/alert-card.ts';
import { readAskedValue } from '../views/asked.ts';
import { notice } from '../views/notices.ts';
import { readRunValue, readWithoutValue, withoutActions } from '../views/run-buttons.ts';
import { cancelDraftAction, confirmDraftAction, startDraftAction } from './drafts.ts';

/** The error for a value that none of our buttons carries. */
export function forgedValue(): AppError {
  return new AppError('INVALID_INPUT', 'This button carries nothing that I know', {
    hint: 'Type the command instead; /sr help lists them.',
  });
}

function runAction(verb: RunVerb): ClickAction {
  return {
    kind: 'act',
    run: (bot, { ask, actor, value }) => {
      const carried = readRunValue(value);
      if (carried === null) throw forgedValue();
      return decideRun(bot, verb, { ask, actor, runId: carried.runId, comment: null, planHash: carried.planHash });
    },
  };
}

const goOnWithout: ClickAction = {
  kind: 'act',
  run: (bot, { ask, actor, value }) => {
    const carried = readWithoutValue(value);
    if (carried === null) throw forgedValue();
    const { runId, planHash, lane } = carried;
    return decideRun(bot, 'retry', { ask, actor, runId, planHash, comment: null, without: lane });
  },
};

/** Does what a typed command was asked back about, after the person confirmed it. */
const doAsked: ClickAction = {
  kind: 'act',
  run: async (bot, { ask, actor, value }) => {
    const asked = readAskedValue(value);
    if (asked === null) throw forgedValue();
    const { verb, runId, state, comment, without } = asked;
    const run = await findVisibleRun(bot.db, { visibility: readableBy(actor), id: runId });
    if (run !== null && run.state !== state)
      throw new AppError(
        'PLAN_STALE',
        `R-${run.number} is ${run.state.replace('_', ' ')} by now, not ${state.replace('_', ' ')} as when this was shown`,
        {
          hint: 'Look at it, then ask again.',
        },
      );
    return decideRun(bot, verb, { ask, actor, runId, comment, planHash: null, without });
  },
};

const leaveAsked: ClickAction = { kind: 'act', run: async () => notice('Nothing was done.') };

function alertAction(verb: 'ack' | 'unack'): ClickAction {
  return {
    kind: 'act',
    run: (bot, { ask, actor, value }) => {
      const carried = readAlertValue(value);
      if (carried === null) throw forgedValue();
      return handleAlert(bot, verb, { ask, actor, alertId: carried.alertId, comment: null });
    },
  };
}

const silenceForAWhile: ClickAction = {
  kind: 'act',
  run: (bot, { ask, actor, value }) => {
    const carried = readSilenceValue(value);
    if (carried === null) throw forgedValue();
    return silenceAlert(bot, { ask, actor, ...carried });
  },
};

const askWhyResolved: OpenAction = {
  kind: 'open',
  view: (value) => (value === null || readAlertValue(value) === null ? null : resolveForm(value)),
};

const showDetails: ClickAction = {
  kind: 'act',
  run: async (bot, { actor, value }) => {
    const carried = readAlertValue(value);
    if (carried === null) throw forgedValue();
    const alert = await findVisibleAlert(bot.db, { visibility: readableBy(actor), id: carried.alertId });
    if (alert === null)
      throw new AppError('NOT_FOUND', 'There is no such alert', { hint: '/sr alerts lists those that are open.' });
    return alertDetails(alert, await eventsOfAlerts(bot.db, { alertIds: [alert.id], limit: 100 }));
  },
};

const askWhy: OpenAction = {
  kind: 'open',
  view: (value) => (value === null || readRunValue(value) === null ? null : rejectForm(value)),
};

/** Every button there is, by its action id. */
export const clicks: ReadonlyMap<string, ClickAction | OpenAction> = new Map<string, ClickAction | OpenAction>([
  ['run.approve', runAction('approve')],
  ['run.deny', askWhy],
  ['run.cancel', runAction('cancel')],
  ['run.pause', runAction('pause')],
  ['run.resume', runAction('resume')],
  ['run.retry', runAction('retry')],
  ['run.undo', runAction('undo')],
  ...withoutActions.map((id) => [id, goOnWithout] as const),
  ['decision.do', doAsked],
  ['decision.leave', leaveAsked],
  ['alert.ack', alertAction('ack')],
  ['alert.unack', alertAction('unack')],
  ['alert.silence', silenceForAWhile],
  ['alert.resolve', askWhyResolved],
  ['alert.details', showDetails],
  ['draft.start', startDraftAction],
  ['draft.cancel', cancelDraftAction],
  ['draft.confirm', confirmDraftAction],
]);
