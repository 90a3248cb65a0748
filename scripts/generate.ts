import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { operations } from '../src/operations/index.ts';
import { generateFiles } from '../src/schema/generate-files.ts';

/*
 * `npm run generate` writes what is made from the operation registry; with `--check` it writes nothing and ends with 1
 * when a file is not as it would be written.
 */

const root = fileURLToPath(new URL('..', import.meta.url));
const check = process.argv.includes('--check');

for (const { path, text } of generateFiles(operations)) {
  const file = join(root, path);
  const present = readOrEmpty(file);
  if (present === text) continue;
  if (check) {
    process.exitCode = 1;
    process.stdout.write(`${path} is not up to date${firstDifference(present, text)}\n`);
  } else {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    process.stdout.write(`wrote ${path}\n`);
  }
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function firstDifference(present: string, wanted: string): string {
  const [is, should] = [present.split('\n'), wanted.split('\n')];
  const line = should.findIndex((text, index) => text !== is[index]);
  const at = line === -1 ? should.length : line;
  return `; first difference in line ${at + 1}\n  is:     ${is[at] ?? '(nothing)'}\n  should: ${should[at] ?? '(nothing)'}`;
}
