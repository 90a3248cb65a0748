import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quote, wholeNumber } from '../../../src/adapters/ssh/quote.ts';

const nasty = [
  '',
  "'",
  `it's "quoted"`,
  '$(touch /tmp/starwarden-never)',
  '`id`',
  '; rm -rf --no-preserve-root /nowhere',
  'a\nb\r\nc\n',
  '\\',
  "\\'",
  '!!',
  '-rf',
  '~root/*?[a-z]',
  '🚀 <!channel> Größe 日本',
  '\x01\x7f\x1b[31m',
  'x'.repeat(100_000),
];

const text = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.string({ unit: fc.constantFrom("'", '"', '\\', '$', '`', '(', ')', '\n', ' ', '!', '*', ';', '&', 'a') }),
  )
  .filter((candidate) => !candidate.includes('\0') && candidate.isWellFormed());

/** Has one shell print the arguments of many commands, each followed by its count of arguments. */
async function argumentsSeen(shell: string, commands: readonly string[]): Promise<string[]> {
  const show = `show() { printf '%s:' "$#"; for a in "$@"; do printf %s "$a" | od -An -v -tx1 | tr -d ' \\n'; echo; done; }\n`;
  const child = spawn(shell, ['-s'], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(show + commands.map((quoted) => `show ${quoted}\n`).join(''));
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) lines.push(line);
  return lines;
}

const seenAs = (value: string) => `1:${Buffer.from(value).toString('hex')}`;

describe('quote', () => {
  it.each(['bash', 'sh'])('makes exactly one argument of any text, as %s reads it', async (shell) => {
    const values = [...nasty, ...fc.sample(text, { numRuns: 300, seed: 20_260_101 })];
    expect(await argumentsSeen(shell, values.map(quote))).toEqual(values.map(seenAs));
  });

  it('gives the text back through bash -c, as sshd calls it', () => {
    fc.assert(
      fc.property(text, (value) => {
        const { stdout } = spawnSync('bash', ['-c', `printf %s ${quote(value)}x`]);
        return stdout.equals(Buffer.from(`${value}x`));
      }),
      { numRuns: 50 },
    );
  });

  it.each(['\0', 'a\0b', '\ud800', 'a\udc00'])('refuses %j, which cannot be an argument', (value) => {
    expect(() => quote(value)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
  });
});

describe('wholeNumber', () => {
  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1e21])('refuses %d', (value) => {
    expect(() => wholeNumber(value)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
  });

  it('prints plain digits', () => {
    expect(wholeNumber(2_147_483_648)).toBe('2147483648');
  });
});
