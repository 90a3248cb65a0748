import { code, skipBlanks, skipName } from './page-characters.ts';

/** The labels of one series. */
export type LabelSet = {
  readonly labels: Readonly<Record<string, string>>;
  /** The same text for the same labels in any order. */
  readonly key: string;
};

export const noLabels: LabelSet = { labels: Object.freeze({}), key: '' };

const mostKept = 20_000;
const longestKept = 256;
/**
 * The same labels come again with every page, and from every node. Who keeps samples therefore keeps one object for them
 * all, and they are read once.
 */
const kept = new Map<string, LabelSet>();

/** A part of a page: `text` has one character for each of `bytes`. */
export type Piece = { readonly text: string; readonly bytes: Buffer };

/**
 * What stands between two braces. StarRocks escapes nothing in a label's value (frontend: a pair of quotes around the
 * text, backend the same; recorded: `user="back\slash"`, `user="a"b"`), so a value ends at a quote that the end or
 * another label follows. null = these are no labels.
 */
export function readLabels({ text, bytes }: Piece, from: number, to: number): LabelSet | null {
  if (skipBlanks(text, from, to) === to) return noLabels;
  if (to - from > longestKept) return parseLabels({ text, bytes }, from, to);
  const known = kept.get(text.slice(from, to));
  if (known !== undefined) return known;
  const set = parseLabels({ text, bytes }, from, to);
  if (set === null) return null;
  if (kept.size >= mostKept) kept.clear();
  // A slice of the page would hold all of it; a text made of the bytes holds itself.
  kept.set(bytes.toString('latin1', from, to), set);
  return set;
}

/** `readLabels` for what clients can write: it is not kept. */
export function parseLabels({ text, bytes }: Piece, from: number, to: number): LabelSet | null {
  const labels: Record<string, string> = {};
  let at = skipBlanks(text, from, to);
  while (at < to) {
    const nameEnd = skipName(text, at, to);
    const valueFrom = valueBegin(text, nameEnd, to);
    const name = bytes.toString('latin1', at, nameEnd);
    if (nameEnd === at || valueFrom === null || isTaken(labels, name)) return null;
    const valueTo = valueEnd(text, valueFrom, to);
    if (valueTo === null) return null;
    labels[name] = bytes.toString('utf8', valueFrom, valueTo);
    at = skipBlanks(text, valueTo + 1, to);
    if (at < to) at = skipBlanks(text, at + 1, to); // the comma
  }
  return { labels: Object.freeze(labels), key: keyOf(labels) };
}

/** The place after `="`, blanks allowed around the sign; null = it is not there. */
function valueBegin(text: string, from: number, to: number): number | null {
  const sign = skipBlanks(text, from, to);
  if (sign >= to || text.charCodeAt(sign) !== code.equals) return null;
  const quote = skipBlanks(text, sign + 1, to);
  return quote < to && text.charCodeAt(quote) === code.quote ? quote + 1 : null;
}

/** The quote that ends a value. What is looked at beyond a quote has none in it, so nothing is looked at more than twice. */
function valueEnd(text: string, from: number, to: number): number | null {
  for (let quote = text.indexOf('"', from); quote !== -1 && quote < to; quote = text.indexOf('"', quote + 1)) {
    const next = skipBlanks(text, quote + 1, to);
    if (next === to) return quote;
    if (text.charCodeAt(next) !== code.comma) continue;
    const label = skipBlanks(text, next + 1, to);
    if (label === to) return quote;
    const labelEnd = skipName(text, label, to);
    if (labelEnd > label && valueBegin(text, labelEnd, to) !== null) return quote;
  }
  return null;
}

function keyOf(labels: Record<string, string>): string {
  const names = Object.keys(labels);
  return (names.length > 1 ? names.sort() : names).map((name) => `${name}\0${labels[name]}`).join('\0');
}

/** A label that stands there twice; `__proto__` would set no field, but the object's prototype. */
function isTaken(labels: Record<string, string>, name: string): boolean {
  return name === '__proto__' || Object.hasOwn(labels, name);
}
