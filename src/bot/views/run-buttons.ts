import type { Button } from '@slack/web-api';
import type { Run, RunAction } from '../../domain/run.ts';
import { plain } from './text.ts';

type Look = {
  readonly id: string;
  readonly label: string;
  readonly style?: 'primary' | 'danger';
  readonly confirm?: string;
};

/** In the order of the buttons on the card: what helps comes first, what destroys comes last. */
export const looks: Readonly<Record<RunAction, Look>> = {
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

/** Buttons for what may be asked of the run now. A button carries the run and the plan that was seen, nothing else. */
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

/** A block may not have an action id twice. Further lanes can only be left out with the command. */
export const withoutActions = ['run.without', 'run.without.2', 'run.without.3'] as const;

/**
 * For a run that failed at nodes which it could do without: one button for each of these nodes, if its name fits into a
 * button.
 */
export function withoutButtons(run: Run, names: readonly string[]): Button[] {
  const lanes = names.filter((name) => readWithoutValue(withoutValue(run, name)) !== null);
  return withoutActions.flatMap((id, index) => {
    const lane = lanes[index];
    return lane === undefined ? [] : [withoutButton(run, { id, lane })];
  });
}

/** The consequence of going on without a lane, shown before a person confirms it. */
export function withoutEffect(run: Pick<Run, 'number'>, lane: string): string {
  return `R-${run.number} goes on with the others. ${lane} stays as it is now, and the cluster runs several versions until it has followed.`;
}

function withoutButton(run: Run, { id, lane }: { id: string; lane: string }): Button {
  const effect = withoutEffect(run, lane);
  return {
    type: 'button',
    action_id: id,
    text: { type: 'plain_text', text: plain(`Go on without ${lane}`, 75) },
    value: withoutValue(run, lane),
    accessibility_label: plain(`Retry run R-${run.number} without ${lane}`, 75),
    confirm: {
      title: { type: 'plain_text', text: plain(`Go on without ${lane}?`, 100) },
      text: { type: 'plain_text', text: plain(effect, 300) },
      confirm: { type: 'plain_text', text: 'Go on' },
      deny: { type: 'plain_text', text: 'Go back' },
    },
  };
}

function withoutValue(run: Pick<Run, 'id' | 'plan'>, lane: string): string {
  return `${runValue(run)} ${lane}`;
}

/** Reads the value of such a button; null for anything else. */
export function readWithoutValue(value: string | null): { runId: string; planHash: string; lane: string } | null {
  const [, carried = '', lane = ''] = /^(\S+ \S+) (\S.{0,199})$/.exec(value ?? '') ?? [];
  const run = readRunValue(carried);
  return run === null ? null : { ...run, lane };
}

export function runValue(run: Pick<Run, 'id' | 'plan'>): string {
  return `${run.id} ${run.plan.hash}`;
}

/** Reads the value of one of our run buttons; null for anything else. */
export function readRunValue(value: string | null): { runId: string; planHash: string } | null {
  const match = /^(run_[0-9A-Z]{26}) ([0-9a-f]{64})$/.exec(value ?? '');
  return match?.[1] === undefined || match[2] === undefined ? null : { runId: match[1], planHash: match[2] };
}
