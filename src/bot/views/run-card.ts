import type { KnownBlock } from '@slack/web-api';
import type { JsonObject } from '../../domain/json.ts';
import { isTerminal, type RunAction, type StepState } from '../../domain/run.ts';
import { redactInput } from '../../operations/secret-fields.ts';
import type { Approval, Vote } from '../../store/approvals.ts';
import type { Run, RunStep } from '../../store/run-rows.ts';
import { checkLines, checkSentence } from './check-lines.ts';
import { runButtons } from './run-buttons.ts';
import {
  code,
  context,
  count,
  date,
  duration,
  fitLines,
  header,
  type Message,
  safe,
  safeLines,
  section,
  sentence,
} from './text.ts';

/** Everything the message about a run shows. */
export type RunCardData = {
  readonly run: Run;
  readonly steps: readonly RunStep[];
  /** The operation's title; its name when this version does not know it. */
  readonly title: string;
  readonly actions: readonly RunAction[];
  readonly approval: Approval | null;
  readonly votes: readonly Vote[];
  /** Who could approve now, for the card to name them. */
  readonly approvers: readonly string[];
  /** The number of the run that holds the cluster. */
  readonly blockedBy: number | null;
  /** When it has been silent for long: since when. */
  readonly silentSince: Date | null;
  /** A former copy of this message may stand in the channel. */
  readonly mayRepeat: boolean;
};

/** More steps than this, and the finished ones are folded into one line. */
const shownSteps = 12;

/** The one message about a run, as it is now. */
export function runCard(data: RunCardData): Message {
  const { run } = data;
  const buttons = runButtons(run, data.actions);
  const blocks: KnownBlock[] = [
    header(`${data.title}: ${run.clusterName}`),
    section(statusLine(data)),
    ...planSection(data),
    ...stepSection(data),
    ...failureSection(data),
    ...(run.postCheck === null ? [] : [section(checkLines(run.postCheck))]),
    ...approvalSection(data),
    context(footLine(data)),
    ...(buttons.length === 0 ? [] : [{ type: 'actions' as const, block_id: 'run', elements: buttons }]),
  ];
  return { text: runSentence(data), blocks };
}

/** What the message says in one sentence, for notifications and screen readers. */
export function runSentence({
  run,
  steps,
  title,
  approval,
  votes,
}: Pick<RunCardData, 'run' | 'steps' | 'title' | 'approval' | 'votes'>): string {
  const name = `R-${run.number} ${title} on ${run.clusterName}`;
  const said = sentenceOf(
    run,
    steps,
    approval === null ? null : `${yesOf(votes)} of ${approval.required} approvals, P-${approval.number}`,
  );
  return safe(`${run.state.replace('_', ' ')}: ${name}. ${said}`, 400);
}

/** The reply in the thread when a run has ended. */
export function endLine(
  { run, steps, title }: Pick<RunCardData, 'run' | 'steps' | 'title'>,
  who: { requester: string | null },
): string {
  const took =
    run.startedAt === null || run.finishedAt === null
      ? ''
      : ` after ${duration(run.finishedAt.getTime() - run.startedAt.getTime())}`;
  const outcome = `*${run.state}*${took}: R-${run.number} ${safe(title, 80)} on ${safe(run.clusterName, 60)}.`;
  const why =
    run.failure === null
      ? checkSentence(run.postCheck)
      : `${sentence(safe(run.failure.message, 600))}${run.failure.hint === null ? '' : ` ${sentence(safe(run.failure.hint, 300))}`}`;
  const next = run.state === 'FAILED' ? ` See \`/sr run R-${run.number}\`.` : '';
  const failedAt = steps.find((step) => step.state === 'failed');
  const where =
    failedAt === undefined ? '' : ` Stopped at step ${failedAt.position + 1}, ${safe(failedAt.title, 200)}.`;
  const call = run.state === 'FAILED' && who.requester !== null ? `${who.requester} ` : '';
  return `${call}${outcome}${where} ${why}${next}`.trim();
}

function statusLine({ run, steps, blockedBy, silentSince }: RunCardData): string {
  const doing = steps.filter((step) => step.phase === 'do');
  const finished = doing.filter((step) => step.state === 'done' || step.state === 'already').length;
  const parts = [`*${run.state.replace('_', ' ')}*`, `${finished} of ${count(doing.length, 'step')} done`];
  if (run.pauseRequested && !isTerminal(run.state) && run.state !== 'PAUSED') parts.push('will pause after this step');
  if (run.startedAt !== null) parts.push(`started ${date(run.startedAt)}`);
  if (run.finishedAt !== null) parts.push(`ended ${date(run.finishedAt)}`);
  parts.push(`by ${safe(run.requestedByName, 60)}`);
  if (blockedBy !== null && run.state === 'QUEUED') parts.push(`waits for R-${blockedBy}, which holds the cluster`);
  if (silentSince !== null) parts.push(`no news since ${date(silentSince)}`);
  return parts.join(' · ');
}

function planSection({ run }: RunCardData): KnownBlock[] {
  const notes = run.plan.notes.map((note) => `• ${safe(note, 250)}`);
  const reason = run.reason === null || run.reason === '' ? [] : [`Reason: ${safe(run.reason, 500)}`];
  return [section(fitLines([safe(run.plan.summary, 500) || '-', ...reason, ...notes], 2000))];
}

