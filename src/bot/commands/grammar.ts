import { isFlagLike, maxLineLength, nextToken, normalizeLine, type Token } from '../slack/tokens.ts';
import { closest } from './closest.ts';
import { type Flag, findFlag } from './flags.ts';
import { hiddenFlagIn, readNote } from './note.ts';

export type { Flag };

/**
 * `word` = one word. `node` = a node's label, which may be two words (`be 10.0.0.11:9050`). `list` = all remaining words,
 * which may also be separated by commas, except in quotes where the values are texts; of nodes when `isNode` is set. `rest` = a note: the rest of the line, in which nothing
 * may look like a flag.
 */
export type PositionalKind = 'word' | 'node' | 'list' | 'rest';

export type Positional = {
  readonly name: string;
  readonly kind: PositionalKind;
  readonly isOptional: boolean;
  readonly isNode?: boolean;
  /** As with a flag: what stands in quotes is one value of the list. */
  readonly isText?: boolean;
};

/** What one verb takes. */
export type CommandSpec = {
  readonly verb: string;
  readonly positional: readonly Positional[];
  readonly flags: readonly Flag[];
};

export type ParsedCommand = {
  readonly verb: string;
  /** By the name of the positional; a list has several words. */
  readonly words: ReadonlyMap<string, readonly string[]>;
  /** By the name of the flag, without dashes; a flag that takes no value has an empty list. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
};

export type ParseFailure = { readonly problem: string; readonly hint: string };

export type ParseResult = { readonly command: ParsedCommand } | { readonly failure: ParseFailure };

/** Reads one command line. Pure: it reads nothing else, and refuses what it does not know instead of guessing. */
export function parseCommand(text: string, specs: readonly CommandSpec[]): ParseResult {
  const line = normalizeLine(text);
  if (line.length > maxLineLength)
    return fail(`The line has ${line.length} characters; ${maxLineLength} are read at most`, 'Shorten it.');
  const first = nextToken(line, 0);
  if (first === null) return { command: { verb: 'help', words: new Map(), flags: new Map() } };
  if ('problem' in first) return fail(`${first.problem} (word 1)`, 'Type `/sr help`.');
  const verb = first.text.toLowerCase();
  const spec = specs.find((candidate) => candidate.verb === verb);
  if (spec === undefined && verb === 'register' && first.value === null)
    return fail(
      'Clusters are registered over the API: their passwords must not be typed into a chat',
      'Send the mutation `registerCluster`; docs/reference/api.md shows it.',
    );
  if (spec === undefined || first.value !== null)
    return unknown(
      first,
      1,
      specs.map((candidate) => candidate.verb),
      'Type `/sr help` for what there is.',
    );
  return readItems(line, first.to, spec);
}

/** How a command is typed: `restart <cluster> <node> [--reason …]`. */
export function usageOf(spec: CommandSpec): string {
  const show = (each: Positional) => {
    const name = each.kind === 'list' ? `${kebab(each.name)}…` : kebab(each.name);
    return each.isOptional ? `[${name}]` : `<${name}>`;
  };
  const typed = (flag: Flag) => (flag.takesValue ? `--${flag.name} …` : `--${flag.name}`);
  const needed = spec.flags.filter(isRequired).map(typed);
  const others = spec.flags.filter((flag) => !isRequired(flag)).map((flag) => `[${typed(flag)}]`);
  // A positional that takes the rest of the line comes last: a flag after it would be part of it.
  const isRest = (each: Positional) => each.kind === 'rest';
  const words = spec.positional.filter((each) => !isRest(each)).map(show);
  return [spec.verb, ...words, ...needed, ...others, ...spec.positional.filter(isRest).map(show)].join(' ');
}

/** `nodeIds` is typed `node`, `timeoutSeconds` is typed `timeout-seconds`. */
export function kebab(field: string): string {
  const short = field.replace(/Ids?$/, '');
  return (short === '' ? field : short).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

type Reading = {
  words: Map<string, string[]>;
  flags: Map<string, string[]>;
  open: Positional[];
  position: number;
  at: number;
};

function readItems(line: string, from: number, spec: CommandSpec): ParseResult {
  const reading: Reading = { words: new Map(), flags: new Map(), open: [...spec.positional], position: 1, at: from };
  const usage = `It is typed \`/sr ${usageOf(spec)}\`.`;
  for (;;) {
    const next = reading.open[0];
    if (next?.kind === 'rest' && !isFlagNext(line, reading.at, spec)) {
      const problem = takeNote(line, { reading, spec, next });
      if (problem !== null) return { failure: problem };
      break;
    }
    const token = nextToken(line, reading.at);
    if (token === null) break;
    reading.position += 1;
    if ('problem' in token) return fail(`${token.problem} (word ${reading.position})`, usage);
    reading.at = token.to;
    const problem = takeToken(line, token, reading, spec);
    if (problem !== null) return { failure: problem };
  }
  const place = reading.open.find((each) => !each.isOptional && !reading.words.has(each.name));
  if (place !== undefined) return fail(`${spec.verb} needs <${kebab(place.name)}>`, usage);
  const missing = spec.flags.filter((flag) => isRequired(flag) && !reading.flags.has(flag.name));
  if (missing.length > 0)
    return fail(`${spec.verb} needs ${missing.map((flag) => `--${flag.name}`).join(' and ')}`, usage);
  return { command: { verb: spec.verb, words: reading.words, flags: reading.flags } };
}

function isRequired(flag: Flag): boolean {
  return flag.isRequired === true;
}

function takeToken(line: string, token: Token, reading: Reading, spec: CommandSpec): ParseFailure | null {
  const usage = `It is typed \`/sr ${usageOf(spec)}\`.`;
  if (isFlagLike(token) || token.value !== null)
    return takeFlag(line, token, { flag: findFlag(spec.flags, token.text), reading, spec });
  const hidden = token.isLiteral ? null : hiddenFlagIn(token.text, spec.flags);
  if (hidden !== null) return unknown({ ...token, text: hidden }, reading.position, flagNames(spec), usage).failure;
  const word = token.text;
  const next = reading.open[0];
  if (next === undefined) return unknown(token, reading.position, flagNames(spec), usage).failure;
  const isWhole = next.kind !== 'list' || (next.isText === true && token.isLiteral);
  const words = isWhole ? [word] : listed(line, word, { ...next, reading });
  if (words.some((each) => each.trim() === ''))
    return { problem: `<${kebab(next.name)}> is empty (word ${reading.position})`, hint: usage };
  if (next.kind === 'list') {
    reading.words.set(next.name, [...(reading.words.get(next.name) ?? []), ...words]);
    return null;
  }
  reading.open.shift();
  reading.words.set(next.name, [next.kind === 'node' ? withAddress(line, word, reading) : word]);
  return null;
}

function takeNote(
  line: string,
  { reading, spec, next }: { reading: Reading; spec: CommandSpec; next: Positional },
): ParseFailure | null {
  if (line.slice(reading.at).trim() === '') return null;
  const usage = `It is typed \`/sr ${usageOf(spec)}\`.`;
  const read = readNote(line, reading.at, { flags: spec.flags, position: reading.position });
  if ('problem' in read) {
    const { token, position, flag } = read.problem;
    if (flag !== null)
      return { problem: `\`--${flag.name}\` stands behind the ${kebab(next.name)} (word ${position})`, hint: usage };
    const otherwise = `${usage} Text that holds such a word stands in quotes.`;
    return unknown(token, position, flagNames(spec), otherwise).failure;
  }
  if (read.note === '')
    return { problem: `<${kebab(next.name)}> is empty (word ${reading.position + 1})`, hint: usage };
  reading.words.set(next.name, [read.note]);
  reading.open.shift();
  return null;
}

function flagNames(spec: CommandSpec): readonly string[] {
  return spec.flags.map((each) => `--${each.name}`);
}

/**
 * Whether a flag comes next, or a word that was meant as one: then it is read as a flag, and refused when there is no
 * such flag.
 */
function isFlagNext(line: string, at: number, spec: CommandSpec): boolean {
  const token = nextToken(line, at);
  if (token === null || 'problem' in token || token.text === '--') return false;
  return isFlagLike(token) || (token.value !== null && findFlag(spec.flags, token.text) !== undefined);
}

/** `be 10.0.0.11:9050` are two words and one node. */
function withAddress(line: string, word: string, reading: Reading): string {
  if (!['fe', 'be', 'cn'].includes(word.toLowerCase())) return word;
  const token = nextToken(line, reading.at);
  if (token === null || 'problem' in token || token.value !== null || isFlagLike(token)) return word;
  reading.at = token.to;
  reading.position += 1;
  return `${word} ${token.text}`;
}

/** `be 10.0.0.11:9050,be 10.0.0.12:9050` are four words and two nodes. */
function listed(line: string, word: string, given: { isNode?: boolean; reading: Reading }): string[] {
  const words = word.split(',');
  const last = words.pop() ?? '';
  const whole = given.isNode === true ? withAddress(line, last, given.reading) : last;
  return [...words, ...(whole === last ? [last] : listed(line, whole, given))];
}

function takeFlag(
  line: string,
  token: Token,
  asked: { flag: Flag | undefined; reading: Reading; spec: CommandSpec },
): ParseFailure | null {
  const { flag, reading, spec } = asked;
  const usage = `It is typed \`/sr ${usageOf(spec)}\`.`;
  if (flag === undefined) return unknown(token, reading.position, flagNames(spec), usage).failure;
  const before = reading.flags.get(flag.name);
  if (before !== undefined && !flag.isList)
    return { problem: `\`--${flag.name}\` is there twice (word ${reading.position})`, hint: usage };
  if (!flag.takesValue) {
    if (token.value !== null)
      return { problem: `\`--${flag.name}\` takes no value (word ${reading.position})`, hint: usage };
    reading.flags.set(flag.name, []);
    return null;
  }
  const given = token.value === null ? takeValue(line, reading, spec) : givenValue(line, token);
  const word = given?.text ?? '';
  const isWhole = !flag.isList || (flag.isText === true && given?.isLiteral === true);
  const isLabel = !flag.isList && flag.isNode === true && given !== null;
  const whole = isLabel ? withAddress(line, word, reading) : word;
  const values = isWhole ? [whole] : listed(line, word, { ...flag, reading });
  if (values.some((each) => each.trim() === ''))
    return { problem: `\`--${flag.name}\` needs a value (word ${reading.position})`, hint: usage };
  reading.flags.set(flag.name, [...(before ?? []), ...values]);
  return null;
}

type Value = { readonly text: string; readonly isLiteral: boolean };

/** What was given with `=`: it is in quotes where a quote follows the sign. */
function givenValue(line: string, token: Token): Value {
  const typed = line.slice(token.from, token.to);
  return { text: token.value ?? '', isLiteral: /^[^=]*=["']/.test(typed) };
}

function takeValue(line: string, reading: Reading, spec: CommandSpec): Value | null {
  const token = nextToken(line, reading.at);
  if (token === null || 'problem' in token || isFlagLike(token)) return null;
  // `--reason key=value` may be a flag whose value was forgotten; in quotes it is a value.
  if (!token.isLiteral && (token.value !== null || hiddenFlagIn(token.text, spec.flags) !== null)) return null;
  reading.at = token.to;
  reading.position += 1;
  return { text: token.text, isLiteral: token.isLiteral };
}

function unknown(
  token: Token,
  position: number,
  known: readonly string[],
  otherwise: string,
): { failure: ParseFailure } {
  const shown = (token.value === null ? token.text : `${token.text}=${token.value}`).replaceAll('`', "'").slice(0, 60);
  const meant = closest(meantAsFlag(token), known);
  return fail(
    `I do not know \`${shown}\` (word ${position})`,
    meant === null ? otherwise : `Did you mean \`${meant}\`?`,
  );
}

/** `-dry-run`, `dry-run=1` and `--dry-run,` were probably meant as `--dry-run`. */
function meantAsFlag({ text, value, isLiteral }: Token): string {
  const isFlag = !isLiteral && (text.startsWith('-') || value !== null);
  return isFlag ? `--${text.replace(/^-+/, '').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}` : text;
}

function fail(problem: string, hint: string): { failure: ParseFailure } {
  return { failure: { problem, hint } };
}
