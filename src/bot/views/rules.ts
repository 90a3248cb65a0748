import type { KnownBlock } from '@slack/web-api';
import { hidingInWords, overrideInWords, titleInWords, whenInWords } from '../../domain/rules/in-words.ts';
import { type OverrideSubject, type RuleOverride, whyNotInForce } from '../../domain/rules/override.ts';
import { type AlertRule, ruleFamilies } from '../../domain/rules/rule.ts';
import {
  changeInWords,
  notInForceInWords,
  pendingInWords,
  type RuleStanding,
  type StandingRule,
  unknownInWords,
} from '../../domain/rules/standing.ts';
import { type WatchedCluster, whyBlind } from '../../domain/rules/watched.ts';
import type { listOverrides } from '../../store/reads/rules.ts';
import { runbookButton } from './alert-controls.ts';
import type { ClusterNames } from './calendar.ts';
import { code, context, count, date, fitLines, header, type Message, packed, safe, section, sentence } from './text.ts';

/** Slack takes some 9,000 characters in all blocks together, and 3,000 in one. */
const sectionLength = 2_800;
const pageLength = 7_500;

const signs = {
  FIRING: '🔴',
  PENDING: '⏳',
  UNKNOWN: '❔',
  QUIET: '🟢',
  OFF: '⏸',
} as const satisfies Record<RuleStanding, string>;

export type RulesData = {
  readonly watched: WatchedCluster;
  readonly all: readonly StandingRule[];
  /** Those that were asked for, in the order of all. */
  readonly chosen: readonly StandingRule[];
  /** What is typed for the same list, without the page. */
  readonly line: string;
  readonly page: number;
  readonly isPlain: boolean;
};

/** The rules of a cluster, a page of them. */
export function rulesOfCluster({ watched, all, chosen, line, page, isPlain }: RulesData): Message {
  const name = watched.cluster.name;
  const counts = countsInWords(all);
  const text = safe(`${count(all.length, 'alert rule')} of ${name}: ${counts}.`, 300);
  if (chosen.length === 0)
    return {
      text,
      blocks: [section(`${text} *None of them* is what you asked for with ${code(`/sr ${line}`, 200)}.`)],
    };
  const pages = pagesOf(chosen.map((each) => (isPlain ? plainLine(each) : lineOf(each, watched))));
  const shown = pages[page - 1];
  if (shown === undefined)
    return {
      text,
      blocks: [section(`There is *no page ${page}*: ${code(`/sr ${line}`, 200)} has ${count(pages.length, 'page')}.`)],
    };
  const next = page < pages.length ? ` ${code(`/sr ${line} --page ${page + 1}`, 300)} shows more.` : '';
  const blind = whyBlind(watched);
  const part =
    chosen.length === all.length ? '' : ` Shown: ${chosen.length} of ${all.length}, by ${code(`/sr ${line}`, 200)}.`;
  const looked = watched.look === null ? '' : ` Last look: ${date(watched.look.at)}.`;
  return {
    text,
    blocks: [
      ...(isPlain
        ? [section(`${text}${part}`)]
        : [header(`Alert rules of ${name}`), section(`${safe(counts, 300)}.${looked}${part}`)]),
      ...(blind === null ? [] : [section(`*Nothing is known now*: ${safe(blind, 200)}.`)]),
      ...shown.map((part) => section(isPlain ? `\`\`\`${part}\`\`\`` : part)),
      context(
        `${pages.length === 1 ? '' : `Page ${page} of ${pages.length}.${next} `}${code('/sr rule … '.trim())} with a name and ${code(name, 60)} shows one of them, ${code('/sr why-not …')} says why it is quiet.`,
      ),
    ],
  };
}

function countsInWords(all: readonly StandingRule[]): string {
  const words = {
    FIRING: 'firing',
    PENDING: 'about to fire',
    UNKNOWN: 'not known',
    QUIET: 'quiet',
    OFF: 'switched off',
  };
  const groups = Map.groupBy(all, ({ standing }) => standing);
  const parts = [...groups].map(([standing, own]) => `${own.length} ${words[standing]}`);
  const changed = all.filter(({ changedBy }) => changedBy.length > 0).length;
  return [...parts, ...(changed === 0 ? [] : [`${changed} changed by people`])].join(', ');
}

function lineOf(each: StandingRule, watched: WatchedCluster): string {
  const { standing, rule, effective, changedBy, words } = each;
  // The words say already by whom it was switched off.
  const changed = changedBy.filter((one) => one !== effective.off).map((one) => changeInWords(rule, one, watched));
  const note = changed.length === 0 ? '' : `\n      changed: ${safe(changed.join('; '), 200)}`;
  const past = each.notInForce.map((one) => notInForceInWords(rule, one, watched));
  const lost = past.length === 0 ? '' : `\n      counts no more: ${safe(past.join('; '), 300)}`;
  return `${signs[standing]} *${standing}* ${code(rule.name, 70)} ${effective.severity ?? rule.severity} · ${safe(words, 300)}${note}${lost}`;
}

/** The same without signs, for screen readers and for copying. */
function plainLine({ standing, rule, effective, words }: StandingRule): string {
  const text = `${standing} ${rule.name} ${effective.severity ?? rule.severity}: ${words}`;
  return safe(text.replaceAll('`', "'"), 400);
}

/** Lines as sections, and sections as pages: no line is cut in two or left out. */
function pagesOf(lines: readonly string[]): readonly (readonly string[])[] {
  const sections = packed(lines, sectionLength, '\n').map((own) => own.join('\n'));
  return packed(sections, pageLength, '');
}

