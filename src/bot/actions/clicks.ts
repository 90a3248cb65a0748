import { AppError } from '../../errors.ts';
import { findVisibleRun } from '../../store/reads/runs.ts';
import type { Click, ClickAction, OpenAction } from '../bot.ts';
import { decideRun, type RunVerb } from '../commands/control.ts';
import { rejectForm } from '../forms/reject-form.ts';
import { readableBy } from '../resolve.ts';
import { readAskedValue } from '../views/asked.ts';
import { notice } from '../views/notices.ts';
import { readRunValue, readWithoutValue, withoutActions } from '../views/run-buttons.ts';
import { alertClicks } from './alert-clicks.ts';
import { cancelDraftAction, confirmDraftAction, startDraftAction } from './drafts.ts';
import { forgedValue } from './forged-value.ts';
import { silenceClicks } from './silence-clicks.ts';

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

const askWhy: OpenAction = {
  kind: 'open',
  view: (value) => (value === null || readRunValue(value) === null ? null : rejectForm(value)),
};

/** Every button there is, by its action id. */
export const clicks: ReadonlyMap<string, Click> = new Map<string, Click>([
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
  ...alertClicks,
  ...silenceClicks,
  ['draft.start', startDraftAction],
  ['draft.cancel', cancelDraftAction],
  ['draft.confirm', confirmDraftAction],
]);
