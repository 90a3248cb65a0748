import type { AppError, UserError } from '../../errors.ts';
import type { ParseFailure } from '../commands/grammar.ts';
import { code, fitLines, type Message, safe, safeLines, section } from './text.ts';

/** A short answer of ours. `mrkdwn` is our own text; untrusted parts were escaped where they were inserted. */
export function notice(mrkdwn: string): Message {
  return { text: mrkdwn };
}

/** A command line that could not be read. */
export function parseNotice(failure: ParseFailure): Message {
  return { text: `${safe(failure.problem, 600)}. ${safe(failure.hint, 600)}` };
}

/** Why something was not done: the message, what to do, and the code. */
export function errorNotice(error: AppError): Message {
  const hint = error.hint === null ? '' : `\n${safeLines(error.hint, 600)}`;
  return { text: `*Not done*: ${safeLines(error.message, 1500)} (${error.code})${hint}` };
}

export function userErrorsNotice(errors: readonly UserError[], usage: string): Message {
  const lines = errors.map(
    (error) =>
      `• ${safe(error.message, 500)} (${error.code})${error.hint === null ? '' : ` ${safe(slackHint(error.hint, usage), 400)}`}`,
  );
  const text = `*Not done*\n${fitLines(lines, 2500)}`;
  return { text, blocks: [section(text)] };
}

/** Hints of the API mention queries; in Slack the usage of the command helps more. */
function slackHint(hint: string, usage: string): string {
  return hint.startsWith('Query `operations`') ? `It is typed /sr ${usage}.` : hint;
}

/** An error that we cannot explain; the log has it under this id. */
export function bugNotice(requestId: string): Message {
  return {
    text: `*Something went wrong on our side.* Nothing more is known here; the log has it under ${code(requestId)}.`,
  };
}

export function unlinkedNotice(): Message {
  return {
    text: 'Your Slack account is not linked with a person yet, so I cannot know what you may do. Type `/sr link` to link it.',
  };
}
