import type { Approval, Vote } from '../../domain/approval.ts';
import { isTerminal, type Run, type RunStep } from '../../domain/run.ts';
import { countProgress } from '../../domain/run-stages.ts';
import type { Decision } from '../../store/reads/decisions.ts';
import { checkSentence, leftSentence } from './check-lines.ts';
import { whoDecided } from './decisions.ts';
import { holdOf, lanesPutBack, nowSentence } from './run-now.ts';
import { hasLanes } from './run-stages.ts';
import { count, duration, safe, sentence } from './text.ts';

/** The data that sentences about a run are made of. */
export type RunWords = {
  readonly run: Run;
  readonly steps: readonly RunStep[];
  /** The operation's title; its name when this version does not know it. */
  readonly title: string;
  readonly votes: readonly Vote[];
  /** The decisions of people about the run, oldest first. */
  readonly decisions: readonly Decision[];
};

/** The message in one sentence, for notifications and screen readers. */
export function runSentence(data: RunWords & { readonly approval: Approval | null }): string {
  const { run, title } = data;
  return safe(
    `${run.state.replace('_', ' ')}: R-${run.number} ${title} on ${run.clusterName}. ${sentenceOf(data)}`,
    400,
  );
}

/** The reply in the thread when a run has ended. */
export function endLine(data: RunWords, who: { requester: string | null }): string {
  const { run, steps, title } = data;
  const took =
    run.startedAt === null || run.finishedAt === null
      ? ''
      : ` after ${duration(run.finishedAt.getTime() - run.startedAt.getTime())}`;
  const outcome = `*${run.state}*${took}: R-${run.number} ${safe(title, 80)} on ${safe(run.clusterName, 60)}.`;
  const decided = whoDecided(run.state, data);
  const why =
    run.failure === null
      ? `${decided === null ? '' : sentence(safe(decided, 500))} ${checkSentence(run.postCheck)}`.trim()
      : `${sentence(safe(run.failure.message, 600))}${run.failure.hint === null ? '' : ` ${sentence(safe(run.failure.hint, 300))}`}`;
  const next = run.state === 'FAILED' ? ` See \`/sr run R-${run.number}\`.` : '';
  const where = run.state === 'FAILED' ? stoppedAt(run, steps) : '';
  const back = lanesPutBack(steps).map((each) => ` ${safe(each, 200)}.`);
  const left =
    run.failure === null || run.failure.code === 'POSTCHECK_FAILED'
      ? ''
      : ` ${leftSentence(run.postCheck, run.failure.message)}`;
  const call = run.state === 'FAILED' && who.requester !== null ? `${who.requester} ` : '';
  return `${call}${outcome}${where} ${why}${back.join('')}${left.trimEnd()}${next}`.trim();
}

/** The step that failed; its title only if the reason does not contain it anyway. */
function stoppedAt(run: Run, steps: readonly RunStep[]): string {
  const failed = steps.find((step) => step.state === 'failed');
  if (failed === undefined) return '';
  const title = run.failure?.message.includes(failed.title) === true ? '' : `, ${safe(failed.title, 200)}`;
  // Steps of a way back are numbered by themselves, in the order in which they are done.
  const sameWay = steps.filter((step) => step.phase === failed.phase);
  return ` Stopped at step ${sameWay.indexOf(failed) + 1}${title}.`;
}

function sentenceOf(data: RunWords & { readonly approval: Approval | null }): string {
  const { run, steps, approval, votes } = data;
  if (run.state === 'AWAITING_APPROVAL') {
    const left = approval === null ? 1 : Math.max(1, approval.required - yesOf(votes));
    const given = approval === null || yesOf(votes) === 0 ? '' : ` (${approvalsGiven(approval, votes)})`;
    const more = given === '' ? 'approval' : 'more approval';
    const which = approval === null ? '' : `, P-${approval.number}`;
    return `Waits for ${count(left, more)}${given}${which}, asked for by ${run.requestedByName}`;
  }
  if (run.failure !== null) return `${run.failure.message}`;
  if (run.state === 'SUCCEEDED') {
    const { completed, total } = countProgress(steps);
    return `${completed === total ? `${count(total, 'step')} done` : stepsDone(steps)}. ${checkSentence(run.postCheck)}`;
  }
  const decided = whoDecided(run.state, data);
  if (run.state === 'PAUSED') return holdOf(run, steps)?.message ?? decided ?? 'Paused by a person';
  if (decided !== null && run.state !== 'UNDOING') return decided;
  const now = isTerminal(run.state) || !hasLanes(steps) ? null : nowSentence(steps);
  if (now !== null) return now;
  const current = steps.find((step) => step.state === 'applying' || step.state === 'pending');
  if (isTerminal(run.state) || current === undefined) return `Asked for by ${run.requestedByName}`;
  const sameWay = steps.filter((step) => step.phase === current.phase);
  return `Step ${sameWay.indexOf(current) + 1} of ${sameWay.length}, ${current.title}`;
}

/** `5 of 71 steps done`, the same number wherever it is shown. */
export function stepsDone(steps: readonly RunStep[]): string {
  const { completed, total, phase } = countProgress(steps);
  const back = phase === 'undo' ? ' back' : '';
  return `${completed} of ${count(total, 'step')}${back} done`;
}

/** `3 steps`, for a run that has not begun. */
export function stepsToDo(steps: readonly RunStep[]): string {
  return count(countProgress(steps).total, 'step');
}

/** `1 of 2 approvals given`; `2 approvals needed` while none is given. */
export function approvalsGiven({ required }: Pick<Approval, 'required'>, votes: readonly Vote[]): string {
  const yes = yesOf(votes);
  return yes === 0 ? `${count(required, 'approval')} needed` : `${yes} of ${count(required, 'approval')} given`;
}

function yesOf(votes: readonly Vote[]): number {
  return votes.filter((vote) => vote.vote === 'APPROVE').length;
}
