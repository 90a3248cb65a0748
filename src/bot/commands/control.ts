import { type Actor, canSomewhere, type Permission } from '../../domain/access.ts';
import { alertName } from '../../domain/alert.ts';
import { nodeLabel } from '../../domain/node-identity.ts';
import type { Run } from '../../domain/run.ts';
import { AppError } from '../../errors.ts';
import {
  approveRun,
  type ControlRequest,
  cancelRun,
  pauseRun,
  rejectRun,
  resumeRun,
  retryRun,
  undoRun,
} from '../../runs/control.ts';
import type { Engine } from '../../runs/engine.ts';
import { acknowledgeAlert, unacknowledgeAlert } from '../../store/alerts/alert-handling.ts';
import { nodesOfClusters } from '../../store/reads/clusters.ts';
import { approvalsOfRuns, votesOfApprovals } from '../../store/reads/run-parts.ts';
import { ensureCard } from '../../store/slack/slack-cards.ts';
import type { Ask, Bot, BotCommand } from '../bot.ts';
import { findAlertByWord, findRunByWord, nodeByWord } from '../resolve.ts';
import { notice } from '../views/notices.ts';
import { type Message, safe } from '../views/text.ts';
import { askAgain, askingFlags, isAskedAgain } from './ask-again.ts';
import type { Flag, ParsedCommand, Positional } from './grammar.ts';

/** What can be asked of a run, by verb. */
const runVerbs = ['cancel', 'pause', 'resume', 'retry', 'undo', 'approve', 'deny'] as const;
export type RunVerb = (typeof runVerbs)[number];

type Decision = ControlRequest & { planHash?: string | null; withoutLane?: string | null };

const decisions: Record<
  RunVerb,
  {
    decide: (deps: Engine, request: Decision) => Promise<Run>;
    permission: Permission;
    summary: string;
    said: string;
    note: 'optional' | 'needed';
    flags?: readonly Flag[];
    example?: string;
  }
> = {
  cancel: {
    decide: cancelRun,
    permission: 'run:control',
    summary: 'Stop a run.',
    said: 'You asked to cancel',
    note: 'optional',
  },
  pause: {
    decide: pauseRun,
    permission: 'run:control',
    summary: 'Let the step that is under way end, then wait.',
    said: 'You asked to pause',
    note: 'optional',
  },
  resume: {
    decide: resumeRun,
    permission: 'run:control',
    summary: 'Go on with a paused run.',
    said: 'You resumed',
    note: 'optional',
  },
  retry: {
    decide: retryRun,
    permission: 'run:control',
    summary: 'Go on from the step that failed, or without the node at which it failed.',
    said: 'You retried',
    note: 'optional',
    flags: [{ name: 'without', takesValue: true, isList: false, isNode: true }],
    example: 'retry R-12 --without "be 10.0.0.11:9050" its disk is broken',
  },
  undo: {
    decide: undoRun,
    permission: 'run:control',
    summary: 'Take back what a run did, step by step.',
    said: 'You asked to undo',
    note: 'optional',
  },
  approve: {
    decide: approveRun,
    permission: 'run:approve',
    summary: 'Say yes to a run that waits for approval.',
    said: 'You approved',
    note: 'optional',
  },
  deny: {
    decide: rejectRun,
    permission: 'run:approve',
    summary: 'Say no to a run that waits for approval, and why.',
    said: 'You denied',
    note: 'needed',
  },
};

/**
 * Decides about a run as the actor, with the actor's rights, and answers with the result. `planHash` = the plan that the
 * actor saw.
 */
export async function decideRun(
  bot: Bot,
  verb: RunVerb,
  request: {
    ask: Ask;
    actor: Actor;
    runId: string;
    comment: string | null;
    planHash: string | null;
    /** The lane that a retry leaves out. */
    without?: string | null;
  },
): Promise<Message> {
  const { decide, said } = decisions[verb];
  const { ask, actor, runId, comment, planHash, without = null } = request;
  const run = await decide(bot.engine, { runId, actor, comment, planHash, withoutLane: without, requestId: ask.id });
  // A retry that was planned afresh is another run, and its card belongs where it was asked for.
  if (run.id !== runId && ask.channel !== null)
    await ensureCard(bot.db, { kind: 'RUN', subjectId: run.id, channel: ask.channel });
  bot.wakeCards();
  const how = without === null ? '' : ` without ${safe(without, 100)}`;
  return notice(
    `${said} R-${run.number}${how}${await votesOf(bot, verb, run)}. It is *${run.state.replace('_', ' ')}* now.`,
  );
}

