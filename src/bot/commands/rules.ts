import { type Actor, canSomewhere } from '../../domain/access.ts';
import { type AlertRule, type RuleFamily, ruleFamilies } from '../../domain/rules/rule.ts';
import { findShippedRule, shippedRules } from '../../domain/rules/shipped/index.ts';
import {
  type RuleStanding,
  ruleStandings,
  type StandingRule,
  standingOf,
  standingsOf,
} from '../../domain/rules/standing.ts';
import { AppError } from '../../errors.ts';
import { listClusters } from '../../store/reads/clusters.ts';
import { listOverrides, listOwnRules, subjectsOfOverrides } from '../../store/reads/rules.ts';
import { wholeList } from '../../store/reads/visibility.ts';
import { readWatched } from '../../store/reads/watched.ts';
import type { Bot, BotCommand } from '../bot.ts';
import { findClusterByWord, readableBy } from '../resolve.ts';
import { ruleDetails, rulesOfCluster } from '../views/rules.ts';
import { closest } from './closest.ts';

/** What may stand behind `--only`: a standing, or `changed` for what people changed. */
const onlyWords = [...ruleStandings.map((standing) => standing.toLowerCase()), 'changed'];

export const rules: BotCommand = {
  spec: {
    verb: 'rules',
    positional: [{ name: 'cluster', kind: 'word', isOptional: false }],
    flags: [
      { name: 'only', takesValue: true, isList: true },
      { name: 'family', takesValue: true, isList: false },
      { name: 'page', takesValue: true, isList: false },
      { name: 'plain', takesValue: false, isList: false },
    ],
  },
  summary: 'List the alert rules of a cluster with their present values, the nearest to an alert first.',
  examples: ['rules prod-eu', 'rules prod-eu --only firing,pending,unknown', 'rules prod-eu --family disks --plain'],
  waiting: null,
  isAllowed: (actor) => canSomewhere(actor, 'cluster:read'),
  access: 'linked',
  async run(bot, { actor, command }) {
    const cluster = await findClusterByWord(bot.db, actor, command.words.get('cluster')?.[0] ?? '', { exact: false });
    const only = (command.flags.get('only') ?? []).map(readOnly);
    const family = readFamily(command.flags.get('family')?.[0]);
    const watched = await readWatched(bot.db, cluster, bot.now());
    const all = standingsOf(watched);
    const isWanted = (each: StandingRule) =>
      (family === null || each.rule.family === family) && (only.length === 0 || only.some((word) => isIn(each, word)));
    return rulesOfCluster({
      ...{ watched, all, chosen: all.filter(isWanted), line: ask(cluster.name, command.flags) },
      page: readPage(command.flags.get('page')?.[0]),
      isPlain: command.flags.has('plain'),
    });
  },
};

function isIn({ standing, changedBy }: StandingRule, word: RuleStanding | 'changed'): boolean {
  return word === 'changed' ? changedBy.length > 0 : standing === word;
}

function readOnly(word: string): RuleStanding | 'changed' {
  const wanted = word.trim().toLowerCase();
  const standing = ruleStandings.find((each) => each.toLowerCase() === wanted);
  if (standing !== undefined) return standing;
  if (wanted === 'changed') return 'changed';
  throw new AppError('INVALID_INPUT', `--only does not know ${word}`, { hint: `There is: ${onlyWords.join(', ')}.` });
}

function readFamily(word: string | undefined): RuleFamily | null {
  if (word === undefined) return null;
  const families = Object.keys(ruleFamilies);
  const isFamily = (each: string): each is RuleFamily => families.includes(each);
  const wanted = word.trim().toLowerCase();
  if (isFamily(wanted)) return wanted;
  throw new AppError('INVALID_INPUT', `There is no family of rules ${word}`, {
    hint: `There is: ${families.join(', ')}.`,
  });
}

function readPage(word: string | undefined): number {
  if (word === undefined) return 1;
  if (/^[1-9]\d{0,3}$/.test(word)) return Number(word);
  throw new AppError('INVALID_INPUT', `${word} is no page`, { hint: 'Pages are counted from 1.' });
}

/** What is typed for another page of the same list. */
function ask(cluster: string, flags: ReadonlyMap<string, readonly string[]>): string {
  const only = flags.get('only');
  const family = flags.get('family')?.[0];
  return [
    `rules ${cluster}`,
    ...(only === undefined ? [] : [`--only ${only.join(',')}`]),
    ...(family === undefined ? [] : [`--family ${family}`]),
    ...(flags.has('plain') ? ['--plain'] : []),
  ].join(' ');
}

export const rule: BotCommand = {
  spec: {
    verb: 'rule',
    positional: [
      { name: 'rule', kind: 'word', isOptional: false },
      { name: 'cluster', kind: 'word', isOptional: true },
    ],
    flags: [],
  },
  summary:
    'Show one alert rule: what it means, what to do, what hides it, who changed it, and its values on a cluster.',
  examples: ['rule disk_filling', 'rule disk_filling prod-eu'],
  waiting: null,
  isAllowed: (actor) => canSomewhere(actor, 'cluster:read'),
  access: 'linked',
  async run(bot, { actor, command }) {
    const visibility = readableBy(actor);
    const place = command.words.get('cluster')?.[0];
    const cluster = place === undefined ? null : await findClusterByWord(bot.db, actor, place, { exact: false });
    const watched = cluster === null ? null : await readWatched(bot.db, cluster, bot.now());
    const found = await findRuleByWord(bot, actor, {
      word: command.words.get('rule')?.[0] ?? '',
      here: watched?.book.rules ?? null,
    });
    const clusters = await listClusters(bot.db, { visibility, filter: {}, page: wholeList });
    const overrides = await listOverrides(bot.db, { visibility, rules: [found.name], past: true });
    const subjects = await subjectsOfOverrides(
      bot.db,
      overrides.map(({ id }) => id),
    );
    return ruleDetails({
      rule: found,
      now: bot.now(),
      overrides,
      subjects: new Map(subjects.map((each) => [each.id, each])),
      names: new Map(clusters.map(({ id, name }) => [id, name])),
      on: watched === null ? null : { watched, standing: standingOf(found, watched) },
      docsUrl: bot.settings.docsUrl,
    });
  },
};

type Naming = { readonly word: string; readonly here: readonly AlertRule[] | null };

/** A rule by its name: of a cluster, or of all that the actor may see. Throws `NOT_FOUND`. */
export async function findRuleByWord(bot: Bot, actor: Actor, { word, here }: Naming): Promise<AlertRule> {
  const name = word.trim().toLowerCase();
  const known = here?.find((each) => each.name === name) ?? findShippedRule(name);
  if (known !== undefined) return known;
  const own = await listOwnRules(bot.db, { visibility: readableBy(actor), removed: false });
  const found = own.find((each) => each.rule.name === name);
  if (found !== undefined && here === null) return found.rule;
  const names = (here ?? [...shippedRules, ...own.map((each) => each.rule)]).map((each) => each.name);
  const meant = closest(name, names);
  throw new AppError(
    'NOT_FOUND',
    `There is no alert rule ${word.slice(0, 80)}${here === null ? '' : ' on this cluster'}`,
    {
      hint: meant === null ? '/sr rules lists those of a cluster.' : `Did you mean ${meant}?`,
    },
  );
}
