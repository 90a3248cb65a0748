import type { Alert, AlertEvent, AlertEventType } from '../../domain/alert.ts';
import { idsIn } from '../../domain/opaque-id.ts';
import { isReceiptKept, isSettled, receiptInWords, receiptNow } from '../../domain/receipt.ts';
import { isTerminal, type Run } from '../../domain/run.ts';
import { allowedActions, lanesToLeaveOut } from '../../runs/run-actions.ts';
import { eventsOfAlerts, findVisibleAlert } from '../../store/reads/alerts.ts';
import { type Approver, listApprovers } from '../../store/reads/approvers.ts';
import { listDecisions } from '../../store/reads/decisions.ts';
import { readNames } from '../../store/reads/names.ts';
import { readReceipt } from '../../store/reads/receipts.ts';
import { approvalsOfRuns, readLastEventAt, stepsOfRuns, votesOfApprovals } from '../../store/reads/run-parts.ts';
import { findVisibleRun } from '../../store/reads/runs.ts';
import type { Visibility } from '../../store/reads/visibility.ts';
import { readGroup } from '../../store/slack/alert-groups.ts';
import { readDigest } from '../../store/slack/digests.ts';
import { findSlackUserOfPerson } from '../../store/slack/slack.ts';
import type { Card } from '../../store/slack/slack-cards.ts';
import { receiptKey } from '../../store/slack/slack-cards.ts';
import type { NewLine } from '../../store/slack/slack-lines.ts';
import type { Bot } from '../bot.ts';
import { alertCard } from '../views/alert-card.ts';
import { decisionLine, voteLine } from '../views/decisions.ts';
import { digestMessage } from '../views/digest.ts';
import { groupCard } from '../views/group-card.ts';
import { type RunCardData, runCard } from '../views/run-card.ts';
import { holdOf } from '../views/run-now.ts';
import { endLine } from '../views/run-sentences.ts';
import { date, type Message, mention, safe, sentence } from '../views/text.ts';
import { alertPictures } from './alert-pictures.ts';
import { readShownWith } from './alert-shown.ts';
import {
  callInLines,
  callsInGroup,
  escalationAhead,
  otherChannels,
  readPlaceContent,
  saidInReply,
} from './escalation-content.ts';
import { readGapContent } from './gap-content.ts';
import { readSilenceContent } from './silence-content.ts';
import { readTokenContent } from './token-content.ts';

/** What a card should show now. */
export type CardContent = {
  readonly message: Message;
  readonly revision: number;
  /** Replies that its thread should have. */
  readonly lines: readonly NewLine[];
  /** Other places for the card when its channel cannot be reached, best first: channels, or people. */
  readonly otherPlaces: readonly string[];
  /** Alerts that joined the message up to here are on it; 0 = it is about one thing alone; null = nobody counts as told by it. */
  readonly joinRevision: number | null;
  /** After how long it is compared with its subject again although nothing was heard; left out = not at all. */
  readonly checkInMs?: number;
};

/** A card, or only the subject that one would have. */
export type Subject = Pick<Card, 'kind' | 'subjectId'> &
  Partial<Pick<Card, 'createdAt' | 'plannedFor' | 'shownRevision'>>;

/** A run without events for so long is shown as silent, instead of a progress bar that does not move. */
const silentMs = 2 * 60_000;

/** At most so many people who may approve are read. */
const mostApprovers = 50;

/**
 * For whom the content is read: everybody in a channel sees the whole card. `isAsked`: somebody asks now, and nothing is
 * brought up to date later or said in a thread.
 */
type Reading = { readonly visibility: Visibility; readonly mayRepeat: boolean; readonly isAsked?: boolean };

