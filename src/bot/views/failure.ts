import type { KnownBlock } from '@slack/web-api';
import type { Failure } from '../../domain/run.ts';
import { safe, safeLines, section } from './text.ts';

const shownLogLines = 15;

/** Why a run failed, what to do, and the last lines of the node's log. */
export function failureSections(
  { code, message, hint, log = [] }: Failure,
  room: { readonly message: number; readonly log: number },
): KnownBlock[] {
  const advice = hint === null ? '' : `\n${safeLines(hint, 400)}`;
  const lines = logLines(log, room.log);
  return [
    section(`*What went wrong* (${code}): ${safeLines(message, room.message)}${advice}`),
    ...(lines.length === 0 ? [] : [section(`*The last lines of its log*\n\`\`\`\n${lines.join('\n')}\n\`\`\``)]),
  ];
}

/** As many of the newest lines as fit; nothing in them ends the code block around them. */
function logLines(log: readonly string[], max: number): string[] {
  const lines = log
    .map((line) => safe(line.replaceAll('`', "'"), 220))
    .filter((line) => line !== '')
    .slice(-shownLogLines);
  const from = lines.findIndex((_, index) => lines.slice(index).join('\n').length <= max);
  return from < 0 ? [] : lines.slice(from);
}
