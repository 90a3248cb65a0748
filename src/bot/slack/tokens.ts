/** One word of a command line. */
export type Token = {
  readonly text: string;
  /** True for text in quotes, or written by Slack itself (`<@U…>`): never a flag. */
  readonly isLiteral: boolean;
  /** The value that was given to a flag or key with `=`. */
  readonly value: string | null;
  /** Where the token begins and where the rest of the line begins. */
  readonly from: number;
  readonly to: number;
};

export type TokenError = { readonly problem: string };

export const maxLineLength = 1000;

/** Dashes and minus signs that are not hyphens: a phone may put them in place of `--`. */
export const dashes = '\\u2010-\\u2015\\u2212\\u2E3A\\u2E3B\\uFE58\\uFE63\\uFF0D';
const ownDashes = new RegExp(`^-*[${dashes}][-${dashes}]*(?=[^\\s-])`);

/**
 * True for a word that is a flag, a value without its key, or was meant as one: plain text may look like this only in
 * quotes. `-5` is a number.
 */
export function isFlagLike({ text, isLiteral }: Token): boolean {
  return !isLiteral && /^(--|-[^\d\s.,-]|=[^=])/.test(text);
}

const curly: readonly (readonly [RegExp, string])[] = [
  [/[\u201C\u201D\u201E\u201F\u2033]/g, '"'],
  [/[\u2018\u2019\u201A\u201B\u2032]/g, "'"],
  // blanks that keyboards and editors insert by themselves: no-break and other wide blanks
  [/[\s\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]/g, ' '],
  // invisible characters: zero-width, soft hyphens, marks of direction
  [/[\u00AD\u061C\u200B-\u200F\u202A-\u202E\u2060-\u2064\u2066-\u2069\uFEFF]/g, ''],
  [/\p{Cc}/gu, ''],
];

/** The line as it would have been typed on a plain keyboard. Applying it twice changes nothing more. */
export function normalizeLine(line: string): string {
  return curly
    .reduce((text, [pattern, plain]) => text.replace(pattern, plain), line.normalize('NFC'))
    .normalize('NFC')
    .trim();
}

/** Reads the token at or after `at`; null at the end of the line. */
export function nextToken(line: string, at: number): Token | TokenError | null {
  let from = at;
  while (line[from] === ' ') from += 1;
  if (from >= line.length) return null;
  const first = line[from];
  if (first === '"' || first === "'") return quotedToken(line, from);
  if (first === '<') return slackToken(line, from) ?? bareToken(line, from);
  return bareToken(line, from);
}

/** Decodes `&`, `<` and `>`, which Slack encodes in what people type; only once. */
export function unescapeEntities(text: string): string {
  return text.replace(/&(amp|lt|gt);/g, (_whole, name: string) => ({ amp: '&', lt: '<', gt: '>' })[name] ?? '');
}

function quotedToken(line: string, from: number): Token | TokenError {
  const read = readQuoted(line, from);
  if (read === null) return { problem: `The quote ${line[from]} is not closed` };
  return { text: unescapeEntities(read.text), isLiteral: true, value: null, from, to: read.to };
}

function readQuoted(line: string, from: number): { text: string; to: number } | null {
  const quote = line[from];
  let text = '';
  for (let index = from + 1; index < line.length; index += 1) {
    const character = line[index];
    if (character === quote) return { text, to: index + 1 };
    if (character === '\\' && (line[index + 1] === quote || line[index + 1] === '\\')) index += 1;
    text += line[index];
  }
  return null;
}

/** `<@U1|kim>`, `<#C1|ops>`, `<https://…|label>`: written by Slack; the label may hold blanks. */
function slackToken(line: string, from: number): Token | null {
  const match = /^<([@#!][^<>]*|(?:https?:|mailto:)[^<>]*)>/.exec(line.slice(from));
  if (match === null) return null;
  const inner = match[1] ?? '';
  const [target = '', label = ''] = inner.split('|', 2);
  // If Slack took a host name for a link, the text as it was typed counts.
  const text = /^(https?:|mailto:)/.test(target) ? label || target : match[0];
  return { text: unescapeEntities(text), isLiteral: true, value: null, from, to: from + match[0].length };
}

function bareToken(line: string, from: number): Token | TokenError {
  // Phones and editors turn the `--` of `--flag` into other dashes.
  const dashed = line.slice(from).replace(ownDashes, '--');
  const shift = line.length - from - dashed.length;
  const equals = /^(?:--)?[A-Za-z][A-Za-z0-9_-]*=(?=["'])/.exec(dashed);
  if (equals !== null) {
    const read = readQuoted(dashed, equals[0].length);
    if (read === null) return { problem: `The quote after ${equals[0]} is not closed` };
    return {
      text: equals[0].slice(0, -1),
      isLiteral: false,
      value: unescapeEntities(read.text),
      from,
      to: from + shift + read.to,
    };
  }
  const word = /^[^ ]+/.exec(dashed)?.[0] ?? '';
  const to = from + shift + word.length;
  const pair = /^((?:--)?[A-Za-z][A-Za-z0-9_-]*)=(.*)$/.exec(word);
  if (pair !== null) return { text: pair[1] ?? '', isLiteral: false, value: unescapeEntities(pair[2] ?? ''), from, to };
  return { text: unescapeEntities(word), isLiteral: false, value: null, from, to };
}