type Kept = Awaited<ReturnType<typeof listOverrides>>[number];

export type RuleData = {
  readonly rule: AlertRule;
  readonly now: Date;
  /** Of this rule, that the reader may see, newest first, past ones too. */
  readonly overrides: readonly Kept[];
  /** What each of them is about, as it is now, by its id. */
  readonly subjects: ReadonlyMap<string, OverrideSubject>;
  readonly names: ClusterNames;
  /** How it stands on a cluster; null = none was named. `standing` null = the rule does not hold there. */
  readonly on: { readonly watched: WatchedCluster; readonly standing: StandingRule | null } | null;
  /** Where people read the files of this repository, ends with a slash; null = the runbook is named without a link. */
  readonly docsUrl: string | null;
};

/** One rule, with all that is known of it. */
export function ruleDetails({ rule, now, overrides, subjects, names, on, docsUrl }: RuleData): Message {
  const here = on?.standing?.effective;
  const stands =
    on?.standing == null ? '' : ` ${on.standing.standing} on ${on.watched.cluster.name}: ${on.standing.words}`;
  return {
    text: safe(`${rule.name} ${rule.severity}: ${titleInWords(rule)}.${stands}`, 300),
    blocks: [
      header(`${rule.name} · ${rule.severity} · ${ruleFamilies[rule.family]}`),
      section(
        [
          `*${safe(titleInWords(rule), 200)}*`,
          safe(
            [rule.means, rule.todo === '' ? '' : `*Do:* ${rule.todo}`].filter((part) => part !== '').join(' '),
            1_200,
          ),
        ]
          .filter((part) => part !== '')
          .join('\n'),
      ),
      ...(on?.standing == null ? [] : standingBlocks(on.standing, on.watched)),
      section(
        [
          `*When:* ${safe(whenInWords(rule, here), 600)}`,
          `*Hidden by:* ${safe(hidingInWords(rule), 600)}`,
          ...also(rule),
        ].join('\n'),
      ),
      section(fitLines(historyLines({ rule, overrides, subjects, names, now }), 1_500)),
      ...(rule.runbook === null ? [] : [runbookBlock({ ...rule, runbook: rule.runbook }, docsUrl)]),
    ],
  };
}

/** As the alert's message shows it: a button that only opens the page. */
function runbookBlock({ name, runbook }: { name: string; runbook: string }, docsUrl: string | null): KnownBlock {
  if (docsUrl === null) return context(`Runbook: ${code(runbook, 120)}`);
  return { type: 'actions', elements: [runbookButton(`${docsUrl}${runbook}`, name)] };
}

function also({ isGuarded, action }: AlertRule): readonly string[] {
  return [
    ...(isGuarded === true ? ['Where runs need approval, nobody switches it off or makes it less strict.'] : []),
    ...(action === null ? [] : [`The operation that mends it, as a rule: ${code(action)}.`]),
  ];
}

const mostValues = 12;

function standingBlocks(
  { rule, standing, words, values, unknown, pending, changedBy, notInForce }: StandingRule,
  watched: WatchedCluster,
): readonly KnownBlock[] {
  const more = values.length - mostValues;
  const lines = [
    `${signs[standing]} *${standing}* on ${code(watched.cluster.name, 60)}: ${safe(words, 500)}`,
    ...changedBy.map((each) => `Changed here: ${safe(changeInWords(rule, each, watched), 250)}`),
    ...notInForce.map((each) => `Counts no more: ${safe(notInForceInWords(rule, each, watched), 300)}`),
    ...(values.length <= 1 ? [] : values.slice(0, mostValues).map((each) => `• ${safe(each.words, 160)}`)),
    ...(more > 0 ? [`… and ${more} more, further from the threshold`] : []),
    ...pending.map((each) => `⏳ ${safe(pendingInWords(each, watched), 250)}`),
    ...unknownInWords(unknown).map((each) => `❔ ${safe(each, 250)}`),
  ];
  return [section(fitLines(lines, sectionLength))];
}

/** What people changed of it, everywhere that the reader may see. */
function historyLines({ rule, overrides, subjects, names, now }: Omit<RuleData, 'on' | 'docsUrl'>): readonly string[] {
  if (overrides.length === 0) return ['*Changed by people:* nothing that you may see.'];
  return [
    '*Changed by people:*',
    ...overrides.map((each) => {
      const { ended, until, at } = each;
      const isOver = ended !== null || (until !== null && until <= now);
      const end =
        ended === null
          ? ''
          : ` Ended ${date(ended.at, 'day')} by ${safe(ended.byName, 60)}: ${safe(ended.reason, 120)}.`;
      const subject = subjects.get(each.id);
      const lost = isOver || subject === undefined ? null : whyNotInForce(rule, each, { at: now, subject });
      const word = isOver ? '_over:_ ' : lost === null ? '' : `_counts no more, ${safe(lost, 150)}:_ `;
      return `• ${word}${placeOf(each, names)}, ${date(at, 'day')}: ${safe(sentence(overrideInWords(rule, each)), 250)}${end}`;
    }),
  ];
}

function placeOf({ scope }: RuleOverride, names: ClusterNames): string {
  switch (scope.kind) {
    case 'all':
      return 'everywhere';
    case 'environment':
      return `all of ${code(scope.environment, 60)}`;
    case 'cluster':
      return code(names.get(scope.clusterId) ?? scope.clusterId, 60);
    case 'node':
      return `one node of ${code(names.get(scope.clusterId) ?? scope.clusterId, 60)}`;
    default:
      return scope satisfies never;
  }
}
