import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { neededScopes } from '../../src/bot/checks.ts';
import { allCommands } from '../../src/bot/commands/all.ts';
import { parseCommand } from '../../src/bot/commands/grammar.ts';
import { shippedRules } from '../../src/domain/rules/shipped/index.ts';
import { operations } from '../../src/operations/index.ts';

const page = readFileSync(new URL('../../docs/slack.md', import.meta.url), 'utf8');

it('the manifest in the guide asks for the scopes that the bot needs, and no others', () => {
  const asked = [...page.matchAll(/^ {9}- (\S+)$/gm)].map((match) => match[1]);
  expect(asked).toEqual(Object.keys(neededScopes));
});

it('the guide names every command of our own', () => {
  const verbs = allCommands(new Map()).map((command) => command.spec.verb);
  const unnamed = verbs.filter((verb) => !page.includes(`/sr ${verb}`) && !page.includes(`\`${verb}\``));
  expect(unnamed).toEqual([]);
});

const root = fileURLToPath(new URL('../..', import.meta.url));

it('the README leads to every page for people who run clusters', () => {
  const readme = readFileSync(`${root}README.md`, 'utf8');
  const pages = globSync(['docs/*.md', 'docs/*/README.md', 'docs/{monitoring,reference}/*.md'], { cwd: root });
  expect(pages.length).toBeGreaterThan(20);
  expect(pages.filter((name) => !readme.includes(`(${name})`))).toEqual([]);
});
const specs = allCommands(new Map(operations.map((operation) => [operation.name, operation]))).map(({ spec }) => spec);
/** Commands in the pages, whole ones only: `/sr status …`, `/sr upgrade <cluster>` and a bare `/sr restart` stand for many. */
const commands = globSync(['README.md', 'docs/**/*.md'], { cwd: root }).flatMap((name) => {
  const text = readFileSync(`${root}${name}`, 'utf8');
  return [...text.matchAll(/`\/sr ([^`\n]+ [^`\n]+)`/g), ...text.matchAll(/^\/sr (.+?)(?: {2,}.*)?$/gm)].flatMap(
    ([, line = '']) => (/…|[<[|]/.test(line) ? [] : [[name, line] as const]),
  );
});
/** The page on Slack says of it that it is refused. */
const misspelt = 'cancel R-12 --dry-rn';

it('the rules and their runbooks name commands and operations that there are', () => {
  const said = [
    ...shippedRules.flatMap(({ means, todo }) => [means, todo]),
    readFileSync(`${root}docs/monitoring/runbooks.md`, 'utf8'),
  ].join('\n');
  const verbs = new Set([...said.matchAll(/\/sr ([a-z-]+)/g)].map(([, verb = '']) => verb));
  expect(verbs.size).toBeGreaterThan(12);
  expect([...verbs].filter((verb) => !specs.some((spec) => spec.verb === verb))).toEqual([]);
});

it('finds commands in the pages', () => {
  expect(commands.length).toBeGreaterThan(20);
  expect(parseCommand(misspelt, specs)).toHaveProperty('failure');
});

it.each(commands.filter(([, line]) => line !== misspelt))('%s: the bot reads /sr %s', (_page, line) => {
  expect(parseCommand(line, specs)).not.toHaveProperty('failure');
});
