import { expect, it } from 'vitest';
import { allCommands } from '../../src/bot/commands/all.ts';
import { type HelpEntry, helpIndex } from '../../src/bot/views/help.ts';
import { textLength } from '../../src/bot/views/text.ts';
import { operations } from '../../src/operations/index.ts';

const commands = allCommands(new Map(operations.map((operation) => [operation.name, operation])));
const entries: readonly HelpEntry[] = commands.map(({ spec, summary, examples }) => ({
  ...{ verb: spec.verb, usage: spec.verb, summary, examples, allowed: true },
}));
/** As many verbs again, whose summaries are long. */
const more = entries.map((entry) => ({ ...entry, verb: `new-${entry.verb}`, summary: 'x'.repeat(150) }));

const sections = (all: readonly HelpEntry[]) =>
  (helpIndex(all, { isLinked: true }).blocks ?? []).flatMap((block) =>
    block.type === 'section' ? [block.text?.text ?? ''] : [],
  );

it.each([
  ['all that there are', entries],
  ['twice as many', [...entries, ...more]],
] as const)('the index of help names every verb, within the limits of Slack: %s', (_what, all) => {
  const shown = sections(all);
  for (const { verb } of all) expect(shown.join('\n')).toContain(`\`/sr ${verb}\``);
  for (const text of shown) expect(text.length).toBeLessThanOrEqual(3_000);
  expect(textLength(helpIndex(all, { isLinked: true }).blocks)).toBeLessThanOrEqual(9_000);
  expect(shown.join('\n')).not.toMatch(/… and \d+ more/);
  for (const { verb } of all) expect(helpIndex(all, { isLinked: true }).text).toContain(verb);
});

it('names nothing that the asker may not do', () => {
  const shown = sections(entries.map((entry) => ({ ...entry, allowed: entry.verb !== 'escalate' }))).join('\n');
  expect(shown).not.toContain('`/sr escalate`');
  expect(shown).toContain('`/sr why-not`');
});

it('says what each verb does', () => {
  const text = sections(entries).join('\n');
  expect(text).toMatch(/^`\/sr ack` Say that you take care of an alert\.$/m);
  expect(text).toMatch(/^`\/sr whoami` \S/m);
});
