import { type Actor, canSomewhere } from '../../domain/access.ts';
import { alertName, type Severity, severities } from '../../domain/alert.ts';
import { keptInWords } from '../../domain/alert-retention.ts';
import type { Cluster } from '../../domain/cluster.ts';
import { nodeLabel } from '../../domain/node-identity.ts';
import type { Silence, SilenceMatchers } from '../../domain/silence.ts';
import { AppError } from '../../errors.ts';
import { findVisibleAlert } from '../../store/reads/alerts.ts';
import { listClusters, nodesOfClusters } from '../../store/reads/clusters.ts';
import { findVisibleSilence, listSilences, previewSilence } from '../../store/reads/silences.ts';
import { wholeList } from '../../store/reads/visibility.ts';
import {
  approveSilence,
  createSilence,
  endSilence,
  previewWanted,
  type WantedSilence,
} from '../../store/silences/silences.ts';
import type { Ask, Bot, BotCommand } from '../bot.ts';
import { findClusterByWord, nodeByWord, readableBy } from '../resolve.ts';
import { notice } from '../views/notices.ts';
import { previewWords, silenceList, silenceMade } from '../views/silences.ts';
import type { Message } from '../views/text.ts';
import { readDuration } from './duration.ts';
import type { ParsedCommand } from './grammar.ts';

type Call = { readonly ask: Ask; readonly actor: Actor };

const maySilence = (actor: Actor) => canSomewhere(actor, 'alert:silence');

const silence: BotCommand = {
  waiting: null,
  access: 'linked',
  isAllowed: maySilence,
  spec: {
    verb: 'silence',
    positional: [{ name: 'cluster', kind: 'word', isOptional: false }],
    flags: [
      { name: 'for', takesValue: true, isList: false, isRequired: true },
      { name: 'reason', takesValue: true, isList: false, isRequired: true },
      { name: 'rule', takesValue: true, isList: false },
      { name: 'node', takesValue: true, isList: false, isNode: true },
      { name: 'severity', takesValue: true, isList: true },
      { name: 'confirm', takesValue: true, isList: false },
    ],
  },
  summary: 'Tell nobody of certain alerts for a time: of a rule, a node, a severity. Says first which these are.',
  examples: [
    'silence prod-eu --node "be 10.0.0.11:9050" --for 2h --reason "its disk is changed"',
    'silence prod-eu --rule disk_* --severity HIGH,MEDIUM --for 4h --reason "disks are moved" --confirm prod-eu',
  ],
  async run(bot, { ask, actor, command }) {
    const flag = (name: string) => command.flags.get(name)?.[0];
    const cluster = await findClusterByWord(bot.db, actor, command.words.get('cluster')?.[0] ?? '', { exact: true });
    const wanted: WantedSilence = {
      scope: { kind: 'cluster', clusterId: cluster.id },
      matchers: await readMatchers(bot, cluster, command),
      until: new Date(bot.now().getTime() + readDuration(flag('for') ?? '')),
      reason: flag('reason') ?? '',
    };
    const confirm = flag('confirm');
    if (confirm === undefined) {
      const preview = await previewWanted(bot.db, { visibility: readableBy(actor), ...wanted });
      return notice(
        `${previewWords(preview, { isInForce: false })} *Nothing is silenced yet*: type it once more with \`--confirm ${cluster.name}\`.`,
      );
    }
    if (confirm !== cluster.name)
      throw new AppError('INVALID_INPUT', `--confirm names ${confirm}, not ${cluster.name}`, {
        hint: `Type --confirm ${cluster.name}.`,
      });
    return make(bot, { ask, actor }, wanted);
  },
};

/** Silences one alert from its card: its rule and its labels, on its cluster. */
export async function silenceAlert(
  bot: Bot,
  {
    alertId,
    forMs,
    reason,
    ...call
  }: Call & { readonly alertId: string; readonly forMs: number; readonly reason: string | null },
): Promise<Message> {
  const alert = await findVisibleAlert(bot.db, { visibility: readableBy(call.actor), id: alertId });
  if (alert === null)
    throw new AppError('NOT_FOUND', 'There is no such alert', {
      hint: `${keptInWords} /sr alerts lists those that are open.`,
    });
  return make(bot, call, {
    scope: { kind: 'cluster', clusterId: alert.clusterId },
    matchers: { rule: alert.rule, severities: null, labels: alert.labels },
    until: new Date(bot.now().getTime() + forMs),
    reason: reason ?? `from the card of ${alertName(alert)}`,
  });
}

