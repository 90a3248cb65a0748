import { context, fitLines, type Message, safe, section } from './text.ts';

export type HelpEntry = {
  readonly verb: string;
  readonly usage: string;
  readonly summary: string;
  readonly examples: readonly string[];
  readonly allowed: boolean;
};

/** A short index of what the asker may do. */
export function helpIndex(entries: readonly HelpEntry[], { isLinked }: { isLinked: boolean }): Message {
  const lines = entries
    .filter((entry) => entry.allowed)
    .map((entry) => `\`/sr ${entry.verb}\` ${safe(entry.summary, 160)}`);
  const first = isLinked ? 'What you may do here' : 'Your Slack account is not linked yet: `/sr link` first';
  return {
    text: `${first}: ${entries
      .filter((entry) => entry.allowed)
      .map((entry) => entry.verb)
      .join(', ')}`,
    blocks: [
      section(`*${first}*\n${fitLines(lines, 2800)}`),
      context('`/sr help <verb>` shows how one of them is typed.'),
    ],
  };
}

/** One verb with real examples. */
export function helpOfVerb(entry: HelpEntry): Message {
  const examples = entry.examples.map((example) => `\`/sr ${safe(example, 200).replaceAll('`', "'")}\``);
  const note = entry.allowed ? [] : ['You may not do this; ask an ADMIN for a role that can.'];
  const text = [`*\`/sr ${safe(entry.usage, 500)}\`*`, safe(entry.summary, 400), ...examples, ...note].join('\n');
  return { text, blocks: [section(text)] };
}
