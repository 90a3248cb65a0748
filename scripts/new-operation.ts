import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { allCommands } from '../src/bot/commands/all.ts';
import { operations } from '../src/operations/index.ts';
import { buildSchemaOf } from '../src/schema/build.ts';
import { type Names, namesOf } from './new-operation/names.ts';
import { operationFiles, testPath, withCase, withHeld, withOperation, withSample } from './new-operation/templates.ts';
import { type Tree, whyNot } from './new-operation/why-not.ts';

/*
 * `npm run new-operation -- <family> <name>` writes an operation that works and does nothing but look, its test, its line in
 * the registry, and what the tests of all operations ask for: a sample of its step, and how it is tried with workers that die.
 * Nothing that is there is written over.
 */

const root = fileURLToPath(new URL('..', import.meta.url));
const index = 'src/operations/index.ts';
const samples = 'test/helpers/step-samples.ts';
const cases = 'test/helpers/crash-cases/cluster.ts';
const held = 'test/runs/deaths/held.ts';

const [family = '', given = '', ...more] = process.argv.slice(2);
const names = namesOf(given);
if (given === '' || more.length > 0) refuse('It is typed: npm run new-operation -- <family> <name>');
else if (typeof names === 'string') refuse(names);
else {
  const reason = whyNot({ family, names, tree: readTree() });
  if (reason === null) write(names);
  else refuse(reason);
}

/** What there is already. */
function readTree(): Tree {
  return {
    families: readdirSync(join(root, 'src/operations'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== 'input')
      .map(({ name }) => name),
    operations: operations.map(({ name }) => name),
    mutations: Object.keys(buildSchemaOf(operations).getMutationType()?.getFields() ?? {}),
    kinds: operations.flatMap(({ steps }) => steps.map(({ kind }) => kind)),
    verbs: allCommands(new Map(operations.map((each) => [each.name, each]))).map(({ spec }) => spec.verb),
    has: (path) => existsSync(join(root, path)),
  };
}

function write(known: Names): void {
  const files = operationFiles(family, known);
  const lists = [index, samples, cases, held];
  const before = lists.map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
  const written = [...files.map(({ path }) => path), ...lists];
  try {
    for (const { path, text } of files) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text, { flag: 'wx' });
    }
    rewrite(index, (text) => withOperation(text, family, known));
    rewrite(samples, (text) => withSample(text, family, known));
    rewrite(cases, (text) => withCase(text, known));
    rewrite(held, (text) => withHeld(text, known));
    tidy(written);
  } catch (error) {
    // The tree is as it was: `whyNot` has seen that none of the files was there.
    rmSync(join(root, `src/operations/${family}/${known.kebab}`), { recursive: true, force: true });
    rmSync(join(root, testPath(family, known)), { force: true });
    for (const { path, text } of before) writeFileSync(join(root, path), text);
    throw error;
  }
  process.stdout.write(`wrote ${written.join('\nwrote ')}\n`);
  process.stdout.write(`Next: npm run generate, then npm test -- ${testPath(family, known)}\n`);
}

function rewrite(path: string, change: (text: string) => string): void {
  writeFileSync(join(root, path), change(readFileSync(join(root, path), 'utf8')));
}

/** Line breaks depend on how long the names are, and the place of the import on the others. */
function tidy(paths: readonly string[]): void {
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
  const { status, stdout, stderr } = spawnSync(process.execPath, [biome, 'check', '--write', ...paths], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`What was written is not in order: ${stdout}${stderr}`);
}

function refuse(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
  process.exitCode = 1;
}
