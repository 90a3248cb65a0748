import { code, context, fitLines, type Message, safe, section } from './text.ts';

export type HelpEntry = {
  readonly verb: string;
  readonly usage: string;
  readonly summary: string;
  readonly examples: readonly string[];
  readonly allowed: boolean;
};

const groupOfVerb: ReadonlyMap<string, string> = new Map([
  ...['help', 'status', 'clusters', 'runs', 'run', 'alerts', 'rules', 'rule', 'why', 'why-not'].map(
    (verb) => [verb, 'Look'] as const,
  ),
  ...['cancel', 'pause', 'resume', 'retry', 'undo', 'approve', 'deny'].map(
    (verb) => [verb, 'Decide about a run'] as const,
  ),
  ...['ack', 'unack'].map((verb) => [verb, 'Take care of an alert'] as const),
  ...['whoami', 'link'].map((verb) => [verb, 'Yourself'] as const),
]);

function groupOf(verb: string): string {
  return groupOfVerb.get(verb) ?? 'Do something to a cluster';
}

/** A short index of what the asker may do. */
export function helpIndex(entries: readonly HelpEntry[], { isLinked }: { isLinked: boolean }): Message {
  const allowed = entries.filter((entry) => entry.allowed);
  const groups = [...Map.groupBy(allowed, ({ verb }) => groupOf(verb))].flatMap(([group, own]) => [
    `*${group}*`,
    ...own.map((entry) => `${code(`/sr ${entry.verb}`, 60)} ${safe(entry.summary, 160)}`),
  ]);
  const first = isLinked ? 'What you may do here' : 'Your Slack account is not linked yet: `/sr link` first';
  return {
    text: `${first}: ${safe(allowed.map((entry) => entry.verb).join(', '), 1_000)}`,
    blocks: [
      section(`*${first}*\n${fitLines(groups, 2_800)}`),
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