/** Reads the subject of a card and builds its message; null when the subject is gone, or may not be seen. */
export function readContent(bot: Bot, card: Subject, options: Reading): Promise<CardContent | null> {
  switch (card.kind) {
    case 'RUN':
      return readRunContent(bot, card, options);
    case 'ALERT':
      return readAlertContent(bot, card, options);
    case 'GROUP':
    case 'STORM':
      return readGroupContent(bot, card, options);
    case 'DIGEST':
      return readDigestMessage(bot, card, options);
    case 'ESCALATION':
      return readPlaceContent(bot, card, options);
    case 'TOKEN':
      return readTokenContent(bot, card, options);
    case 'SILENCE':
      return readSilenceContent(bot, card, options);
    case 'GAP':
      return readGapContent(bot, card, options);
    default:
      return card.kind satisfies never;
  }
}

async function readRunContent(
  bot: Bot,
  card: Subject,
  { visibility, mayRepeat, isAsked = false }: Reading,
): Promise<CardContent | null> {
  const run = await findVisibleRun(bot.db, { visibility, id: card.subjectId });
  if (run === null) return null;
  const steps = await stepsOfRuns(bot.db, [run.id]);
  const operation = bot.operations.get(run.operation);
  const [approval = null] = await approvalsOfRuns(bot.db, [run.id]);
  const lastEventAt = run.state === 'RUNNING' ? await readLastEventAt(bot.db, run.id) : null;
  const holder = run.blockedBy === null ? null : await findVisibleRun(bot.db, { visibility, id: run.blockedBy });
  const data: RunCardData = {
    run,
    steps,
    title: operation?.title ?? run.operation,
    actions:
      operation === undefined
        ? []
        : allowedActions(run, operation, steps, {
            approval,
            now: bot.now(),
            approvalEnvironments: bot.engine.approvalEnvironments,
          }),
    withoutLanes: lanesToLeaveOut(run, operation, steps, {
      approval,
      now: bot.now(),
      approvalEnvironments: bot.engine.approvalEnvironments,
    }),
    approval,
    votes: approval === null ? [] : await votesOfApprovals(bot.db, [approval.id]),
    approvers: run.state === 'AWAITING_APPROVAL' ? await readApprovers(bot, run) : [],
    decisions: await listDecisions(bot.db, run.id),
    names: await readNames(bot.db, { visibility, ids: idsIn(run.input) }),
    blockedBy: holder?.number ?? null,
    silentSince: lastEventAt !== null && bot.now().getTime() - lastEventAt.getTime() > silentMs ? lastEventAt : null,
    receipt: isAsked ? await receiptWords(bot, run, visibility) : null,
    mayRepeat,
  };
  const account = await findSlackUserOfPerson(bot.db, { team: bot.self.team, personId: run.requestedById });
  const requester = account ?? configuredAccount(bot, run.requestedByName);
  const places = [bot.settings.runChannel, run.via === 'SLACK' ? requester : null];
  return {
    message: runCard(data),
    revision: run.revision,
    lines: [
      ...runLines(data, { requester, approvalEnvironments: bot.engine.approvalEnvironments }),
      ...(isAsked ? [] : await receiptLines(bot, run)),
    ],
    otherPlaces: places.filter((place) => place !== null),
    joinRevision: 0,
  };
}

/** Some time after its end a run says what became of what it hid; what is open now calls the channel. */
async function receiptLines(bot: Bot, run: Run): Promise<readonly NewLine[]> {
  if (!isSettled(run, bot.now())) return [];
  const receipt = await readReceipt(bot.db, { runId: run.id, visibility: 'everywhere' });
  if (receipt === null) return [];
  return [{ key: receiptKey, text: `*ALERTS* ${receiptInWords(receipt)}`, broadcast: receipt.open.length > 0 }];
}

/** What the run hid, as far as it can be said now; null = nothing, or too long ago. */
async function receiptWords(bot: Bot, run: Run, visibility: Visibility): Promise<string | null> {
  if (!isReceiptKept(run, bot.now())) return null;
  const receipt = await readReceipt(bot.db, { runId: run.id, visibility });
  return receipt === null ? null : receiptNow(receipt, run, bot.now());
}

