import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allCommands } from '../../src/bot/commands/all.ts';
import { type CommandSpec, type Flag, parseCommand } from '../../src/bot/commands/grammar.ts';
import { operations } from '../../src/operations/index.ts';
import { createSteppedOperations } from './operations.ts';

const everything = [...operations, ...createSteppedOperations().operations];
const specs = allCommands(new Map(everything.map((each) => [each.name, each]))).map(({ spec }) => spec);
const allFlags = [...new Map(specs.flatMap(({ flags }) => flags).map((flag) => [flag.name, flag])).values()];
const withNote = specs.filter(({ positional }) => positional.some(({ kind }) => kind === 'rest'));

/** Words as they come before the note, each enough for its place. */
const placesOf = ({ positional }: CommandSpec) =>
  positional.filter(({ kind }) => kind !== 'rest').map(({ kind }) => (kind === 'node' ? '10.0.0.11:9050' : 'R-9'));
const neededOf = ({ flags }: CommandSpec) => flags.filter(({ isRequired }) => isRequired === true);

const noteWord = fc.constantFrom(
  'wrong',
  "it's",
  "'tis",
  '5"',
  '—',
  '-',
  '-5',
  'a/b',
  '"in quotes"',
  'über',
  'O_o',
  '…',
);
const note = fc.array(noteWord, { maxLength: 5 });

const known = fc.constantFrom(...allFlags.map(({ name }) => name), 'dryRun', 'force', 'yes', 'x');
/** One letter more, less, or in the wrong place. */
const misspelt = fc.tuple(known, fc.nat(), fc.constantFrom('drop', 'double', 'swap')).map(([name, at, how]) => {
  const index = 1 + (at % Math.max(1, name.length - 1));
  if (how === 'drop') return name.slice(0, index) + name.slice(index + 1);
  if (how === 'double') return `${name.slice(0, index)}${name[index] ?? 'q'}${name.slice(index)}`;
  return `${name.slice(0, index - 1)}${name[index] ?? ''}${name[index - 1] ?? ''}${name.slice(index + 1)}`;
});
const name = fc.oneof(known, misspelt);
const dash = fc.constantFrom('--', '—', '–', '−−', '‐‐', '-—', '―');
const value = fc.constantFrom('', '=y', '="two words"', '=', '=--z', ' y');
const typed = fc.oneof(
  fc.tuple(dash, name, value).map(([hyphens, text, given]) => `${hyphens}${text}${given}`),
  fc.tuple(name, fc.constantFrom('=y', '="y z"', '=')).map(([text, given]) => `${text}${given}`),
  name.map((text) => `-${text}`),
  fc
    .tuple(fc.constantFrom('(', '`', '*', '~', '[', ',', '_*'), dash, name, fc.constantFrom(')', '`', ',', '.', ''))
    .map((parts) => parts.join('')),
  fc.constantFrom('--=y', '---x', '--x--y', '=y'),
);

/** The flag that this word is by the verb's own declaration, if it is one. */
function declared(spec: CommandSpec, text: string): Flag | undefined {
  const [, bare = ''] = /^[-‐-―−]*([A-Za-z][A-Za-z0-9_-]*)/.exec(text) ?? [];
  const lower = bare.toLowerCase();
  return spec.flags.find((flag) => flag.name === lower || flag.name.replaceAll('-', '') === lower);
}

/** One of the verb's own flags, as it is typed. */
function own({ flags }: CommandSpec, which: number): string {
  const flag = flags[which % Math.max(1, flags.length)];
  if (flag === undefined) return '--dry-run';
  return flag.takesValue ? `--${flag.name}=be-1` : `--${flag.name}`;
}

const lookslikeFlag = /(^|[^\p{L}\p{N}"])(--|[‐-―−])[\p{L}=-]|[A-Za-z_-]=/u;

describe('whatever verb is typed', () => {
  it('a flag, known or not, right or misspelt, anywhere, once or twice, is understood as declared or refused', () => {
    let refused = 0;
    let understood = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...specs, ...withNote),
        note,
        fc.array(fc.tuple(fc.oneof(typed, fc.nat()), fc.nat()), { minLength: 1, maxLength: 3 }),
        (spec, words, drawn) => {
          const injected = drawn.map(([text, at]) => [typeof text === 'string' ? text : own(spec, text), at] as const);
          const hasNote = spec.positional.some(({ kind }) => kind === 'rest');
          const needed = neededOf(spec).map((flag) => `--${flag.name} 3.5.0`);
          const line = [...placesOf(spec), ...needed, ...(hasNote ? words : [])];
          for (const [text, at] of injected) line.splice(at % (line.length + 1), 0, text);
          const result = parseCommand([spec.verb, ...line].join(' '), specs);
          if ('failure' in result) {
            refused += 1;
            expect(result.failure.problem).toMatch(/\(word \d+\)$| needs /);
            return;
          }
          understood += 1;
          for (const [text] of injected) {
            const flag = declared(spec, text);
            expect(flag, `${text} was taken for something in ${JSON.stringify(line)}`).toBeDefined();
            expect(result.command.flags.has(flag?.name ?? '')).toBe(true);
          }
          for (const taken of result.command.words.values())
            for (const word of taken) expect(word).not.toMatch(lookslikeFlag);
        },
      ),
      { numRuns: 20_000 },
    );
    expect(refused).toBeGreaterThan(1_000);
    expect(understood).toBeGreaterThan(300);
  });

  it('a note is kept to the letter where nothing in it is a flag', () => {
    fc.assert(
      fc.property(fc.constantFrom(...withNote), note, (spec, words) => {
        fc.pre(words.length > 1 && !words.includes("'tis"));
        const result = parseCommand([spec.verb, ...placesOf(spec), ...words].join(' '), specs);
        const told = 'command' in result ? [...result.command.words.values()].at(-1) : result.failure;
        expect(told).toEqual([words.join(' ')]);
      }),
    );
  });

  it('text behind a bare -- and text in quotes is a note, whatever it says', () => {
    fc.assert(
      fc.property(fc.constantFrom(...withNote), typed, (spec, text) => {
        const read = (end: string) => {
          const result = parseCommand([spec.verb, ...placesOf(spec), end].join(' '), specs);
          return 'command' in result ? [...result.command.words.values()].at(-1) : result.failure;
        };
        expect(read(`-- ${text}`)).toEqual([text]);
        expect(read(`"so ${text.replaceAll('"', '\\"')}"`)).toEqual([`so ${text}`]);
      }),
    );
  });
});