async function votesOf(bot: Bot, verb: RunVerb, run: Run): Promise<string> {
  if (verb !== 'approve') return '';
  const [approval] = await approvalsOfRuns(bot.db, [run.id]);
  if (approval === undefined) return '';
  const yes = (await votesOfApprovals(bot.db, [approval.id])).filter((vote) => vote.vote === 'APPROVE').length;
  return ` (${yes} of ${approval.required})`;
}

function runCommand(verb: RunVerb): BotCommand {
  const { permission, summary, note, example } = decisions[verb];
  const flags = [...(decisions[verb].flags ?? []), ...(isAskedAgain(verb) ? askingFlags : [])];
  const isVote = permission === 'run:approve';
  const positional: Positional[] = [
    { name: isVote ? 'approval' : 'run', kind: 'word', isOptional: false },
    { name: note === 'needed' ? 'why' : 'note', kind: 'rest', isOptional: note === 'optional' },
  ];
  return {
    spec: { verb, positional, flags },
    summary,
    examples: [
      isVote ? `${verb} P-5${note === 'needed' ? ' not during the campaign' : ''}` : `${verb} R-12`,
      ...(example === undefined ? [] : [example]),
    ],
    waiting: null,
    isAllowed: (actor) => canSomewhere(actor, permission),
    access: 'linked',
    async run(bot, { ask, actor, command }) {
      const word = command.words.get(isVote ? 'approval' : 'run')?.[0] ?? '';
      const comment = noteOf(command);
      const run = await findRunByWord(bot.db, actor, word);
      const without = await laneByWord(bot, run, command.flags.get('without')?.[0] ?? null);
      const first = isAskedAgain(verb)
        ? await askAgain(bot, { ask, actor, run, verb, without, comment, command })
        : null;
      return first ?? decideRun(bot, verb, { ask, actor, runId: run.id, comment, planHash: null, without });
    },
  };
}

const maxNoteLength = 500;

/** The note as it was typed; a note that is too long is refused and not cut. */
function noteOf({ words }: ParsedCommand): string | null {
  const note = words.get('note')?.[0] ?? words.get('why')?.[0] ?? null;
  if (note === null || note.length <= maxNoteLength) return note;
  throw new AppError('INVALID_INPUT', `The note has ${note.length} characters; ${maxNoteLength} are kept at most`, {
    hint: 'Shorten it.',
  });
}

/**
 * Lanes are named like their nodes, and people name nodes in several ways; a word that names no node is taken as it was
 * typed.
 */
async function laneByWord(bot: Bot, run: Run, word: string | null): Promise<string | null> {
  if (word === null) return null;
  const found = nodeByWord(await nodesOfClusters(bot.db, [run.clusterId]), word);
  return 'node' in found ? nodeLabel(found.node) : word;
}

export const runCommands: readonly BotCommand[] = runVerbs.map(runCommand);

/** Acknowledges an alert, or takes an acknowledgement back. */
export async function handleAlert(
  bot: Bot,
  verb: 'ack' | 'unack',
  request: { ask: Ask; actor: Actor; alertId: string; comment: string | null },
): Promise<Message> {
  const { ask, actor, alertId, comment } = request;
  const decide = verb === 'ack' ? acknowledgeAlert : unacknowledgeAlert;
  const alert = await decide(bot.db, { alertId, actor, comment, requestId: ask.id, changed: bot.engine.changed });
  bot.wakeCards();
  const { handling } = alert;
  if (handling.kind === 'UNACKED')
    return notice(`Nobody takes care of ${alertName(alert)} now: ${safe(alert.title, 150)}.`);
  return notice(
    `${handling.byId === actor.id ? 'You take' : `${safe(handling.byName, 60)} takes`} care of ${alertName(alert)}: ${safe(alert.title, 150)}. \`/sr unack ${alertName(alert)}\` takes that back.`,
  );
}

function alertCommand(verb: 'ack' | 'unack', summary: string): BotCommand {
  return {
    spec: {
      verb,
      positional: [
        { name: 'alert', kind: 'word', isOptional: false },
        { name: 'note', kind: 'rest', isOptional: true },
      ],
      flags: [],
    },
    summary,
    examples: [`${verb} A-7`],
    waiting: null,
    isAllowed: (actor) => canSomewhere(actor, 'alert:handle'),
    access: 'linked',
    async run(bot, { ask, actor, command }) {
      const alert = await findAlertByWord(bot.db, actor, command.words.get('alert')?.[0] ?? '');
      return handleAlert(bot, verb, {
        ask,
        actor,
        alertId: alert.id,
        comment: noteOf(command),
      });
    },
  };
}

export const alertCommands: readonly BotCommand[] = [
  alertCommand('ack', 'Say that you take care of an alert.'),
  alertCommand('unack', 'Take an acknowledgement back.'),
];
