import { closest } from './closest.ts';
import { maxLineLength, nextToken, normalizeLine, type Token, unescapeEntities } from './tokens.ts';

/**
 * `word` = one word. `node` = a node's label, which may be two words (`be 10.0.0.11:9050`). `list` = all words that are
 * left, also with commas between. `rest` = the rest of the line as it was typed.
 */
export type PositionalKind = 'word' | 'node' | 'list' | 'rest';

export type Positional = { readonly name: string; readonly kind: PositionalKind; readonly isOptional: boolean };

export type Flag = {
  readonly name: string;
  readonly takesValue: boolean;
  readonly isList: boolean;
  /** Its value is a node, which may be two words. */
  readonly isNode?: boolean;
};

/** What one verb takes. */
export type CommandSpec = {
  readonly verb: string;
  readonly positional: readonly Positional[];
  readonly flags: readonly Flag[];
};

export type ParsedCommand = {
  readonly verb: string;
  /** By the name of the positional; lists have several. */
  readonly words: ReadonlyMap<string, readonly string[]>;
  /** By the name of the flag, without dashes; a flag without a value has none. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
};

export type ParseFailure = { readonly problem: string; readonly hint: string };

export type ParseResult = { readonly command: ParsedCommand } | { readonly failure: ParseFailure };

/** Reads one command line. Pure: it asks nobody, and refuses what it does not know instead of guessing. */
export function parseCommand(text: string, specs: readonly CommandSpec[]): ParseResult {
  const line = normalizeLine(text);
  if (line.length > maxLineLength)
    return fail(`The line has ${line.length} characters; ${maxLineLength} are read at most`, 'Shorten it.');
  const first = nextToken(line, 0);
  if (first === null) return { command: { verb: 'help', words: new Map(), flags: new Map() } };
  if ('problem' in first) return fail(`${first.problem} (word 1)`, 'Type `/sr help`.');
  const verb = first.text.toLowerCase();
  const spec = specs.find((candidate) => candidate.verb === verb);
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
  const flags = spec.flags.map((flag) => (flag.takesValue ? `[--${flag.name} …]` : `[--${flag.name}]`));
  // What takes the rest of the line comes last: a flag behind it would be part of it.
  const isRest = (each: Positional) => each.kind === 'rest';
  const words = spec.positional.filter((each) => !isRest(each)).map(show);
  return [spec.verb, ...words, ...flags, ...spec.positional.filter(isRest).map(show)].join(' ');
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
  for (;;) {
    const next = reading.open[0];
    if (next?.kind === 'rest' && flagAt(line, reading.at, spec) === null) {
      const late = flagWithin(line, reading.at, spec);
      if (late !== null)
        return fail(
          `\`--${late.name}\` stands behind the ${kebab(next.name)}`,
          `It is typed \`/sr ${usageOf(spec)}\`.`,
        );
      const rest = takeRest(line, reading.at);
      if (rest !== '') reading.words.set(next.name, [rest]);
      if (rest !== '' || next.isOptional) reading.open.shift();
      break;
    }
    const token = nextToken(line, reading.at);
    if (token === null) break;
    reading.position += 1;
    if ('problem' in token)
      return fail(`${token.problem} (word ${reading.position})`, `It is typed \`/sr ${usageOf(spec)}\`.`);
    reading.at = token.to;
    const problem = takeToken(line, token, reading, spec);
    if (problem !== null) return { failure: problem };
  }
  const missing = reading.open.find((each) => !each.isOptional && !reading.words.has(each.name));
  if (missing !== undefined)
    return fail(`${spec.verb} needs <${kebab(missing.name)}>`, `It is typed \`/sr ${usageOf(spec)}\`.`);
  return { command: { verb: spec.verb, words: reading.words, flags: reading.flags } };
}

function takeToken(line: string, token: Token, reading: Reading, spec: CommandSpec): ParseFailure | null {
  const isFlag = !token.isLiteral && token.text.startsWith('--');
  const flag = findFlag(spec, token.text);
  if (isFlag || (token.value !== null && flag !== undefined)) return takeFlag(line, token, { flag, reading, spec });
  const word = token.value === null ? token.text : `${token.text}=${token.value}`;
  const next = reading.open[0];
  if (next === undefined)
    return unknown(
      token,
      reading.position,
      spec.flags.map((each) => `--${each.name}`),
      `It is typed \`/sr ${usageOf(spec)}\`.`,
    ).failure;
  if (next.kind === 'list') {
    reading.words.set(next.name, [
      ...(reading.words.get(next.name) ?? []),
      ...word.split(',').filter((part) => part !== ''),
    ]);
    return null;
  }
  reading.open.shift();
  reading.words.set(next.name, [next.kind === 'node' ? withAddress(line, word, reading) : word]);
  return null;
}

/** `--accept-warnings`, and `--acceptWarnings` as the API spells it. */
function findFlag({ flags }: CommandSpec, text: string): Flag | undefined {
  const name = text.replace(/^--/, '').toLowerCase();
  return (
    flags.find((flag) => flag.name === name) ??
    (name.includes('-') ? undefined : flags.find((flag) => flag.name.replaceAll('-', '') === name))
  );
}

/** `be 10.0.0.11:9050` are two words and one node. */
function withAddress(line: string, word: string, reading: Reading): string {
  if (!['fe', 'be', 'cn'].includes(word.toLowerCase())) return word;
  const token = nextToken(line, reading.at);
  if (token === null || 'problem' in token || token.text.startsWith('--')) return word;
  reading.at = token.to;
  reading.position += 1;
  return `${word} ${token.text}`;
}

function takeFlag(
  line: string,
  token: Token,
  given: { flag: Flag | undefined; reading: Reading; spec: CommandSpec },
): ParseFailure | null {
  const { flag, reading, spec } = given;
  const usage = `It is typed \`/sr ${usageOf(spec)}\`.`;
  if (flag === undefined)
    return unknown(
      token,
      reading.position,
      spec.flags.map((each) => `--${each.name}`),
      usage,
    ).failure;
  const before = reading.flags.get(flag.name);
  if (before !== undefined && !flag.isList)
    return { problem: `\`--${flag.name}\` is there twice (word ${reading.position})`, hint: usage };
  if (!flag.takesValue) {
    if (token.value !== null)
      return { problem: `\`--${flag.name}\` takes no value (word ${reading.position})`, hint: usage };
    reading.flags.set(flag.name, []);
    return null;
  }
  const word = token.value ?? takeValue(line, reading);
  const value = word !== null && flag.isNode === true ? withAddress(line, word, reading) : word;
  if (value === null || value === '')
    return { problem: `\`--${flag.name}\` needs a value (word ${reading.position})`, hint: usage };
  reading.flags.set(flag.name, [
    ...(before ?? []),
    ...(flag.isList ? value.split(',').filter((part) => part !== '') : [value]),
  ]);
  return null;
}

function takeValue(line: string, reading: Reading): string | null {
  const token = nextToken(line, reading.at);
  if (token === null || 'problem' in token) return null;
  if (!token.isLiteral && token.text.startsWith('--')) return null;
  reading.at = token.to;
  reading.position += 1;
  return token.value === null ? token.text : `${token.text}=${token.value}`;
}

function flagAt(line: string, at: number, spec: CommandSpec): Flag | null {
  const token = nextToken(line, at);
  if (token === null || 'problem' in token || token.isLiteral || !token.text.startsWith('--')) return null;
  return findFlag(spec, token.text) ?? null;
}

/** A flag of the command that would be lost in the text that takes the rest of the line. */
function flagWithin(line: string, at: number, spec: CommandSpec): Flag | null {
  for (let from = at; ; ) {
    const flag = flagAt(line, from, spec);
    if (flag !== null) return flag;
    const token = nextToken(line, from);
    if (token === null) return null;
    // A quote that is never closed, as in "it's", is text: the words behind it are looked at all the same.
    from = 'problem' in token ? line.indexOf(' ', from + 1) : token.to;
    if (from < 0) return null;
  }
}

/** The rest of the line, without the quotes around the whole of it. */
function takeRest(line: string, at: number): string {
  const rest = line.slice(at).trim();
  const quoted = /^"([^"]*)"$/.exec(rest) ?? /^'([^']*)'$/.exec(rest);
  return unescapeEntities(quoted?.[1] ?? rest).trim();
}

function unknown(
  token: Token,
  position: number,
  known: readonly string[],
  otherwise: string,
): { failure: ParseFailure } {
  const shown = (token.value === null ? token.text : `${token.text}=${token.value}`).replaceAll('`', "'").slice(0, 60);
  const meant = closest(token.text, known);
  return fail(
    `I do not know \`${shown}\` (word ${position})`,
    meant === null ? otherwise : `Did you mean \`${meant}\`?`,
  );
}

function fail(problem: string, hint: string): { failure: ParseFailure } {
  return { failure: { problem, hint } };
}
