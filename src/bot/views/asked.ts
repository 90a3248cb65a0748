import type { KnownBlock } from '@slack/web-api';
import { z } from 'zod';
import { runStates } from '../../domain/run.ts';
import type { Outlook } from '../../runs/way-back.ts';
import { noteLines, planLines } from './plan-stages.ts';
import { looks, withoutEffect } from './run-buttons.ts';
import { context, fitLines, fitMiddle, header, type Message, plain, safe, section } from './text.ts';

/** Commands about a run that are asked back before they are done, where they affect service. */
export const askedVerbs = ['undo', 'cancel', 'retry'] as const;
export type AskedVerb = (typeof askedVerbs)[number];

export type Asked = {
  readonly verb: AskedVerb;
  readonly comment: string | null;
  /** The lane that a retry leaves out. */
  readonly without: string | null;
};

const carried = z.strictObject({
  verb: z.enum(askedVerbs),
  runId: z.string().regex(/^run_[0-9A-Z]{26}$/),
  state: z.enum(runStates),
  comment: z.string().max(500).nullable(),
  without: z.string().max(200).nullable(),
});

/** What the decision would do, with a button that does it; after `--dry-run` without the button. */
export function outlookMessage(
  outlook: Outlook,
  asked: Asked,
  { title, isDry }: { title: string; isDry: boolean },
): Message {
  const { run, summary, steps, notes } = outlook;
  const label = { undo: 'Undo', cancel: 'Cancel', retry: 'Retry' }[asked.verb];
  const head = `${label} R-${run.number}: ${title}, ${run.clusterName}`;
  const effect = asked.without === null ? effectOf(asked.verb) : withoutEffect(run, asked.without);
  const blocks: KnownBlock[] = [
    header(head),
    section(`${safe(summary, 500)}.${effect === '' ? '' : `\n${safe(effect, 300)}`}`),
    ...(notes.length === 0 ? [] : [section(`*Read this first*\n${fitLines(noteLines(notes), 2500)}`)]),
    ...(steps.length === 0 ? [] : [section(fitMiddle(planLines(steps), 2900))]),
    context(
      `it is ${run.state.replace('_', ' ')} now${asked.comment === null ? '' : ` · note: ${safe(asked.comment, 300)}`}`,
    ),
    ...(isDry ? [] : [askedButtons(outlook, asked, label)]),
  ];
  const begin = isDry ? 'A preview only, nothing was done' : 'Nothing has been done yet';
  return { text: safe(`${begin}: ${head}. ${summary}.`, 600), blocks };
}

const actionOf = { undo: 'UNDO', cancel: 'CANCEL', retry: 'RETRY' } as const;

/** The text that the button on the card shows before it acts. */
function effectOf(verb: AskedVerb): string {
  return looks[actionOf[verb]].confirm ?? '';
}

function askedButtons({ run }: Outlook, { verb, comment, without }: Asked, label: string): KnownBlock {
  const value = JSON.stringify({ verb, comment, without, runId: run.id, state: run.state });
  return {
    type: 'actions',
    block_id: 'decision',
    elements: [
      {
        type: 'button',
        action_id: 'decision.do',
        style: verb === 'retry' ? 'primary' : 'danger',
        text: { type: 'plain_text', text: plain(`${label} R-${run.number}`, 75) },
        value,
        accessibility_label: plain(`${label} run R-${run.number}`, 75),
      },
      {
        type: 'button',
        action_id: 'decision.leave',
        text: { type: 'plain_text', text: 'Leave it' },
        accessibility_label: plain(`Leave run R-${run.number} as it is`, 75),
      },
    ],
  };
}

/** Reads the value of such a button; null for anything else. */
export function readAskedValue(value: string | null): z.infer<typeof carried> | null {
  try {
    return carried.safeParse(JSON.parse(value ?? '')).data ?? null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
