import { code, context, fitLines, type Message, packed, safe, section } from './text.ts';

export type HelpEntry = {
  readonly verb: string;
  readonly usage: string;
  readonly summary: string;
  readonly examples: readonly string[];
  readonly allowed: boolean;
};

const verbsOfGroup = {
  Look: [
    ...(['help', 'status', 'clusters', 'runs', 'run', 'backups', 'repositories', 'tablets', 'disks', 'graph'] as const),
    ...(['alerts', 'digest', 'rules', 'rule', 'noise', 'why', 'why-not', 'silences', 'on-call'] as const),
    ...(['calendar', 'schedules', 'retention'] as const),
  ],
  'Take care of alerts': [
    ...(['ack', 'unack', 'assign', 'note', 'resolve', 'escalate'] as const),
    ...(['silence', 'approve-silence', 'unsilence'] as const),
  ],
  'Decide about a run': ['cancel', 'pause', 'resume', 'retry', 'undo', 'approve', 'deny'],
  'Decide what begins by itself': ['hold', 'release', 'schedule'],
  Yourself: ['whoami', 'link'],
} as const satisfies Record<string, readonly string[]>;

const groupOfVerb: ReadonlyMap<string, string> = new Map(
  Object.entries(verbsOfGroup).flatMap(([group, verbs]) => verbs.map((verb) => [verb, group] as const)),
);

function groupOf(verb: string): string {
  return groupOfVerb.get(verb) ?? 'Do something to a cluster';
}

/** Slack takes some 9,000 characters in all blocks together, and 3,000 in one. */
const indexLength = 8_500;
const sectionLength = 2_800;
/** How long what a verb does may be said: the longest with which every verb has its place. */
const summaryLengths = [160, 100, 70, 40, 20, 0] as const;

/** An index of what the asker may do: every verb is named, whatever has to be shortened for that. */
export function helpIndex(entries: readonly HelpEntry[], { isLinked }: { isLinked: boolean }): Message {
  const allowed = entries.filter((entry) => entry.allowed);
  const groups = [...Map.groupBy(allowed, ({ verb }) => groupOf(verb))];
  const first = isLinked ? 'What you may do here' : 'Your Slack account is not linked yet: `/sr link` first';
  const [index = []] = summaryLengths.map((length) => indexOf(groups, length)).filter(isShort);
  return {
    text: `${first}: ${safe(allowed.map((entry) => entry.verb).join(', '), 3_500)}`,
    blocks: [
      section(`*${first}*`),
      ...(index.length === 0 ? [section(tooMany(allowed))] : index.map(section)),
      context('`/sr help …` with a verb shows how it is typed.'),
    ],
  };
}

/** As sections that Slack takes. `length` 0 = the verbs alone. */
function indexOf(groups: readonly (readonly [string, readonly HelpEntry[]])[], length: number): readonly string[] {
  const lines = groups.flatMap(([group, own]) => [
    `*${group}*`,
    ...own.map(({ verb, summary }) => `${code(`/sr ${verb}`, 60)}${length === 0 ? '' : ` ${safe(summary, length)}`}`),
  ]);
  return packed(lines, sectionLength, '\n').map((own) => own.join('\n'));
}

function isShort(sections: readonly string[]): boolean {
  return sections.join('').length <= indexLength;
}

/** Some hundreds of verbs. */
function tooMany(allowed: readonly HelpEntry[]): string {
  return fitLines(
    allowed.map(({ verb }) => code(verb, 60)),
    sectionLength,
  );
}

/** One verb with real examples. */
export function helpOfVerb(entry: HelpEntry): Message {
  const examples = entry.examples.map((example) => code(`/sr ${example}`, 200));
  const note = entry.allowed ? [] : ['You may not do this; ask an ADMIN for a role that can.'];
  const text = [`*${code(`/sr ${entry.usage}`, 600)}*`, safe(entry.summary, 400), ...examples, ...note].join('\n');
  return { text, blocks: [section(text)] };
}
