import type { CommandSpec, ParsedCommand } from './grammar.ts';

/** Two dashes inside a word may be read as the beginning of a flag. */
const plainWord = /^(?!.*--)[A-Za-z0-9._:/][A-Za-z0-9._:/-]*$/;

/** The command as a line that reads back as the same command. `more` = flags with further values, e.g. for a list. */
export function printCommand(
  spec: CommandSpec,
  { words, flags }: ParsedCommand,
  more: ReadonlyMap<string, readonly string[]> = new Map(),
): string {
  const rest = spec.positional.find((place) => place.kind === 'rest');
  const places = spec.positional
    .filter((place) => place !== rest)
    .flatMap((place) => (words.get(place.name) ?? []).map((word) => quote(word)));
  const typed = spec.flags.flatMap((flag) => {
    const values = [...new Set([...(flags.get(flag.name) ?? []), ...(more.get(flag.name) ?? [])])];
    if (!flags.has(flag.name) && values.length === 0) return [];
    if (!flag.takesValue) return [`--${flag.name}`];
    if (flag.isText !== true)
      return [`--${flag.name} ${quote(values.join(','), /^[A-Za-z0-9._:/,][A-Za-z0-9._:/,-]*$/)}`];
    // A text in quotes is one value: each that needs them has a flag of its own.
    const plain = values.filter((value) => plainWord.test(value));
    const others = values.filter((value) => !plainWord.test(value));
    const together = plain.length === 0 ? [] : [`--${flag.name} ${plain.join(',')}`];
    return [...together, ...others.map((value) => `--${flag.name} ${quote(value)}`)];
  });
  // In quotes where the words would otherwise be refused as a flag.
  const end = rest === undefined ? [] : (words.get(rest.name) ?? []).map((note) => quote(note, /^[\p{L}\p{N} ]+$/u));
  return [spec.verb, ...places, ...typed, ...end].join(' ');
}

function quote(text: string, plain = plainWord): string {
  return plain.test(text) ? text : `"${text.replace(/[\\"]/g, '\\$&')}"`;
}
