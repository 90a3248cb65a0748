import type { Actor } from '../../domain/access.ts';
import { AppError } from '../../errors.ts';
import { findVisibleRun } from '../../store/reads/runs.ts';
import {
  cancelDraft,
  findDraft,
  markDraftStarted,
  reopenDraft,
  type SlackDraft,
  saveDraftRun,
} from '../../store/slack/slack-drafts.ts';
import type { Ask, Bot, ClickAction, OpenAction } from '../bot.ts';
import { startedNotice, submitStart } from '../commands/operation.ts';
import { confirmForm } from '../forms/confirm-form.ts';
import { readableBy } from '../resolve.ts';
import { notice, userErrorsNotice } from '../views/notices.ts';
import type { Message } from '../views/text.ts';

const draftId = /^cmd_[0-9A-Z]{26}$/;

/** Starts the operation that was shown, if the cluster still gives the same plan. */
export const startDraftAction: ClickAction = {
  kind: 'act',
  run: async (bot, { ask, actor, value }) =>
    startDraft(bot, { ask, actor, draft: await ownDraft(bot, ask, value), confirm: null }),
};

export const cancelDraftAction: ClickAction = {
  kind: 'act',
  run: async (bot, { ask, actor, value }) => {
    const draft = await ownDraft(bot, ask, value);
    if (await cancelDraft(bot.db, draft.id)) return notice('Nothing was started.');
    const now = await findDraft(bot.db, draft);
    return now?.state === 'CANCELED'
      ? notice('You cancelled it before; nothing was started.')
      : alreadyStarted(bot, actor, now ?? draft);
  },
};

/** Opens the form that wants the cluster's name. Who may start it is decided when the form comes back. */
export const confirmDraftAction: OpenAction = {
  kind: 'open',
  view: (value) => (value === null || !draftId.test(value) ? null : confirmForm(value)),
};

export async function startDraft(
  bot: Bot,
  { ask, actor, draft, confirm }: { ask: Ask; actor: Actor; draft: SlackDraft; confirm: string | null },
): Promise<Message> {
  const operation = bot.operations.get(draft.operation);
  if (operation === undefined)
    throw new AppError('PRECONDITION_FAILED', `This Starwarden does not know the operation ${draft.operation}`, {
      hint: 'Type the command again.',
    });
  if (!(await markDraftStarted(bot.db, draft.id)))
    return notice('You cancelled it before; type the command again to start it.');
  let runId: string | null = null;
  try {
    // The button may be pressed twice, or the process may have died in between: the key makes it one run.
    const started = await submitStart(bot, {
      ask,
      actor,
      operation,
      input: draft.input,
      planHash: draft.planHash,
      confirm: confirm ?? draft.confirm,
      reason: draft.reason,
      refused: (errors) => userErrorsNotice(errors, draft.line),
      key: draft.id,
    });
    if ('message' in started) return started.message;
    runId = started.run.id;
    await saveDraftRun(bot.db, draft.id, runId);
    return startedNotice(started.run, started.replayed);
  } finally {
    if (runId === null) await reopenDraft(bot.db, draft.id);
  }
}

/** The draft, for the person who made it and nobody else. */
export async function ownDraft(bot: Bot, ask: Ask, value: string | null): Promise<SlackDraft> {
  const draft = draftId.test(value ?? '') ? await findDraft(bot.db, { ...ask, id: value ?? '' }) : null;
  if (draft !== null) return draft;
  throw new AppError('NOT_FOUND', 'There is nothing to start here any more', { hint: 'Type the command again.' });
}

async function alreadyStarted(bot: Bot, actor: Actor, draft: SlackDraft): Promise<Message> {
  if (draft.runId === null) return notice('It is being started already.');
  const run = await findVisibleRun(bot.db, { visibility: readableBy(actor), id: draft.runId });
  if (run === null)
    throw new AppError('NOT_FOUND', `There is no run ${draft.runId}`, { hint: 'Look at the list of runs for its id.' });
  return notice(
    `It was started already, as R-${run.number}; it is *${run.state.replace('_', ' ')}*. \`/sr cancel R-${run.number}\` stops it.`,
  );
}