const silences: BotCommand = {
  waiting: null,
  access: 'linked',
  spec: { verb: 'silences', positional: [], flags: [] },
  summary: 'List what is silenced now, and what waits for a second person.',
  examples: ['silences'],
  isAllowed: (actor) => canSomewhere(actor, 'cluster:read'),
  async run({ db, now }, { actor }) {
    const visibility = readableBy(actor);
    const clusters = await listClusters(db, { visibility, filter: {}, page: wholeList });
    const names = new Map(clusters.map(({ id, name }) => [id, name]));
    return silenceList(await listSilences(db, { visibility, ended: false }), { at: now(), names });
  },
};

/** What can be done to a silence that there is. */
function change(verb: string, { summary, decide }: { summary: string; decide: typeof endSilence }): BotCommand {
  return {
    waiting: null,
    access: 'linked',
    isAllowed: maySilence,
    spec: {
      verb,
      positional: [
        { name: 'silence', kind: 'word', isOptional: false },
        { name: 'note', kind: 'rest', isOptional: true },
      ],
      flags: [],
    },
    summary,
    examples: [`${verb} S-3`],
    async run(bot, { ask, actor, command }) {
      const { id } = await findSilenceByWord(bot, actor, command.words.get('silence')?.[0] ?? '');
      const comment = command.words.get('note')?.[0] ?? null;
      const changed = await decide(bot.db, { id, comment }, { actor, requestId: ask.id });
      return answerSilence(bot, actor, changed);
    },
  };
}

export const silenceCommands: readonly BotCommand[] = [
  silence,
  silences,
  change('approve-silence', {
    summary: 'Agree to a silence of somebody else that waits for a second person.',
    decide: approveSilence,
  }),
  change('unsilence', { summary: 'End a silence; what still fires is told as if it were new.', decide: endSilence }),
];

async function make(bot: Bot, { ask, actor }: Call, wanted: WantedSilence): Promise<Message> {
  const { approvalEnvironments } = bot.engine;
  return answerSilence(
    bot,
    actor,
    await createSilence(bot.db, wanted, { actor, requestId: ask.id, approvalEnvironments }),
  );
}

/** What an answer says of a silence that was just made, agreed to or ended. */
export async function answerSilence(bot: Bot, actor: Actor, made: Silence): Promise<Message> {
  const preview = await previewSilence(bot.db, { visibility: readableBy(actor), ...made });
  return silenceMade(made, { preview, at: bot.now() });
}

/** `S-3` or `3`. Throws `NOT_FOUND` also for a silence that the actor may not see. */
async function findSilenceByWord(bot: Bot, actor: Actor, word: string): Promise<Silence> {
  const digits = /^(?:s-?)?(\d{1,15})$/i.exec(word)?.[1];
  const visibility = readableBy(actor);
  const found = digits === undefined ? null : await findVisibleSilence(bot.db, { visibility, number: Number(digits) });
  if (found !== null) return found;
  throw new AppError('NOT_FOUND', `There is no silence ${word}`, {
    hint: 'Silences are called S-3; /sr silences lists them.',
  });
}

async function readMatchers(bot: Bot, cluster: Cluster, { flags }: ParsedCommand): Promise<SilenceMatchers> {
  const node = flags.get('node')?.[0];
  const named = flags.get('severity');
  return {
    rule: flags.get('rule')?.[0] ?? null,
    severities: named === undefined ? null : named.map(readSeverity),
    labels: node === undefined ? {} : { node: await labelOf(bot, cluster, node) },
  };
}

function readSeverity(word: string): Severity {
  const known = severities.find((severity) => severity === word.trim().toUpperCase());
  if (known !== undefined) return known;
  throw new AppError('INVALID_INPUT', `${word} is no severity`, { hint: `There is: ${severities.join(', ')}.` });
}

/** The label of one node, or a pattern as it was typed. A silence of a node that there is not would hide nothing. */
async function labelOf(bot: Bot, cluster: Cluster, word: string): Promise<string> {
  if (word.includes('*')) return word;
  const found = nodeByWord(await nodesOfClusters(bot.db, [cluster.id]), word);
  if ('node' in found) return nodeLabel(found.node);
  throw new AppError('NOT_FOUND', `${cluster.name} has ${found.isAmbiguous ? 'more than one' : 'no'} node ${word}`, {
    hint: `Its nodes: ${found.candidates.map(nodeLabel).slice(0, 30).join(', ') || 'none known'}.`,
  });
}
