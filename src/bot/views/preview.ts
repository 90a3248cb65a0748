import type { Button, KnownBlock, ModalView } from '@slack/web-api';
import type { Risk } from '../../domain/approval.ts';
import type { Plan } from '../../domain/plan.ts';
import { noteLines, planLines } from './plan-stages.ts';
import { code, context, count, fitLines, fitMiddle, header, type Message, plain, safe, section } from './text.ts';

export type PreviewData = {
  readonly title: string;
  readonly clusterName: string;
  readonly risk: Risk;
  readonly plan: Plan;
  readonly reason: string | null;
  /** People other than the asker who have to say yes. */
  readonly approvals: number;
  /** Steps that cannot be taken back, with the reason. */
  readonly irreversible: readonly string[];
  /** The stored draft that the buttons refer to; null = nothing will be started from here. */
  readonly draftId: string | null;
  /** The name has to be typed after Start. */
  readonly asksForName: boolean;
};

/** What would be done, before anything is. */
export function preview(data: PreviewData): Message {
  const { plan } = data;
  const notes = noteLines(plan.notes);
  const irreversible = data.irreversible.map((line) => `• cannot be undone: ${safe(line, 300)}`);
  const blocks: KnownBlock[] = [
    header(`${data.title}: ${data.clusterName}`),
    section(safe(plan.summary, 500) || '-'),
    ...(notes.length + irreversible.length === 0
      ? []
      : [section(`*Read this first*\n${fitLines([...irreversible, ...notes], 2500)}`)]),
    section(fitMiddle(planLines(plan.steps), 2900)),
    context(
      [
        `risk ${data.risk}`,
        `plan ${code(plan.hash.slice(0, 8))}`,
        approvalWords(data.approvals),
        ...(data.reason === null ? [] : [`reason: ${safe(data.reason, 300)}`]),
      ].join(' · '),
    ),
    ...(data.draftId === null
      ? []
      : [{ type: 'actions' as const, block_id: 'draft', elements: draftButtons(data, data.draftId) }]),
  ];
  const begin = data.draftId === null ? 'A preview only' : 'Nothing has been started yet';
  return {
    text: safe(
      `${begin}: ${data.title} on ${data.clusterName}, ${count(plan.steps.length, 'step')}, plan ${plan.hash}. ${plan.summary}`,
      600,
    ),
    blocks,
  };
}

function approvalWords(approvals: number): string {
  return approvals === 0 ? 'no approval needed' : `then waits for ${count(approvals, 'approval')}`;
}

function draftButtons(data: PreviewData, draftId: string): Button[] {
  return [
    {
      type: 'button',
      action_id: data.asksForName ? 'draft.confirm' : 'draft.start',
      style: data.risk === 'destructive' ? 'danger' : 'primary',
      text: { type: 'plain_text', text: data.asksForName ? 'Start…' : 'Start' },
      value: draftId,
      accessibility_label: plain(`Start: ${data.title} on ${data.clusterName}`, 75),
    },
    {
      type: 'button',
      action_id: 'draft.cancel',
      text: { type: 'plain_text', text: 'Cancel' },
      value: draftId,
      accessibility_label: plain(`Do not start: ${data.title} on ${data.clusterName}`, 75),
    },
  ];
}

/**
 * Asks for the cluster's name, typed, before something that is hard to undo. It must open within the life of a trigger,
 * so it knows the draft's id and nothing else; the preview above it names the cluster.
 */
export function confirmView(draftId: string): ModalView {
  return {
    type: 'modal',
    callback_id: 'draft.confirm',
    private_metadata: draftId,
    title: { type: 'plain_text', text: 'Are you sure?' },
    submit: { type: 'plain_text', text: 'Start' },
    close: { type: 'plain_text', text: 'Go back' },
    blocks: [
      section('This is hard to undo. The preview says what will be done.'),
      {
        type: 'input',
        block_id: 'name',
        label: { type: 'plain_text', text: 'Type the name of the cluster' },
        element: { type: 'plain_text_input', action_id: 'name', focus_on_load: true, max_length: 64 },
        hint: { type: 'plain_text', text: 'The one that stands above the plan.' },
      },
    ],
  };
}

/** Asks why somebody denies a run. `value` is what the button carried. */
export function denyView(value: string): ModalView {
  return {
    type: 'modal',
    callback_id: 'run.deny',
    private_metadata: value,
    title: { type: 'plain_text', text: 'Deny the run' },
    submit: { type: 'plain_text', text: 'Deny' },
    close: { type: 'plain_text', text: 'Go back' },
    blocks: [
      {
        type: 'input',
        block_id: 'reason',
        label: { type: 'plain_text', text: 'Why?' },
        element: {
          type: 'plain_text_input',
          action_id: 'reason',
          multiline: true,
          focus_on_load: true,
          min_length: 5,
          max_length: 500,
        },
        hint: { type: 'plain_text', text: 'The person who asked reads it on the card.' },
      },
    ],
  };
}
