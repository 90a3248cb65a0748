import type { KnownBlock } from '@slack/web-api';
import type { AutomationHold, Blackout, Calendar, CalendarScope, MaintenanceWindow } from '../../domain/calendar.ts';
import { isBlackedOutAt, isHeldAt } from '../../domain/why-not-now.ts';
import { nextOpening, openingAt } from '../../domain/window-times.ts';
import { code, context, count, date, fitLines, header, type Message, safe, section } from './text.ts';

/** Names of clusters by their ids, for entries that hold for one. */
export type ClusterNames = ReadonlyMap<string, string>;

/** What keeps the automation of a cluster from beginning, in a word or two for a list; null = nothing that is unusual. */
export function heldWord(calendar: Calendar, at: Date): string | null {
  if (calendar.holds.some((hold) => isHeldAt(hold, at))) return '*automation held*';
  return calendar.blackouts.some((blackout) => isBlackedOutAt(blackout, at)) ? '*blackout*' : null;
}

/** What a cluster's card says of its automation: holds, blackouts that are on, and windows; empty = nothing stands in its way. */
export function automationLines(calendar: Calendar, at: Date): readonly string[] {
  return [
    ...calendar.holds.filter((hold) => isHeldAt(hold, at)).map(holdLine),
    ...calendar.blackouts.filter((blackout) => isBlackedOutAt(blackout, at)).map((each) => blackoutLine(each, at)),
    ...calendar.windows.map((window) => windowLine(window, at)),
  ];
}

export type CalendarData = {
  readonly calendar: Calendar;
  readonly at: Date;
  /** Null = all that the asker may see. */
  readonly clusterName: string | null;
  readonly names: ClusterNames;
};

/** Holds, blackouts and windows of one cluster or of all, with what holds now in words. */
export function calendarView({ calendar, at, clusterName, names }: CalendarData): Message {
  const where = (scope: CalendarScope) => (clusterName === null ? ` · ${placeOf(scope, names)}` : '');
  const holds = calendar.holds.filter((hold) => isHeldAt(hold, at));
  const blackouts = calendar.blackouts.filter(({ until }) => at < until);
  const of = clusterName === null ? '' : ` of ${clusterName}`;
  const blocks: KnownBlock[] = [
    header(`Calendar${of}`),
    part(
      'Holds',
      holds.map((hold) => holdLine(hold) + where(hold.scope)),
      'Nothing is held.',
    ),
    part(
      'Blackouts',
      blackouts.map((each) => blackoutLine(each, at) + where(each.scope)),
      'None is on or to come.',
    ),
    part(
      'Maintenance windows',
      calendar.windows.map((window) => windowLine(window, at) + where(window.scope)),
      'There are none, so changes may begin by themselves at any time.',
    ),
    context('What is said here stops only what begins by itself. A command of yours is never stopped by it.'),
  ];
  const facts = [
    holds.length === 0 ? 'nothing is held' : count(holds.length, 'hold'),
    count(blackouts.length, 'blackout'),
    count(calendar.windows.length, 'maintenance window'),
  ];
  return { text: safe(`Calendar${of}: ${facts.join(', ')}.`, 300), blocks };
}

function part(title: string, lines: readonly string[], none: string): KnownBlock {
  return section(`*${title}*\n${lines.length === 0 ? none : fitLines(lines, 2500)}`);
}

function holdLine({ scope, until, heldByName, heldAt, reason }: AutomationHold): string {
  const what = scope.kind === 'all' ? 'all automation' : 'the automation of this cluster';
  const end = until === null ? 'until somebody releases it' : `until ${date(until, 'day')}`;
  return `*HELD*: ${what}, since ${date(heldAt, 'day')} ${end}, by ${safe(heldByName, 60)}: ${safe(reason, 300)}`;
}

function blackoutLine(blackout: Blackout, at: Date): string {
  const { name, from, until, ownerName, reason } = blackout;
  const state = isBlackedOutAt(blackout, at) ? '*ON*' : `from ${date(from, 'day')}`;
  return `${state} blackout "${safe(name, 64)}" until ${date(until, 'day')} for ${reachOf(blackout)}, by ${safe(ownerName, 60)}: ${safe(reason, 300)}`;
}

function windowLine(window: MaintenanceWindow, at: Date): string {
  return `${openOrNot(window, at)} window "${safe(window.name, 64)}" for ${reachOf(window)}, ${code(window.cron)} ${safe(window.timeZone, 64)}, ${window.durationMinutes} min${hides(window)}, by ${safe(window.ownerName, 60)}: ${safe(window.reason, 200)}`;
}

function hides({ hidesAlertsUpTo: upTo }: MaintenanceWindow): string {
  return upTo === null ? '' : `, hides alerts up to ${upTo} while it is open`;
}

function openOrNot(window: MaintenanceWindow, at: Date): string {
  const open = openingAt(window, at);
  if (open !== null) return `*OPEN* until ${date(open.closesAt, 'day')}:`;
  const next = nextOpening(window, at);
  return next === null ? '*CLOSED*, never opens again:' : `*CLOSED* until ${date(next.opensAt, 'day')}:`;
}

function reachOf({ appliesTo }: Pick<Blackout, 'appliesTo'>): string {
  return appliesTo === 'CHANGES' ? 'changes' : 'everything that begins by itself';
}

function placeOf(scope: CalendarScope, names: ClusterNames): string {
  switch (scope.kind) {
    case 'all':
      return 'all clusters';
    case 'environment':
      return `all clusters of ${safe(scope.environment, 60)}`;
    case 'cluster':
      return code(names.get(scope.clusterId) ?? 'a cluster', 60);
    default:
      return scope satisfies never;
  }
}
