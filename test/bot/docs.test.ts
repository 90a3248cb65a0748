import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { neededScopes } from '../../src/bot/checks.ts';
import { allCommands } from '../../src/bot/commands/all.ts';

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
