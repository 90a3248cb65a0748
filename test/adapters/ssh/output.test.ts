import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCollector } from '../../../src/adapters/ssh/output.ts';
import { marksOf } from '../../../src/adapters/ssh/session-commands.ts';

const marks = marksOf('test', 'stdout');
const stat = `12 (sh) S ${'1 '.repeat(48)}1`;

function collect({
  chunks,
  secrets = [],
  maxBytes = 1_000,
}: {
  chunks: Buffer[];
  secrets?: string[];
  maxBytes?: number;
}) {
  const lines: string[] = [];
  const collector = createCollector({ marks, secrets, maxBytes, onLine: (line) => lines.push(line) });
  for (const chunk of chunks) collector.push(chunk);
  collector.end();
  return { lines, text: collector.text(), preamble: collector.preamble(), exitCode: collector.exitCode() };
}

const started = Buffer.from(`${marks.start} ${stat}\n`);

const ended = (code: number) => `\n${marks.end} ${code}\n`;

describe('the output of a command', () => {
  it('does not depend on how its bytes are cut into chunks', () => {
    const output = fc.string({ unit: fc.constantFrom('a', '\n', '🚀', 'ß', 'secret', ' '), maxLength: 60 });
    fc.assert(
      fc.property(output, fc.array(fc.nat({ max: 12 }), { maxLength: 40 }), (text, sizes) => {
        const bytes = Buffer.concat([started, Buffer.from(`${text}${ended(7)}`)]);
        const chunks: Buffer[] = [];
        let at = 0;
        for (const size of sizes) {
          chunks.push(bytes.subarray(at, at + size));
          at += size;
        }
        chunks.push(bytes.subarray(at));
        const shown = text.replaceAll('secret', '***');
        const lines = shown.split('\n');
        expect(collect({ chunks, secrets: ['secret'] })).toEqual({
          text: shown,
          lines: lines.at(-1) === '' ? lines.slice(0, -1) : lines,
          preamble: '',
          exitCode: 7,
        });
      }),
    );
  });

  it('stands between the marks: what the login prints before and behind is not part of it', () => {
    const noise = `Welcome!\n${marks.start} $starwardenStat\nno newline `;
    const chunks = [noise, started, 'own\n\n', ended(0), 'bye\n', ended(1)].map((part) => Buffer.from(part));
    expect(collect({ chunks })).toEqual({ lines: ['own', ''], text: 'own\n\n', preamble: noise, exitCode: 0 });
  });

  it('is none when no mark came, as when a login is refused in words', () => {
    expect(collect({ chunks: [Buffer.from('This account is not available\n')] })).toEqual({
      lines: [],
      text: '',
      preamble: 'This account is not available\n',
      exitCode: null,
    });
  });

  it('has its exit code however much is cut, and is not cut for the mark alone', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 1, max: 90 }), (length, size) => {
        const bytes = Buffer.concat([started, Buffer.from(`${'x'.repeat(length)}${ended(5)}behind\n`)]);
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
          bytes.subarray(at * size, (at + 1) * size),
        );
        const { text, exitCode } = collect({ chunks, maxBytes: 200 });
        expect(exitCode).toBe(5);
        if (length <= 200) expect(text).toBe('x'.repeat(length));
        else expect(text).toMatch(/^x{200,}(\n\[output cut after 200 bytes\]\n)?$/);
        expect(text.length).toBeLessThan(300);
      }),
    );
  });

  it('never shows the first half of a secret where it is cut', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), (maxBytes) => {
        const chunks = [
          started,
          Buffer.from('0123456789 hunter2-hunter2 and more, and more, and more and more and more'),
        ];
        expect(collect({ chunks, secrets: ['hunter2-hunter2'], maxBytes }).text).not.toMatch(/hu/);
      }),
    );
  });

  it('redacts a secret of several lines line by line', () => {
    const secret = '-----BEGIN KEY-----\nAAAABBBBCCCC\n-----END KEY-----\n';
    const { text } = collect({ chunks: [started, Buffer.from(`key:\n${secret}`)], secrets: [secret] });
    expect(text).toBe('key:\n***\n***\n***\n');
  });
});
