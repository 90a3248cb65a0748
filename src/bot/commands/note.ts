import { dashes, isFlagLike, nextToken, type Token, unescapeEntities } from '../slack/tokens.ts';
import { type Flag, findFlag } from './flags.ts';

/** A word of a note that was meant as something else, and which word of the line it is. */
export type NoteProblem = { readonly token: Token; readonly position: number; readonly flag: Flag | null };

export type NoteResult = { readonly note: string } | { readonly problem: NoteProblem };

/** A flag after a bracket, an asterisk or a backtick is a flag too. */
const hiddenFlag = new RegExp(
  `[^\\p{L}\\p{N}${dashes}-](?:-{2,}|-*[${dashes}][-${dashes}]*)(\\p{L}[\\p{L}\\p{N}-]*)`,
  'u',
);
/** `words--flag` is text, unless there is a flag of that name. */
const gluedFlag = /--([A-Za-z][A-Za-z0-9-]*)/g;
const pair = /(?:^|[^A-Za-z0-9_-])(-*[A-Za-z][A-Za-z0-9_-]*)=/;

/**
 * Reads the note that takes the rest of the line. Nothing in it may look like a flag or like `key=value`, whether it is
 * known or misspelt: whoever types `--dry-run` after a note means the flag. Text in quotes, and everything after a bare
 * `--`, is plain text.
 */
export function readNote(
  line: string,
  from: number,
  { flags, position: before }: { flags: readonly Flag[]; position: number },
): NoteResult {
  const rest = line.slice(from).trim();
  let position = before;
  for (let at = from; ; ) {
    const token = nextToken(line, at);
    if (token === null) break;
    // A quote that is never closed, as in 'tis, is plain text: the words after it are checked all the same.
    const start = line.length - line.slice(at).trimStart().length;
    if ('problem' in token ? /["']/.test(line[start] ?? '') : !isClosed(token, line)) {
      at = start + 1;
      continue;
    }
    position += 1;
    if ('problem' in token) return { problem: { token: brokenPair(line, start), position, flag: null } };
    at = token.to;
    if (token.isLiteral) {
      if (token.to === line.length && line.slice(from, token.from).trim() === '') return { note: token.text.trim() };
      continue;
    }
    if (token.text === '--' && token.value === null)
      return { note: unescapeEntities(line.slice(from, token.from).trim() === '' ? line.slice(at) : rest).trim() };
    const found = flagIn(token, line.slice(token.from, token.to), flags);
    if (found !== null) return { problem: { ...found, position } };
  }
  return { note: unescapeEntities(rest) };
}

/** What in this word was meant as a flag or a key; null = it is text. */
function flagIn(token: Token, typed: string, flags: readonly Flag[]): { token: Token; flag: Flag | null } | null {
  const meant = (text: string) => ({ token, flag: findFlag(flags, text) ?? null });
  if (isFlagLike(token) || token.value !== null) return meant(token.text);
  const hidden = hiddenFlagIn(typed, flags);
  if (hidden !== null) return { token: { ...token, text: hidden }, flag: findFlag(flags, hidden) ?? null };
  const key = pair.exec(typed)?.[1];
  return key === undefined || typed.includes('://') ? null : meant(key);
}

/** A flag after other characters of a word: `(--dry-run)`, `R-9--dry-run`. */
export function hiddenFlagIn(typed: string, flags: readonly Flag[]): string | null {
  const hidden = hiddenFlag.exec(typed)?.[1];
  if (hidden !== undefined) return `--${hidden}`;
  const glued = [...typed.matchAll(gluedFlag)].find(([, name = '']) => findFlag(flags, name) !== undefined)?.[1];
  return glued === undefined ? null : `--${glued}`;
}

/** True when the closing quote ends the word; `'a'b` is not quoted text. */
function isClosed({ isLiteral, to }: Token, line: string): boolean {
  return !isLiteral || line[to] === undefined || /[\s.,;:!?)\]]/.test(line[to]);
}

/** A token for `key="text` whose closing quote is missing. */
function brokenPair(line: string, from: number): Token {
  const text = /^[^=]*/.exec(line.slice(from))?.[0] ?? '';
  return { text, isLiteral: false, value: '', from, to: from + text.length };
}
