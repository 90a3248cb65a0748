import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { cardKinds } from '../../src/store/slack/slack-cards.ts';
import { cardMessages, cardsByKind } from './card-messages.ts';
import { linesOf } from './shown.ts';

const views = new URL('../../src/bot/views/', import.meta.url);
const read = (name: string, at: URL) => readFileSync(new URL(name, at), 'utf8');
const calls = (name: string, source: string) => new RegExp(`(?<!function )\\b${name}\\(`).test(source);

/** Lines of lists, which stand in messages that are looked at as a whole. */
const ofLists = ['alertLine', 'memberLine'];

/** What makes a message, or a reply, by the name of its function. */
const makers = readdirSync(views).flatMap((file) =>
  read(file, views)
    .split(/^export /m)
    .flatMap((part) => {
      const name = /^function (\w+)\(/.exec(part)?.[1];
      const head = /^[\s\S]*?\): (\S+) \{\n/.exec(part);
      const isReply = name?.endsWith('Line') === true && head?.[1] === 'string' && !ofLists.includes(name);
      return name !== undefined && (head?.[1] === 'Message' || isReply) ? [name] : [];
    }),
);

/** Answers to one person that a test of their own holds against the worst text, since what they show takes much to build. */
const heldElsewhere: Readonly<Record<string, string>> = {
  ...{ tabletsView: 'tablets-view.test.ts', tablesView: 'tablets-view.test.ts', disksView: 'tablets-view.test.ts' },
  ...{ snapshotsView: 'repositories-view.test.ts', repositoriesView: 'repositories-view.test.ts' },
  ...{ rulesOfCluster: 'rules-view.test.ts', ruleDetails: 'rules-view.test.ts' },
  noiseView: 'noise-view.test.ts',
  ...{ retentionView: 'retention.test.ts', backupOverview: 'backup-overview.test.ts' },
};

/** Answers that are tried through the bot alone. None is added here: what is new is held against the worst text. */
const triedThroughTheBot = ['graphAnswer', 'graphPost', 'pictureOf', 'scheduleList', 'outlookMessage'];
/** `groupCard` makes it; and what takes words of ours as they are. */
const partsOfOthers = ['stormCard', 'notice'];

it('every kind of message is held against the worst that people may type', () => {
  const held = ['views.test.ts', 'card-messages.ts']
    .map((file) => read(file, new URL('./', import.meta.url)))
    .join('\n');
  expect(makers.length).toBeGreaterThan(40);
  const excused = [...triedThroughTheBot, ...partsOfOthers];
  const missing = makers.filter((name) => {
    if (excused.includes(name)) return false;
    const own = heldElsewhere[name];
    return !calls(name, held) && (own === undefined || !calls(name, read(own, new URL('./', import.meta.url))));
  });
  expect(missing).toEqual([]);
  expect([...excused, ...Object.keys(heldElsewhere)].filter((name) => !makers.includes(name))).toEqual([]);
});

it('every kind of card has an entry', () => {
  expect(Object.keys(cardsByKind('x')).toSorted()).toEqual(cardKinds.filter((kind) => kind !== 'RUN').toSorted());
  for (const messages of Object.values(cardsByKind('x'))) expect(Object.keys(messages)).not.toEqual([]);
});

it('no two cards differ by colour alone', () => {
  const signs = /^\S+ (?=\*)/;
  const colors = Map.groupBy(
    Object.values(cardMessages('x')).filter(({ attachments }) => attachments !== undefined),
    (message) =>
      linesOf(message)
        .map((line) => line.replace(signs, ''))
        .slice(0, 2)
        .join('\n'),
  );
  for (const [words, alike] of colors)
    expect([words, new Set(alike.map(({ attachments }) => attachments?.[0]?.color)).size]).toEqual([words, 1]);
});

it('no command is shown with words in pointed brackets, which Slack takes for a link', () => {
  const raw = readdirSync(views).flatMap((file) =>
    (read(file, views).match(/`\/sr [^`\n]*<[a-z]+>/g) ?? []).map((line) => `${file}: ${line}`),
  );
  expect(raw).toEqual([]);
});
