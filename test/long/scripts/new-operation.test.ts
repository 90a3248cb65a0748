import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const parts = ['src', 'scripts', 'test', 'sandbox', 'bench', 'docs', 'package.json', 'package-lock.json'];
const settings = ['tsconfig.json', 'biome.json', 'vitest.config.ts', '.gitignore'];
let copy: string;

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'starwarden-new-operation-'));
  for (const part of [...parts, ...settings]) cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** Runs a program of the copy. */
function node(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8' });
  return { status, said: `${stdout}${stderr}` };
}

const newOperation = (...args: readonly string[]) => node('scripts/new-operation.ts', ...args);
const read = (path: string) => readFileSync(join(copy, path), 'utf8');

const folder = 'src/operations/node/look-at-disks';
const test = 'test/operations/node/look-at-disks.test.ts';

describe('a new operation', () => {
  it('is written into its family, with a test and a line in the registry', () => {
    const written = newOperation('node', 'lookAtDisks');
    expect(written).toMatchObject({ status: 0, said: expect.stringContaining(`npm test -- ${test}`) });
    expect(readdirSync(join(copy, folder)).toSorted()).toEqual([
      'look-at-disks.ts',
      'look-before-look-at-disks.ts',
      'plan.ts',
      'post-check.ts',
    ]);
    expect(read('src/operations/index.ts')).toContain('  lookAtDisks,\n];');
  });

  it('fits into the API and the reference page', () => {
    expect(node('scripts/generate.ts')).toMatchObject({ status: 0 });
    expect(read('src/schema/generated/operations.graphql')).toContain('input: LookAtDisksInput!');
    expect(read('docs/reference/operations.md')).toContain('- Slack: `/sr look-at-disks prod-eu`');
  });

  it('has types and a look that pass as they are', () => {
    const only = { extends: './tsconfig.json', include: [folder, test, 'src/operations/index.ts'] };
    writeFileSync(join(copy, 'tsconfig.only.json'), JSON.stringify(only));
    expect(node('node_modules/typescript/bin/tsc', '-p', 'tsconfig.only.json')).toEqual({ status: 0, said: '' });
    const looked = node('node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', folder, test);
    expect(looked, looked.said).toMatchObject({ status: 0 });
  });

  it('passes its own test, and those that hold every operation', () => {
    const tests = [
      test,
      'test/architecture.test.ts',
      'test/schema/schema.test.ts',
      'test/operations/step-kinds.test.ts',
      'test/runs/deaths/every-kind.test.ts',
      'test/bot/operation-command.test.ts',
      'test/bot/run-words.test.ts',
    ];
    const ran = node('node_modules/vitest/vitest.mjs', 'run', ...tests);
    expect(ran, ran.said).toMatchObject({ status: 0, said: expect.stringMatching(/\b[1-9]\d* passed, 0 failed/) });
  });

  it('writes nothing over what is there', () => {
    const before = read(`${folder}/look-at-disks.ts`);
    expect(newOperation('node', 'look-at-disks')).toEqual({
      status: 1,
      said: 'There is an operation lookAtDisks already.\n',
    });
    expect(read(`${folder}/look-at-disks.ts`)).toBe(before);
  });
});
