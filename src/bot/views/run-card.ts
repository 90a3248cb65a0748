import type { KnownBlock } from '@slack/web-api';
import type { JsonObject } from '../../domain/json.ts';
import { isTerminal, type RunAction } from '../../domain/run.ts';
import { redactInput } from '../../operations/secret-fields.ts';
import type { Approval, Vote } from '../../store/approvals.ts';
import type { Run } from '../../store/run-rows.ts';
import { checkLines } from './check-lines.ts';
import { failureSections } from './failure.ts';
import { noteLines, planLines } from './plan-stages.ts';
import { runButtons, withoutButtons } from './run-buttons.ts';
import { holdOf, nodesDone, takingBack } from './run-now.ts';
import { type RunWords, runSentence, stepsDone, yesOf } from './run-sentences.ts';
import { hasLanes, stageLines } from './run-stages.ts';
import { stepLines } from './step-lines.ts';
import {
  code,
  context,
  count,
  date,
  fitLines,
  fitMiddle,
  header,
  type Message,
  safe,
  section,
  textLength,
} from './text.ts';

/** Everything the message about a run shows. */
export type RunCardData = RunWords & {
  readonly actions: readonly RunAction[];
  /** Lanes that a retry may leave out. */
  readonly withoutLanes: readonly string[];
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

/** How long the parts of a card may be, in characters. */
type Room = Record<'plan' | 'steps' | 'message' | 'log' | 'checks' | 'approval' | 'notes', number>;

/** Slack refuses about 10,000 characters in all, which a card with everything at its longest would have. */
const wide: Room = { plan: 2000, steps: 2800, message: 1200, log: 1800, checks: 2500, approval: 2800, notes: 900 };
const narrow: Room = { plan: 1100, steps: 2000, message: 700, log: 800, checks: 1000, approval: 1900, notes: 400 };
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
    ...pauseSection(data),
    ...stepSection(data, room),
    ...(failure === null ? [] : failureSections(failure, room)),
    ...(run.postCheck === null ? [] : [section(checkLines(run.postCheck, room.checks))]),
    ...approvalSection(data, room),
    ...noteSection(data, room),
    context(footLine(data)),
    ...(buttons.length === 0 ? [] : [{ type: 'actions' as const, block_id: 'run', elements: buttons }]),
  ];
}

function statusLine({ run, steps, blockedBy, silentSince }: RunCardData): string {
  const nodes = nodesDone(steps);
  const back = takingBack(steps);
  const parts = [`*${run.state.replace('_', ' ')}*`, ...(nodes === null ? [] : [nodes])];
  parts.push(stepsDone(steps));
  if (back !== null && !isTerminal(run.state)) parts.push(`*${safe(back, 200)}*`);
  if (run.pauseRequested && !isTerminal(run.state) && run.state !== 'PAUSED') parts.push('will pause after this step');
  if (run.startedAt !== null) parts.push(`started ${date(run.startedAt)}`);
  if (run.finishedAt !== null && isTerminal(run.state)) parts.push(`ended ${date(run.finishedAt)}`);
  parts.push(`by ${safe(run.requestedByName, 60)}`);
  if (blockedBy !== null && run.state === 'QUEUED') parts.push(`waits for R-${blockedBy}, which holds the cluster`);
  if (silentSince !== null) parts.push(`no news since ${date(silentSince)}`);
  return parts.join(' · ');
}

/** What a person should know before saying yes stands on top until the run has begun. */
function planSection({ run }: RunCardData, room: Room): KnownBlock[] {
  const reason = run.reason === null || run.reason === '' ? [] : [`Reason: ${safe(run.reason, 500)}`];
  return [
    section(
      fitLines([safe(run.plan.summary, 500) || '-', ...reason, ...(hasBegun(run) ? [] : notesOf(run))], room.plan),
    ),
  ];
}

/** Afterwards it stands in small print below. */
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

function pauseSection({ run, steps }: RunCardData): KnownBlock[] {
  if (run.state !== 'PAUSED') return [];
  const hold = holdOf(run, steps);
  if (hold !== null) return [section(`*Paused, so that a person looks*: ${safe(hold, 500)}`)];
  const after = run.progress === null ? '' : ` The last it did: ${safe(run.progress.message, 300)}.`;
  return [section(`*Paused by a person*, until it is resumed.${after}`)];
}

/** The plan until it begins, then how far it has come. */
function stepSection({ run, steps }: RunCardData, room: Room): KnownBlock[] {
  const isPlan = steps.length === 0 || (hasLanes(steps) && !hasBegun(run));
  const lines = isPlan
    ? planLines(run.plan.steps)
    : hasLanes(steps)
      ? stageLines(run, steps)
      : stepLines(steps, { isOver: isTerminal(run.state) || run.outcome !== null });
  return [section(fitMiddle(lines, room.steps))];
}

function approvalSection({ run, approval, votes, approvers }: RunCardData, room: Room): KnownBlock[] {
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
  return [section(fitLines(lines, room.approval))];
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
