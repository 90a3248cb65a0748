import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCollector } from '../../../src/adapters/ssh/output.ts';

const marker = 'starwarden:test';

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
  const collector = createCollector({ marker, secrets, maxBytes, onLine: (line) => lines.push(line) });
  for (const chunk of chunks) collector.push(chunk);
  collector.end();
  return { lines, text: collector.text(), markerLine: collector.markerLine() };
}

const started = Buffer.from(`${marker} 12 (bash) S\n`);

describe('the output of a command', () => {
  it('does not depend on how its bytes are cut into chunks', () => {
    const output = fc.string({ unit: fc.constantFrom('a', '\n', '🚀', 'ß', 'secret', ' '), maxLength: 60 });
    fc.assert(
      fc.property(output, fc.array(fc.nat({ max: 12 }), { maxLength: 40 }), (text, sizes) => {
        const bytes = Buffer.concat([started, Buffer.from(text)]);
        const chunks: Buffer[] = [];
        let at = 0;
        for (const size of sizes) {
          chunks.push(bytes.subarray(at, at + size));
          at += size;
        }
        chunks.push(bytes.subarray(at));
        expect(collect({ chunks, secrets: ['secret'] }).text).toBe(text.replaceAll('secret', '***'));
      }),
    );
  });

  it('begins after the marker: what the start files of a shell print is dropped', () => {
    const noise = Buffer.from('Welcome!\nno newline ');
    expect(collect({ chunks: [noise, started, Buffer.from('own\n')] })).toEqual({
      lines: ['own'],
      text: 'own\n',
      markerLine: '12 (bash) S',
    });
  });

  it('is shown as it is when no marker came, as when a login is refused in words', () => {
    expect(collect({ chunks: [Buffer.from('This account is not available\n')] })).toEqual({
      lines: ['This account is not available'],
      text: 'This account is not available\n',
      markerLine: null,
    });
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
