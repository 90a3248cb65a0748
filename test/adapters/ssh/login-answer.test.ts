import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerOf } from '../../../src/adapters/ssh/login-answer.ts';
import { createCollector } from '../../../src/adapters/ssh/output.ts';
import { inSession, marksOf } from '../../../src/adapters/ssh/session-commands.ts';

const id = '0b0e6a5e-7f0c-4a8e-9a51-0c2f6d1f9a11';
const sent = inSession('ps -o comm= -p 1; echo "pid 1"', id);
const script = sent
  .slice(sent.indexOf("sh '") + 4, -1)
  .replaceAll('\\n', '\n')
  .replace(/\\0(\d{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

type Said = { readonly out: string; readonly err: string; readonly exitCode: number | null };

function heard({ out, err, exitCode }: Said) {
  const collect = (stream: 'stdout' | 'stderr', text: string) => {
    const collector = createCollector({ marks: marksOf(id, stream), secrets: [], maxBytes: 10_000, onLine: () => {} });
    collector.push(Buffer.from(text));
    collector.end();
    return collector;
  };
  const effect = 'change' as const;
  const names = { what: 'read-pid on h', where: 'h', user: 'u', effect };
  return answerOf({ stdout: collect('stdout', out), stderr: collect('stderr', err), exitCode, signal: null, ...names });
}

const stat = `4711 (sh) S ${'1 '.repeat(48)}1`;
const marked = (stream: 'stdout' | 'stderr', text: string, code: number) => {
  const { start, end } = marksOf(id, stream);
  return `${start} ${stat}\n${text}\n${end} ${code}\n`;
};

/** What a login may print: words of its own, answers of our commands, and anything of what it was asked for. */
const words = fc
  .array(
    fc.oneof(
      fc.string(),
      fc.constantFrom('\n', '\r\n', 'pid 4711\n', 'gone\n', '0\n', sent, script, stat, 'root\n', '\u001b[0m'),
      fc.constantFrom(...script.split('\n')),
      fc.tuple(fc.nat({ max: script.length }), fc.nat({ max: 200 })).map(([at, size]) => script.slice(at, at + size)),
      fc.tuple(fc.nat({ max: sent.length }), fc.nat({ max: 200 })).map(([at, size]) => sent.slice(at, at + size)),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

describe('what a login prints', () => {
  it('is never an answer, whatever it is and however it ends', () => {
    fc.assert(
      fc.property(words, words, fc.integer({ min: 0, max: 255 }), (out, err, exitCode) => {
        expect(() => heard({ out, err, exitCode })).toThrow(expect.objectContaining({ code: 'SSH_NO_SHELL' }));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is never part of an answer, nor is its exit code', () => {
    const plain = fc.array(fc.constantFrom('a', '\n', ' ', 'pid 1', 'ß'), { maxLength: 20 }).map((all) => all.join(''));
    fc.assert(
      fc.property(
        fc.tuple(words, words, words, words),
        plain,
        plain,
        fc.nat({ max: 128 }),
        (around, out, err, code) => {
          const [beforeOut, behindOut, beforeErr, behindErr] = around;
          const said = {
            out: `${beforeOut}${marked('stdout', out, code)}${behindOut}`,
            err: `${beforeErr}${marked('stderr', err, code)}${behindErr}`,
            exitCode: (code + 1) % 256,
          };
          expect(heard(said)).toEqual({ exitCode: code, stdout: out, stderr: err });
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('is an answer of neither stream when one of them is missing', () => {
    fc.assert(
      fc.property(words, fc.nat({ max: 255 }), (text, code) => {
        const [out, err] = [marked('stdout', text, code), marked('stderr', text, code)];
        expect(() => heard({ out, err: '', exitCode: code })).toThrow();
        expect(() => heard({ out: '', err, exitCode: code })).toThrow();
        expect(() => heard({ out: out.slice(0, -3), err, exitCode: code })).toThrow();
      }),
    );
  });
});

describe('what goes to the login shell', () => {
  /** csh ends a quoted word at the quote, wants `\` before a line end, and looks for `!` everywhere. */
  const cshWords = (text: string): string[] | null => {
    if (/[\n!]/.test(text)) return null;
    return quotedWords(text, (inside) => inside);
  };
  /** fish takes `\'` and `\\` for what they name, within single quotes too. */
  const fishWords = (text: string): string[] | null =>
    /\\['\\]/.test(text) ? null : quotedWords(text, (inside) => inside);

  it.each([
    ['csh', cshWords],
    ['fish', fishWords],
  ])('is the same words for %s as for sh, whatever the command holds', (_shell, wordsOf) => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("'", '\\', '!', '\n', '"', '$', '`', 'ß', '🚀', 'a', '%', '^', '\t') }),
        (text) => {
          const found = wordsOf(inSession(text, id));
          expect(found?.slice(0, 3)).toEqual(['exec', '/bin/sh', '-c']);
          expect(found).toHaveLength(6);
          expect(found?.[3]).toBe('eval "$(printf %b "$1")"');
        },
      ),
    );
  });
});

function quotedWords(text: string, unquote: (inside: string) => string): string[] | null {
  const parts = [...text.matchAll(/'([^']*)'|([^'\s]+)/g)];
  const isWhole = parts.map(([all]) => all).join(' ') === text;
  return isWhole ? parts.map(([, quoted, bare]) => (quoted === undefined ? (bare ?? '') : unquote(quoted))) : null;
}
