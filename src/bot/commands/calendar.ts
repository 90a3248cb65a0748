import { type Actor, canSomewhere } from '../../domain/access.ts';
import type { AutomationHold } from '../../domain/calendar.ts';
import type { Cluster } from '../../domain/cluster.ts';
import { calendarFor } from '../../domain/why-not-now.ts';
import { holdAutomation, releaseAutomation } from '../../store/calendar/holds.ts';
import { listBlackouts, listHolds, listWindows, readWholeCalendar } from '../../store/reads/calendar.ts';
import { listClusters } from '../../store/reads/clusters.ts';
import { wholeList } from '../../store/reads/visibility.ts';
import type { Bot, BotCommand } from '../bot.ts';
import { findClusterByWord, readableBy } from '../resolve.ts';
import { calendarView } from '../views/calendar.ts';
import { notice } from '../views/notices.ts';
import { code, date, safe } from '../views/text.ts';
import { readDuration } from './duration.ts';
import type { ParsedCommand } from './grammar.ts';

const hold: BotCommand = {
  spec: {
    verb: 'hold',
    positional: [{ name: 'cluster', kind: 'word', isOptional: true }],
    flags: [
      { name: 'reason', takesValue: true, isList: false, isRequired: true },
      { name: 'for', takesValue: true, isList: false },
    ],
  },
  summary: 'Let nothing begin by itself, on one cluster or on all. Runs that were begun go on.',
  examples: ['hold prod-eu --reason "disks are being moved" --for 2h', 'hold --reason "an incident"'],
  waiting: null,
  isAllowed: (actor) => canSomewhere(actor, 'automation:hold'),
  access: 'linked',
  async run(bot, { ask, actor, command }) {
    const { scope, called } = await readScope(bot, actor, command);
    const lasts = command.flags.get('for')?.[0];
    const until = lasts === undefined ? null : new Date(bot.now().getTime() + readDuration(lasts));
    const reason = command.flags.get('reason')?.[0] ?? '';
    await holdAutomation(bot.db, { scope, reason, until }, { actor, requestId: ask.id });
    const end = until === null ? `until ${code(`/sr release${wordOf(command)}`)}` : `until ${date(until, 'day')}`;
    return notice(
      `You hold ${called} ${end}: ${safe(reason, 300)}. Runs that were begun go on, people's commands pass, and alerts are not muted.`,
    );
  },
};

const release: BotCommand = {
  spec: {
    verb: 'release',
    positional: [
      { name: 'cluster', kind: 'word', isOptional: true },
      { name: 'note', kind: 'rest', isOptional: true },
    ],
    flags: [],
  },
  summary: 'End a hold, so that schedules fire again.',
  examples: ['release prod-eu', 'release prod-eu the disks are back', 'release'],
  waiting: null,
  isAllowed: (actor) => canSomewhere(actor, 'automation:hold'),
  access: 'linked',
  async run(bot, { ask, actor, command }) {
    const { scope, called } = await readScope(bot, actor, command);
    const comment = command.words.get('note')?.[0] ?? null;
    const ended = await releaseAutomation(bot.db, { scope, comment }, { actor, requestId: ask.id });
    const since = `It was held by ${safe(ended.heldByName, 60)} since ${date(ended.heldAt, 'day')}: ${safe(ended.reason, 300)}.`;
    return notice(`You released ${called}. ${since}${await stillHeld(bot, scope)}`);
  },
};

const calendar: BotCommand = {
  spec: { verb: 'calendar', positional: [{ name: 'cluster', kind: 'word', isOptional: true }], flags: [] },
  summary: 'Show holds, blackouts and maintenance windows, of one cluster or of all.',
  examples: ['calendar prod-eu', 'calendar'],
  waiting: null,
  isAllowed: (actor) => canSomewhere(actor, 'cluster:read'),
  access: 'linked',
  async run({ db, now }, { actor, command }) {
    const visibility = readableBy(actor);
    const word = command.words.get('cluster')?.[0];
    if (word !== undefined) {
      const cluster = await findClusterByWord(db, actor, word, { exact: false });
      const entries = calendarFor(await readWholeCalendar(db), placeOf(cluster));
      return calendarView({ calendar: entries, at: now(), clusterName: cluster.name, names: new Map() });
    }
    const clusters = await listClusters(db, { visibility, filter: {}, page: wholeList });
    const entries = {
      windows: await listWindows(db, visibility),
      blackouts: await listBlackouts(db, { visibility, past: false }),
      holds: await listHolds(db, { visibility, ended: false }),
    };
    const names = new Map(clusters.map(({ id, name }) => [id, name]));
    return calendarView({ calendar: entries, at: now(), clusterName: null, names });
  },
};

export const calendarCommands: readonly BotCommand[] = [hold, release, calendar];

/** Left out = everything; a name that is typed is the whole name, since what is held depends on it. */
async function readScope(
  bot: Bot,
  actor: Actor,
  command: ParsedCommand,
): Promise<{ scope: AutomationHold['scope']; called: string }> {
  const word = command.words.get('cluster')?.[0];
  if (word === undefined) return { scope: { kind: 'all' }, called: 'all automation' };
  const { id, name } = await findClusterByWord(bot.db, actor, word, { exact: true });
  return { scope: { kind: 'cluster', clusterId: id }, called: `the automation of ${code(name, 60)}` };
}

/** After a cluster's own hold is gone, one of everything may still cover it. */
async function stillHeld(bot: Bot, scope: AutomationHold['scope']): Promise<string> {
  if (scope.kind === 'all') return '';
  const holds = await listHolds(bot.db, { visibility: 'everywhere', ended: false });
  const wider = holds.find((each) => each.scope.kind === 'all');
  return wider === undefined
    ? ''
    : ` All automation is still held, by ${safe(wider.heldByName, 60)}: ${safe(wider.reason, 300)}.`;
}

function placeOf({ id, environment }: Cluster) {
  return { clusterId: id, environment };
}

function wordOf(command: ParsedCommand): string {
  const word = command.words.get('cluster')?.[0];
  return word === undefined ? '' : ` ${word}`;
}