async function readApprovers(bot: Bot, run: Run): Promise<readonly Approver[]> {
  const approvers = await listApprovers(bot.db, {
    clusterId: run.clusterId,
    environment: run.environment,
    exceptPersonId: run.requestedById,
    team: bot.self.team,
    limit: mostApprovers,
  });
  return approvers.map((each) => ({ ...each, slackUser: each.slackUser ?? configuredAccount(bot, each.name) }));
}

/**
 * A link in the configuration is stored when its account first asks for something; the account can be mentioned before
 * that.
 */
function configuredAccount({ settings }: Bot, name: string): string | null {
  return settings.links.find(({ owner }) => owner === name)?.user ?? null;
}

function runLines(
  data: RunCardData,
  { requester, approvalEnvironments }: { requester: string | null; approvalEnvironments: readonly string[] },
): NewLine[] {
  const { run } = data;
  const call = requester === null ? null : mention(requester);
  const lines: NewLine[] = data.votes.map((vote) => ({
    key: `vote:${vote.personId}`,
    text: voteLine(vote),
    broadcast: false,
  }));
  lines.push(
    ...data.decisions.map((decision) => ({
      key: `decision:${decision.id}`,
      text: decisionLine(decision),
      broadcast: false,
    })),
  );
  if (run.state === 'INTERRUPTED') {
    const why = run.failure === null ? '' : ` ${safe(run.failure.message, 600)} ${safe(run.failure.hint ?? '', 300)}`;
    lines.push({
      key: `interrupted:${run.fence}`,
      text: `${call === null ? '' : `${call} `}*INTERRUPTED*: a person must decide.${why}`,
      broadcast: true,
    });
  }
  const hold = holdOf(run, data.steps);
  if (hold !== null) {
    lines.push({
      key: `hold:${hold.position}:${run.fence}`,
      text: `${call === null ? '' : `${call} `}*PAUSED*: ${sentence(safe(hold.message, 600))} \`/sr resume R-${run.number}\` lets it go on.`,
      broadcast: true,
    });
  }
  if (isTerminal(run.state)) {
    const at = run.finishedAt?.getTime() ?? 0;
    const isLoud = run.state === 'FAILED' || approvalEnvironments.includes(run.environment);
    lines.push({ key: `end:${at}`, text: endLine(data, { requester: call }), broadcast: isLoud });
  }
  return lines;
}

/** One line per change that a person may want to read later; repeats are only counted on the card. */
const toldEvents: readonly AlertEventType[] = [
  ...(['REOPENED', 'RESOLVED', 'STALE', 'DATA_BACK', 'ACKED', 'UNACKED', 'ACK_RUNS_OUT', 'ACK_EXPIRED'] as const),
  ...(['SEVERITY_ROSE', 'MUTED', 'UNMUTED', 'FLAPPING', 'RESOLVED_BY_HAND', 'STILL_FIRING'] as const),
  ...(['ASSIGNED', 'NOTED', 'CALLED', 'ESCALATED', 'ESCALATION_EXHAUSTED', 'NOT_DELIVERED'] as const),
];
/**
 * What is told although it happened before there was a message: who was called, and what people did. The message itself shows the
 * rest of what came before it.
 */
const calling: readonly AlertEventType[] = [
  ...(['CALLED', 'ESCALATED', 'ESCALATION_EXHAUSTED', 'NOT_DELIVERED', 'ASSIGNED', 'NOTED', 'ACKED'] as const),
  // How long it was hidden, of one that was hidden from its first moment on: its message shows only that it fires.
  'UNMUTED',
];
/** What the whole channel is told again, not the thread alone. */
const loudEvents: readonly AlertEventType[] = ['SEVERITY_ROSE', 'UNMUTED'];

