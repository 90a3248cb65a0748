import { AppError } from '../../errors.ts';
import type { Form, Submission } from '../bot.ts';
import { assignByWord, resolveByHand } from '../commands/alert-decisions.ts';
import { decideRun } from '../commands/control.ts';
import { readDuration } from '../commands/duration.ts';
import { escalateAlert } from '../commands/on-call.ts';
import { silenceAlert } from '../commands/silences.ts';
import { readRunValue } from '../views/run-buttons.ts';
import { onAlert } from './alert-clicks.ts';
import { ownDraft, startDraft } from './drafts.ts';
import { forgedValue } from './forged-value.ts';

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
    const note = textOf(form, 'note');
    return onAlert(bot, { actor, value: form.metadata }, ({ id }) =>
      resolveByHand(bot, { ask, actor, alertId: id, note }),
    );
  },
};

const escalate: Submission = {
  check: (form) => {
    const { length } = textOf(form, 'reason');
    return length < 3 || length > 500 ? { reason: 'Between 3 and 500 characters.' } : null;
  },
  run: (bot, { ask, actor, form }) =>
    onAlert(bot, { actor, value: form.metadata }, ({ id }) =>
      escalateAlert(bot, { ask, actor, alertId: id, reason: textOf(form, 'reason') }),
    ),
};

const assignAlert: Submission = {
  check: (form) => (/^[UW][A-Z0-9]{1,30}$/.test(textOf(form, 'person')) ? null : { person: 'Choose a person.' }),
  run: (bot, { ask, actor, form }) => {
    const note = textOf(form, 'note');
    return onAlert(bot, { actor, value: form.metadata }, ({ id }) =>
      assignByWord(bot, {
        ...{ ask, actor, alertId: id, person: `<@${textOf(form, 'person')}>` },
        comment: note === '' ? null : note,
      }),
    );
  },
};

const silenceForSome: Submission = {
  check: (form) => {
    const reason = textOf(form, 'reason').length;
    const wrong = {
      ...wrongTime(textOf(form, 'time')),
      ...(reason < 3 || reason > 200 ? { reason: 'Between 3 and 200 characters.' } : {}),
    };
    return Object.keys(wrong).length === 0 ? null : wrong;
  },
  run: (bot, { ask, actor, form }) =>
    onAlert(bot, { actor, value: form.metadata }, ({ id }) =>
      silenceAlert(bot, {
        ...{ ask, actor, alertId: id },
        ...{ forMs: readDuration(textOf(form, 'time')), reason: textOf(form, 'reason') },
      }),
    ),
};

function textOf({ values }: Form, name: string): string {
  return (values.get(name) ?? '').trim();
}

function wrongTime(word: string): Record<string, string> {
  try {
    readDuration(word);
    return {};
  } catch (error) {
    if (error instanceof AppError) return { time: error.hint ?? error.message };
    throw error;
  }
}

/** Every form there is, by its callback id. */
export const submissions: ReadonlyMap<string, Submission> = new Map([
  ['draft.confirm', confirmDraft],
  ['run.deny', rejectRun],
  ['alert.resolve', resolveAlert],
  ['alert.escalate', escalate],
  ['alert.assign', assignAlert],
  ['alert.silence', silenceForSome],
]);