function stepSection({ run, steps }: RunCardData): KnownBlock[] {
  const shown =
    steps.length === 0 ? run.plan.steps.map((step) => `○ waiting: ${safe(step.title, 150)}`) : stepLines(steps);
  return shown.length === 0 ? [] : [section(fitLines(shown, 2500))];
}

function stepLines(steps: readonly RunStep[]): string[] {
  const isFinished = (step: RunStep) => step.state === 'done' || step.state === 'already' || step.state === 'skipped';
  if (steps.length <= shownSteps) return steps.map(stepLine);
  const finished = steps.filter(isFinished);
  const open = steps.filter((step) => !isFinished(step));
  const folded =
    finished.length === 0
      ? []
      : [`✔ done: ${count(finished.length, 'step')}, last ${safe(finished.at(-1)?.title ?? '', 150)}`];
  const left = open.length - shownSteps;
  return [
    ...folded,
    ...open.slice(0, shownSteps).map(stepLine),
    ...(left > 0 ? [`○ waiting: ${count(left, 'more step')}`] : []),
  ];
}

function stepLine(step: RunStep): string {
  const phase = { do: '', undo: 'undo: ', recover: 'take back: ', restore: 'put back: ' }[step.phase];
  const sign = signOf(step.state);
  const news =
    step.state === 'applying' || (step.state === 'pending' && step.progress !== null) ? progressOf(step) : '';
  return `${sign}: ${phase}${safe(step.title, 150)}${news}`;
}

function signOf(state: StepState): string {
  switch (state) {
    case 'pending':
      return '○ waiting';
    case 'applying':
      return '▶ running';
    case 'done':
      return '✔ done';
    case 'already':
      return '✔ was so already';
    case 'failed':
      return '✖ failed';
    case 'skipped':
      return '– skipped';
    default:
      return state satisfies never;
  }
}

function progressOf({ progress }: RunStep): string {
  if (progress === null) return '';
  const figures = progress.total === null ? '' : `${progress.completed} of ${progress.total}, `;
  return ` (${figures}${safe(progress.message, 200)})`;
}

function failureSection({ run }: RunCardData): KnownBlock[] {
  if (run.failure === null) return [];
  const hint = run.failure.hint === null ? '' : `\n${safeLines(run.failure.hint, 400)}`;
  return [section(`*What went wrong* (${run.failure.code}): ${safeLines(run.failure.message, 1200)}${hint}`)];
}

function approvalSection({ run, approval, votes, approvers }: RunCardData): KnownBlock[] {
  if (approval === null) return [];
  const given = votes.map(
    (vote) =>
      `• ${safe(vote.personName, 60)} ${vote.vote === 'APPROVE' ? 'approved' : 'denied'}${vote.comment === null ? '' : `: ${safe(vote.comment, 200)}`}`,
  );
  const open = run.state === 'AWAITING_APPROVAL';
  const lines = [
    `*P-${approval.number}*: ${yesOf(votes)} of ${count(approval.required, 'approval')}${open ? `, expires ${date(approval.expiresAt)}` : `, ${approval.state.toLowerCase()}`} · plan ${code(approval.planHash.slice(0, 8))}`,
    `Arguments: ${argumentsOf(run.input)}`,
    ...(open
      ? [
          `May approve: ${approvers.length === 0 ? 'nobody yet' : approvers.map((name) => safe(name, 40)).join(', ')}; not ${safe(run.requestedByName, 60)}, who asked`,
        ]
      : []),
    ...given,
  ];
  return [section(fitLines(lines, 2800))];
}

/** The arguments as they are signed by an approval, secrets hidden. */
export function argumentsOf(input: JsonObject): string {
  const parts = Object.entries(redactInput(input)).map(
    ([name, value]) =>
      `${safe(name, 40)}=${code(typeof value === 'string' ? value : JSON.stringify(value ?? null), 200)}`,
  );
  return fitLines(parts, 1500).replaceAll('\n', ', ') || '-';
}

function footLine({ run, mayRepeat }: RunCardData): string {
  const parts = [`R-${run.number}`, `plan ${code(run.plan.hash.slice(0, 8))}`, `asked ${date(run.createdAt, 'day')}`];
  if (run.retryOf !== null) parts.push('a retry');
  if (mayRepeat) parts.push('(may appear twice)');
  return parts.join(' · ');
}

function sentenceOf(run: Run, steps: readonly RunStep[], approvals: string | null): string {
  if (run.state === 'AWAITING_APPROVAL')
    return `Waits for ${approvals ?? 'approval'}, asked for by ${run.requestedByName}`;
  if (run.failure !== null) return `${run.failure.message}`;
  if (run.state === 'SUCCEEDED') return `${count(steps.length, 'step')} done. ${checkSentence(run.postCheck)}`;
  const current = steps.find((step) => step.state === 'applying' || step.state === 'pending');
  if (isTerminal(run.state) || current === undefined) return `Asked for by ${run.requestedByName}`;
  return `Step ${current.position + 1} of ${steps.length}, ${current.title}`;
}

function yesOf(votes: readonly Vote[]): number {
  return votes.filter((vote) => vote.vote === 'APPROVE').length;
}
