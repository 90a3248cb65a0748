import type { KnownBlock } from '@slack/web-api';
import type { Approval, Vote } from '../../domain/approval.ts';
import type { JsonObject } from '../../domain/json.ts';
import { isTerminal, type Run, type RunAction } from '../../domain/run.ts';
import { membersInWords } from '../../domain/words.ts';
import { redactInput } from '../../operations/input/secret-fields.ts';
import type { Approver } from '../../store/reads/approvers.ts';
import { checkLines } from './check-lines.ts';
import { whoDecided } from './decisions.ts';
import { failureSections } from './failure.ts';
import { longNews } from './long-news.ts';
import { noteLines, planLines } from './plan-stages.ts';
import { runButtons, withoutButtons } from './run-buttons.ts';
import { absencesDone, holdOf, takingBack } from './run-now.ts';
import { approvalsGiven, type RunWords, runSentence, stepsDone, stepsToDo } from './run-sentences.ts';
import { hasLanes, stageLines } from './run-stages.ts';
import { stepLines } from './step-lines.ts';
import {
  code,
  context,
  date,
  fitLines,
  fitMiddle,
  header,
  type Message,
  mention,
  safe,
  section,
  sentence,
  textLength,
} from './text.ts';

/** Everything the message about a run shows. */
export type RunCardData = RunWords & {
  readonly actions: readonly RunAction[];
  /** Lanes that a retry may leave out. */
  readonly withoutLanes: readonly string[];
  readonly approval: Approval | null;
  /** People who could approve now, so that the card can mention them. */
  readonly approvers: readonly Approver[];
  /** The names of the things that the input names by id. */
  readonly names: ReadonlyMap<string, string>;
  /** The number of the run that holds what this one needs of the cluster. */
  readonly blockedBy: number | null;
  /** Since when the run has been silent; null unless that is long. */
  readonly silentSince: Date | null;
  /** What it hid among alerts and how that stands; null = nothing, or the thread of the message says it. */
  readonly receipt: string | null;
  /** True when an earlier copy of this message may be in the channel too. */
  readonly mayRepeat: boolean;
};

/** How long the parts of a card may be, in characters. */
type Room = Record<'plan' | 'steps' | 'news' | 'message' | 'log' | 'checks' | 'approval' | 'notes', number>;

/** Slack refuses about 10,000 characters in all, which a card with all parts at their longest would have. */
const wide: Room = {
  plan: 2000,
  steps: 2800,
  news: 2800,
  message: 1200,
  log: 1800,
  checks: 2500,
  approval: 2800,
  notes: 900,
};
const narrow: Room = {
  plan: 1100,
  steps: 2000,
  news: 900,
  message: 700,
  log: 800,
  checks: 1000,
  approval: 1900,
  notes: 400,
};
const mostText = 9_000;

/** The one message about a run, as it is now. */
export function runCard(data: RunCardData): Message {
  const spacious = cardBlocks(data, wide);
  const blocks = textLength(spacious) <= mostText ? spacious : cardBlocks(data, narrow);
  return { text: runSentence(data), blocks };
}

function cardBlocks(data: RunCardData, room: Room): KnownBlock[] {
  const { run } = data;
  const buttons = [...runButtons(run, data.actions), ...withoutButtons(run, data.withoutLanes)];
  const failure = run.failure ?? run.outcome?.failure ?? null;
  return [
    header(`${data.title}: ${run.clusterName}`),
    section(statusLine(data)),
    ...planSection(data, room),
    ...decisionSection(data),
    ...stepSection(data, room),
    ...newsSection(data, room),
    ...(failure === null ? [] : failureSections(failure, room)),
    ...(run.postCheck === null ? [] : [section(checkLines(run.postCheck, room.checks))]),
    ...(data.receipt === null ? [] : [section(`*ALERTS* ${safe(data.receipt, 600)}`)]),
    ...approvalSection(data, room),
    ...noteSection(data, room),
    context(footLine(data)),
    ...(buttons.length === 0 ? [] : [{ type: 'actions' as const, block_id: 'run', elements: buttons }]),
  ];
}

function statusLine({ run, steps, blockedBy, silentSince }: RunCardData): string {
  const away = absencesDone(steps);
  const back = takingBack(steps);
  const parts = [`*${run.state.replace('_', ' ')}*`, ...(away === null ? [] : [away])];
  parts.push(hasBegun(run) ? stepsDone(steps) : isTerminal(run.state) ? 'nothing was begun' : stepsToDo(steps));
  if (back !== null && !isTerminal(run.state)) parts.push(`*${safe(back, 200)}*`);
  if (run.pauseRequested && !isTerminal(run.state) && run.state !== 'PAUSED') parts.push('will pause after this step');
  if (run.startedAt !== null) parts.push(`started ${date(run.startedAt)}`);
  if (run.finishedAt !== null && isTerminal(run.state)) parts.push(`ended ${date(run.finishedAt)}`);
  parts.push(`by ${safe(run.requestedByName, 60)}`);
  if (blockedBy !== null && run.state === 'QUEUED') parts.push(`waits until R-${blockedBy} has ended`);
  if (silentSince !== null) parts.push(`no news since ${date(silentSince)}`);
  return parts.join(' · ');
}

