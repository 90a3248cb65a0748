import { code, isBlank, skipBlanks } from './page-characters.ts';

const mostDigits = 15; // every whole number of so many digits is exact
const longestNumber = 64;

/**
 * The number that is all there is between two places but for blanks and a timestamp; null = something else stands there.
 * `NaN` and the infinities are numbers.
 */
export function readValue(text: string, from: number, to: number): number | null {
  const start = skipBlanks(text, from, to);
  let end = start;
  while (end < to && !isBlank(text.charCodeAt(end))) end += 1;
  const next = skipBlanks(text, end, to);
  if (next < to && !isTimestamp(text, next, to)) return null;
  return readDigits(text, start, end) ?? readNumber(text.slice(start, Math.min(end, start + longestNumber + 1)));
}

/** Most values are plain whole numbers, which need no text of their own. */
function readDigits(text: string, from: number, to: number): number | null {
  if (to === from || to - from > mostDigits) return null;
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const character = text.charCodeAt(at);
    if (character < code.zero || character > code.nine) return null;
    value = value * 10 + (character - code.zero);
  }
  return value;
}

function readNumber(text: string): number | null {
  if (text.length > longestNumber) return null;
  if (text === 'NaN') return Number.NaN;
  const [, sign, isInfinite] = /^([+-]?)(Inf|Infinity)$/.exec(text) ?? [];
  if (isInfinite !== undefined) return sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const value = /^[-+.\deE]+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : null;
}

function isTimestamp(text: string, from: number, to: number): boolean {
  let end = from + (text.charCodeAt(from) === code.minus ? 1 : 0);
  const digits = end;
  while (end < to && text.charCodeAt(end) >= code.zero && text.charCodeAt(end) <= code.nine) end += 1;
  return end > digits && skipBlanks(text, end, to) === to;
}
