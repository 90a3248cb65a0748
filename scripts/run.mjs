#!/usr/bin/env node
// `npm run <command>`. Runs on any Node.js from 20 on and needs no package: it is what installs them.
import { bootstrap } from './bootstrap.mjs';
import { build } from './commands/build.mjs';
import { check } from './commands/check.mjs';
import { runsFile } from './commands/file.mjs';
import { start } from './commands/start.mjs';
import { test, testLong } from './commands/test.mjs';
import { needs } from './lib/programs.mjs';
import { red, say, Told } from './lib/say.mjs';

/**
 * @typedef {object} Command
 * @property {string} summary
 * @property {readonly import('./lib/programs.mjs').ProgramName[]} need
 * @property {(args: readonly string[]) => Promise<number>} run answers the exit code
 */

/** @type {Record<string, Command>} */
const commands = {
  start: { summary: 'Starwarden, with its own database unless told of one', need: needs.nothing, run: start },
  demo: {
    summary: 'a small world, and what Starwarden does in it',
    need: needs.world,
    run: runsFile('sandbox/demo.ts'),
  },
  sandbox: { summary: 'the small world alone, for programs', need: needs.world, run: runsFile('sandbox/main.ts') },
  slack: { summary: 'the Slack stand-in alone', need: needs.nothing, run: runsFile('sandbox/slack/serve.ts') },
  'slack:as': {
    summary: "a person's hands in a Slack stand-in",
    need: needs.nothing,
    run: runsFile('sandbox/slack/cli.ts'),
  },
  compare: {
    summary: 'what the usual upgrade script does in each fault',
    need: needs.compare,
    run: runsFile('sandbox/usual-script/compare.ts'),
  },
  test: { summary: 'the tests; arguments are passed on to Vitest', need: needs.test, run: test },
  'test:long': { summary: 'the labs that take minutes each', need: needs.test, run: testLong },
  bench: { summary: 'benchmarks, all or one by name', need: needs.world, run: runsFile('bench/main.ts') },
  check: { summary: 'types, lint, generated files, import arrows', need: needs.nothing, run: check },
  generate: {
    summary: 'prints what is made from the operations',
    need: needs.nothing,
    run: runsFile('scripts/generate.ts'),
  },
  'new-operation': {
    summary: 'writes a new operation, its test and its line in the registry',
    need: needs.nothing,
    run: runsFile('scripts/new-operation.ts'),
  },
  'generate:tables': {
    summary: 'prints the typed tables from a database that all migrations were run on',
    need: needs.database,
    run: runsFile('scripts/generate-tables.ts'),
  },
  'generate:pictures': {
    summary: 'takes the pictures of alert messages that the documentation shows',
    need: needs.pictures,
    run: runsFile('scripts/generate-pictures.ts'),
  },
  build: { summary: 'dist/, for the container image', need: needs.nothing, run: build },
};

function usage() {
  const lines = Object.entries(commands).map(([name, { summary }]) => `  npm run ${name.padEnd(15)} ${summary}`);
  return `Commands:\n${lines.join('\n')}`;
}

async function main() {
  const [name = '', ...args] = process.argv.slice(2);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw new Told(name === '' ? 'No command given.' : `No such command: ${name}.`, usage());
  await bootstrap({ need: command.need });
  return command.run(args);
}

try {
  process.exitCode = await main();
} catch (error) {
  say(
    red(
      error instanceof Told ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error),
    ),
  );
  process.exitCode = 1;
}