/** Notes that a person should read before approving are at the top until the run has begun. */
function planSection({ run }: RunCardData, room: Room): KnownBlock[] {
  const reason = run.reason === null || run.reason === '' ? [] : [`Reason: ${safe(run.reason, 500)}`];
  return [
    section(
      fitLines([safe(run.plan.summary, 500) || '-', ...reason, ...(hasBegun(run) ? [] : notesOf(run))], room.plan),
    ),
  ];
}

/** After that the notes are in small print below. */
function noteSection({ run }: RunCardData, room: Room): KnownBlock[] {
  const notes = notesOf(run);
  return notes.length === 0 || !hasBegun(run) ? [] : [context(fitLines(notes, room.notes))];
}

function notesOf(run: Run): string[] {
  return noteLines(run.plan.notes);
}

function hasBegun({ startedAt }: Run): boolean {
  return startedAt !== null;
}

/** Who brought the run to its state, and why. */
function decisionSection(data: RunCardData): KnownBlock[] {
  const { run, steps } = data;
  const hold = holdOf(run, steps);
  if (hold !== null) return [section(`*Paused, so that a person looks*: ${safe(hold.message, 500)}`)];
  const who = whoDecided(run.state, data);
  if (run.state !== 'PAUSED') return who === null ? [] : [section(sentence(safe(who, 500)))];
  const after = run.progress === null ? '' : ` The last it did: ${safe(run.progress.message, 300)}.`;
  return [
    section(
      `${who === null ? '*Paused by a person*, until it is resumed' : `*Paused*, until it is resumed. ${safe(who, 500)}`}.${after}`,
    ),
  ];
}

/** The plan until the run begins, then its progress. */
function stepSection({ run, steps }: RunCardData, room: Room): KnownBlock[] {
  const isPlan = steps.length === 0 || (hasLanes(steps) && !hasBegun(run));
  const lines = isPlan
    ? planLines(steps)
    : hasLanes(steps)
      ? stageLines(run, steps)
      : stepLines(steps, { isOver: isTerminal(run.state) || run.outcome !== null });
  return [section(fitMiddle(lines, room.steps))];
}

/** What does not fit into the lines of the progress. */
function newsSection({ run, steps }: RunCardData, room: Room): KnownBlock[] {
  if (isTerminal(run.state) || run.outcome !== null) return [];
  const news = longNews(steps, { runNumber: run.number, max: room.news });
  return news.length === 0 ? [] : [section(news.join('\n'))];
}

function approvalSection({ run, approval, votes, approvers, names }: RunCardData, room: Room): KnownBlock[] {
  if (approval === null) return [];
  const given = votes.map(
    (vote) =>
      `• ${safe(vote.personName, 60)} ${vote.vote === 'APPROVE' ? 'approved' : 'denied'}${vote.comment === null ? '' : `: ${safe(vote.comment, 200)}`}`,
  );
  const open = run.state === 'AWAITING_APPROVAL';
  const until = open ? `, expires ${date(approval.expiresAt)}` : `, ${approvalWords[approval.state]}`;
  const lines = [
    `*P-${approval.number}*: ${approvalsGiven(approval, votes)}${until} · plan ${code(approval.planHash.slice(0, 8))}`,
    `Arguments: ${argumentsOf(run.input, names)}`,
    ...(open
      ? [`May approve: ${whoMayApprove(approvers, votes)}; not ${safe(run.requestedByName, 60)}, who asked`]
      : []),
    ...given,
  ];
  return [section(fitLines(lines, room.approval))];
}

const approvalWords = {
  PENDING: 'not decided',
  APPROVED: 'approved',
  DENIED: 'denied',
  EXPIRED: 'not given in time',
  CANCELED: 'the run was cancelled before',
} as const satisfies Record<Approval['state'], string>;

/** People who have voted are not mentioned; if many are left, only the first few are. */
function whoMayApprove(approvers: readonly Approver[], votes: readonly Vote[]): string {
  const left = approvers.filter(({ personId }) => !votes.some((vote) => vote.personId === personId));
  if (left.length === 0) return '*nobody*, until an ADMIN gives somebody the role APPROVER here';
  const called = left.flatMap(({ slackUser }) => slackUser ?? []).slice(0, mostCalled);
  const others = left.filter(({ slackUser }) => slackUser === null || !called.includes(slackUser));
  const shown = [...called.map(mention), ...others.map(({ name }) => safe(name, 40))].slice(0, mostNamed);
  return `${shown.join(', ')}${left.length > shown.length ? ` and ${left.length - shown.length} more` : ''}`;
}

const mostCalled = 5;
const mostNamed = 10;

/** The arguments that an approval is for, with secrets hidden and names in place of ids. */
function argumentsOf(input: JsonObject, names: ReadonlyMap<string, string>): string {
  const parts = membersInWords(redactInput(input), (id) => names.get(id) ?? null).map(
    ({ name, words }) => `${safe(name, 40)}=${code(words, 300)}`,
  );
  return fitLines(parts, 1500).replaceAll('\n', ', ') || '-';
}

function footLine({ run, mayRepeat }: RunCardData): string {
  const parts = [`R-${run.number}`, `plan ${code(run.plan.hash.slice(0, 8))}`, `asked ${date(run.createdAt, 'day')}`];
  if (run.retryOf !== null) parts.push('a retry');
  if (mayRepeat) parts.push('(may appear twice)');
  return parts.join(' · ');
}
