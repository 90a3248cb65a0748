import type { Button } from '@slack/web-api';
import type { RunAction } from '../../domain/run.ts';
import type { Run } from '../../store/run-rows.ts';

type Look = {
  readonly id: string;
  readonly label: string;
  readonly style?: 'primary' | 'danger';
  readonly confirm?: string;
};

/** Order on the card: what helps first, what destroys last. */
const looks: Record<RunAction, Look> = {
  APPROVE: { id: 'run.approve', label: 'Approve', style: 'primary', confirm: 'You approve exactly this plan.' },
  RESUME: { id: 'run.resume', label: 'Resume', style: 'primary' },
  RETRY: { id: 'run.retry', label: 'Retry', style: 'primary' },
  PAUSE: { id: 'run.pause', label: 'Pause' },
  REJECT: { id: 'run.deny', label: 'Deny', style: 'danger' },
  UNDO: {
    id: 'run.undo',
    label: 'Undo',
    style: 'danger',
    confirm: 'Everything that this run did is taken back, step by step.',
  },
  CANCEL: {
    id: 'run.cancel',
    label: 'Cancel',
    style: 'danger',
    confirm: 'The run stops after the step that is under way, or stops that step.',
  },
};

/** What may be asked of the run now. A button carries the run and the plan that was seen, nothing else. */
export function runButtons(run: Run, actions: readonly RunAction[]): Button[] {
  const wanted = Object.entries(looks).filter(([action]) => actions.some((allowed) => allowed === action));
  return wanted.map(([, look]) => ({
    type: 'button',
    action_id: look.id,
    text: { type: 'plain_text', text: look.label },
    value: runValue(run),
    accessibility_label: `${look.label} run R-${run.number}`,
    ...(look.style === undefined ? {} : { style: look.style }),
    ...(look.confirm === undefined
      ? {}
      : {
          confirm: {
            title: { type: 'plain_text', text: `${look.label} R-${run.number}?` },
            text: { type: 'plain_text', text: look.confirm },
            confirm: { type: 'plain_text', text: look.label },
            deny: { type: 'plain_text', text: 'Go back' },
          },
        }),
  }));
}

export function runValue(run: Pick<Run, 'id' | 'plan'>): string {
  return `${run.id} ${run.plan.hash}`;
}

/** Reads what a button of ours carries; null for anything else. */
export function readRunValue(value: string | null): { runId: string; planHash: string } | null {
  const match = /^(run_[0-9A-Z]{26}) ([0-9a-f]{64})$/.exec(value ?? '');
  return match?.[1] === undefined || match[2] === undefined ? null : { runId: match[1], planHash: match[2] };
}
