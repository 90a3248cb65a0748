import type { Actor } from '../../domain/access.ts';
import type { Run } from '../../domain/run.ts';
import { AppError } from '../../errors.ts';
import { foresee, foreseeUndo, type Outlook } from '../../runs/way-back.ts';
import type { Ask, Bot } from '../bot.ts';
import { type AskedVerb, askedVerbs, outlookMessage } from '../views/asked.ts';
import type { Message } from '../views/text.ts';
import type { Flag, ParsedCommand } from './grammar.ts';

/** Flags of the verbs that are asked back before they are done. */
export const askingFlags: readonly Flag[] = [
  { name: 'dry-run', takesValue: false, isList: false },
  { name: 'confirm', takesValue: true, isList: false },
];

export function isAskedAgain(verb: string): verb is AskedVerb {
  return askedVerbs.some((asked) => asked === verb);
}

/**
 * The message to show instead of doing what was typed: after `--dry-run`, and where the button on the card would ask too
 * and the run affects service. Null = do it. `--confirm` with the cluster's name confirms it beforehand.
 */
export async function askAgain(
  bot: Bot,
  asked: {
    ask: Ask;
    actor: Actor;
    run: Run;
    verb: AskedVerb;
    without: string | null;
    comment: string | null;
    command: ParsedCommand;
  },
): Promise<Message | null> {
  const { run, command } = asked;
  const isDry = command.flags.has('dry-run');
  const confirm = command.flags.get('confirm')?.[0] ?? null;
  if (!isDry && confirm !== null && confirm !== run.clusterName)
    throw new AppError('CONFIRMATION_MISMATCH', `R-${run.number} is a run of ${run.clusterName}, not of ${confirm}`, {
      hint: `Type --confirm ${run.clusterName}, or leave it out to be asked.`,
    });
  if (!isDry && (confirm !== null || !asksFirst(bot, asked))) return null;
  const title = bot.operations.get(run.operation)?.title ?? run.operation;
  return outlookMessage(await outlookOf(bot, asked), asked, { title, isDry });
}

function asksFirst(bot: Bot, { run, verb, without }: { run: Run; verb: AskedVerb; without: string | null }): boolean {
  const risk = bot.operations.get(run.operation)?.risk;
  if (risk === 'read' || risk === 'low') return false;
  switch (verb) {
    case 'undo':
      return true;
    case 'cancel':
      return run.startedAt !== null;
    case 'retry':
      return without !== null;
    default:
      return verb satisfies never;
  }
}

function outlookOf(
  bot: Bot,
  { ask, actor, run, verb, without }: { ask: Ask; actor: Actor; run: Run; verb: AskedVerb; without: string | null },
): Promise<Outlook> {
  const request = { runId: run.id, actor, requestId: ask.id };
  if (verb === 'undo') return foreseeUndo(bot.engine, request);
  return foresee(bot.engine, request, { action: verb === 'cancel' ? 'CANCEL' : 'RETRY', without });
}
