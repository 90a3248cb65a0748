import type { Submission } from '../bot.ts';
import { resolveByHand } from '../commands/alert-decisions.ts';
import { decideRun } from '../commands/control.ts';
import { readAlertValue } from '../views/alert-card.ts';
import { readRunValue } from '../views/run-buttons.ts';
import { forgedValue } from './clicks.ts';
import { ownDraft, startDraft } from './drafts.ts';

/** The cluster's name was typed. `submit`, which knows the cluster, says whether it is the right one. */
const confirmDraft: Submission = {
  check: ({ values }) => ((values.get('name') ?? '').trim() === '' ? { name: 'Type the name of the cluster.' } : null),
  run: async (bot, { ask, actor, form }) => {
    const draft = await ownDraft(bot, ask, form.metadata);
    return startDraft(bot, { ask, actor, draft, confirm: (form.values.get('name') ?? '').trim() });
  },
};

const rejectRun: Submission = {
  check: ({ values }) => {
    const length = (values.get('reason') ?? '').trim().length;
    return length < 5 || length > 500 ? { reason: 'Between 5 and 500 characters.' } : null;
  },
  run: (bot, { ask, actor, form }) => {
    const carried = readRunValue(form.metadata);
    if (carried === null) throw forgedValue();
    return decideRun(bot, 'deny', {
      ask,
      actor,
      runId: carried.runId,
      planHash: carried.planHash,
      comment: (form.values.get('reason') ?? '').trim(),
    });
  },
};

const resolveAlert: Submission = {
  check: ({ values }) => {
    const length = (values.get('note') ?? '').trim().length;
    return length < 1 || length > 500 ? { note: 'Between 1 and 500 characters.' } : null;
  },
  run: (bot, { ask, actor, form }) => {
    const carried = readAlertValue(form.metadata);
    if (carried === null) throw forgedValue();
    const note = (form.values.get('note') ?? '').trim();
    return resolveByHand(bot, { ask, actor, alertId: carried.alertId, note });
  },
};

/** Every form there is, by its callback id. */
export const submissions: ReadonlyMap<string, Submission> = new Map([
  ['draft.confirm', confirmDraft],
  ['run.deny', rejectRun],
  ['alert.resolve', resolveAlert],
]);
