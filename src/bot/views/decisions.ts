import type { Vote } from '../../domain/approval.ts';
import type { RunState } from '../../domain/run.ts';
import type { Decision } from '../../store/reads/decisions.ts';
import { date, safe } from './text.ts';

const asked = {
  cancelRun: 'asked to cancel it',
  pauseRun: 'asked to pause it',
  resumeRun: 'resumed it',
  retryRun: 'retried it',
  undoRun: 'asked to undo it',
} as const satisfies Record<Decision['action'], string>;

/** The reply in the thread: who decided what about a run, when and why. */
export function decisionLine({ action, by, at, comment }: Decision): string {
  return `${safe(by, 60)} ${asked[action]} ${date(at)}${safe(whyOf(comment), 500)}`;
}

/** The reply in the thread for a vote. */
export function voteLine({ personName, vote, at, comment }: Vote): string {
  return `${safe(personName, 60)} ${said[vote]} it ${date(at)}${safe(whyOf(comment), 500)}`;
}

const said = { APPROVE: 'approved', DENY: 'denied' } as const;

/** `kim asked to cancel it: wrong cluster`: whose decision brought the run to its state; null where no decision did. */
export function whoDecided(
  state: RunState,
  { decisions, votes }: { readonly decisions: readonly Decision[]; readonly votes: readonly Vote[] },
): string | null {
  if (state === 'EXPIRED') return 'Nobody approved in time';
  const denied = votes.findLast(({ vote }) => vote === 'DENY');
  if (state === 'REJECTED')
    return denied === undefined ? null : `${denied.personName} denied it${whyOf(denied.comment)}`;
  const decision = decisions.findLast(({ action }) => action === behind[state]);
  // A run also pauses by itself, even if a person paused it earlier.
  if (decision === undefined || (state === 'PAUSED' && decision !== decisions.at(-1))) return null;
  return `${decision.by} ${asked[decision.action]}${whyOf(decision.comment)}`;
}

/** Which decision leads to a state. */
const behind: Readonly<Partial<Record<RunState, Decision['action']>>> = {
  CANCELING: 'cancelRun',
  CANCELED: 'cancelRun',
  UNDOING: 'undoRun',
  UNDONE: 'undoRun',
  PAUSED: 'pauseRun',
};

function whyOf(comment: string | null): string {
  return comment === null || comment === '' ? '' : `: ${comment}`;
}