/** Whether an event has a reply below a message that was made then, and whether the channel sees it; the message itself was seen just now. Pure. */
export function replyOf(
  event: Pick<AlertEvent, 'type' | 'at'>,
  madeAt: Date | undefined,
): 'NONE' | 'THREAD' | 'CHANNEL' {
  if (!toldEvents.includes(event.type)) return 'NONE';
  const isBefore = madeAt !== undefined && event.at < madeAt;
  if (isBefore) return calling.includes(event.type) ? 'THREAD' : 'NONE';
  return loudEvents.includes(event.type) ? 'CHANNEL' : 'THREAD';
}

async function readAlertContent(
  bot: Bot,
  card: Subject,
  { visibility, mayRepeat }: Reading,
): Promise<CardContent | null> {
  const alert = await findVisibleAlert(bot.db, { visibility, id: card.subjectId });
  if (alert === null) return null;
  const events = await eventsOfAlerts(bot.db, { alertIds: [alert.id], limit: 500 });
  const lines: { key: string; text: string; broadcast: boolean }[] = events
    .filter((event) => replyOf(event, card.createdAt) !== 'NONE')
    .map((event) => ({
      key: `event:${event.id}`,
      text: `*${event.type.replaceAll('_', ' ')}* ${date(event.at)}: ${saidInReply(event)}`,
      broadcast: replyOf(event, card.createdAt) === 'CHANNEL',
    }));
  await callAssignee(bot, { alert, events, lines });
  await callInLines(bot, { alert, events, lines });
  const pictures = await alertPictures(bot, { alert, events, since: card.createdAt ?? null });
  return {
    message: alertCard({
      ...{ alert, mayRepeat, ...(await readShownWith(bot, alert, visibility)) },
      escalates: await escalationAhead(bot, alert),
    }),
    revision: alert.revision,
    lines: [...lines, ...pictures],
    otherPlaces: [...new Set([...(await otherChannels(bot, alert)), ...alertPlaces(bot)])],
    joinRevision: 0,
  };
}

/** Who has the alert is told so: the line that gave it to them mentions them, if they have an account here. */
async function callAssignee(
  bot: Bot,
  { alert, events, lines }: { alert: Alert; events: readonly AlertEvent[]; lines: { key: string; text: string }[] },
): Promise<void> {
  const given = events.findLast(({ type }) => type === 'ASSIGNED');
  const line = lines.find(({ key }) => key === `event:${given?.id}`);
  if (alert.assignee === null || line === undefined) return;
  const account = await findSlackUserOfPerson(bot.db, { team: bot.self.team, personId: alert.assignee.id });
  const user = account ?? configuredAccount(bot, alert.assignee.name);
  if (user !== null) line.text = `${mention(user)} ${line.text}`;
}

/** How often the message of a group is compared with its alerts: while some may join, and after that. */
const groupCheckMs = { open: 10_000, closed: 60_000, over: 86_400_000 } as const;

async function readGroupContent(bot: Bot, card: Subject, { mayRepeat }: Reading): Promise<CardContent | null> {
  const group = await readGroup(bot.db, card.subjectId);
  if (group === null) return null;
  return {
    message: groupCard(group, { mayRepeat }),
    ...{ revision: group.revision, joinRevision: group.joinRevision, otherPlaces: alertPlaces(bot) },
    lines: await callsInGroup(bot, group.id),
    checkInMs: groupCheckMs[group.closedAt === null ? 'open' : group.isHistory ? 'over' : 'closed'],
  };
}

async function readDigestMessage(bot: Bot, card: Subject, { mayRepeat }: Reading): Promise<CardContent | null> {
  const digest = await readDigest(bot.db, card.subjectId);
  if (digest === null) return null;
  const message = digestMessage(digest, { mayRepeat });
  return { message, revision: 1, lines: [], otherPlaces: alertPlaces(bot), joinRevision: null };
}

/** Where messages about alerts go when their channel cannot be reached. */
function alertPlaces({ settings }: Bot): readonly string[] {
  return settings.fallbackChannel === null ? [] : [settings.fallbackChannel];
}
