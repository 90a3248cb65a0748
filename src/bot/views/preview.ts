import type { Button, KnownBlock } from '@slack/web-api';
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
  /** How many people other than the asker have to approve. */
  readonly approvals: number;
  /** Steps that cannot be taken back, with the reason. */
  readonly irreversible: readonly string[];
  /** The stored draft that the buttons refer to; null = nothing will be started from here. */
  readonly draftId: string | null;
  /** True when the cluster's name has to be typed after Start. */
  readonly asksForName: boolean;
};

/** Shows what would be done, before anything is done. */
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
