import { code, context, fitLines, type Message, safe, section } from './text.ts';

export type HelpEntry = {
  readonly verb: string;
  readonly usage: string;
  readonly summary: string;
  readonly examples: readonly string[];
  readonly allowed: boolean;
};

/** A short index of what the asker may do. */
export function helpIndex(entries: readonly HelpEntry[], { isLinked }: { isLinked: boolean }): Message {
  const allowed = entries.filter((entry) => entry.allowed);
  const lines = allowed.map((entry) => `${code(`/sr ${entry.verb}`, 60)} ${safe(entry.summary, 160)}`);
  const first = isLinked ? 'What you may do here' : 'Your Slack account is not linked yet: `/sr link` first';
  return {
    text: `${first}: ${safe(allowed.map((entry) => entry.verb).join(', '), 1_000)}`,
    blocks: [
      section(`*${first}*\n${fitLines(lines, 2_800)}`),
      context('`/sr help …` with a verb shows how it is typed.'),
    ],
  };
}

/** One verb with real examples. */
export function helpOfVerb(entry: HelpEntry): Message {
  const examples = entry.examples.map((example) => code(`/sr ${example}`, 200));
  const note = entry.allowed ? [] : ['You may not do this; ask an ADMIN for a role that can.'];
  const text = [`*${code(`/sr ${entry.usage}`, 600)}*`, safe(entry.summary, 400), ...examples, ...note].join('\n');
  return { text, blocks: [section(text)] };
}
