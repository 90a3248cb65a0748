import type { Risk } from './approval.ts';
import type {
  AutomationHold,
  Beginning,
  Blackout,
  Calendar,
  CalendarReach,
  CalendarScope,
  Inaction,
  MaintenanceWindow,
} from './calendar.ts';
import { whyUnreadable } from './cron.ts';
import { inUtc } from './utc.ts';
import { nextOpening, openingAt } from './window-times.ts';
import { count } from './words.ts';

/**
 * Why nothing may begin by itself at this moment; null = it may. A hold stops everything, a blackout and the absence of an
 * open window what they are about; the first of these that stops it is named. A person's command is never stopped by this.
 */
export function whyNotNow(calendar: Calendar, beginning: Beginning): Inaction | null {
  const covering = calendarFor(calendar, beginning);
  return (
    heldBy(covering.holds, beginning) ??
    blackedOutBy(covering.blackouts, beginning) ??
    outside(covering.windows, beginning)
  );
}

/** The entries of a calendar that cover a cluster. */
export function calendarFor<H extends AutomationHold>(
  calendar: Omit<Calendar, 'holds'> & { readonly holds: readonly H[] },
  cluster: Pick<Beginning, 'clusterId' | 'environment'>,
): Omit<Calendar, 'holds'> & { readonly holds: readonly H[] } {
  return {
    windows: calendar.windows.filter(({ scope }) => coversCluster(scope, cluster)),
    blackouts: calendar.blackouts.filter(({ scope }) => coversCluster(scope, cluster)),
    holds: calendar.holds.filter(({ scope }) => coversCluster(scope, cluster)),
  };
}

export function coversCluster(
  scope: CalendarScope,
  { clusterId, environment }: Pick<Beginning, 'clusterId' | 'environment'>,
): boolean {
  switch (scope.kind) {
    case 'all':
      return true;
    case 'environment':
      return scope.environment === environment;
    case 'cluster':
      return scope.clusterId === clusterId;
    default:
      return scope satisfies never;
  }
}

/** Whether an entry with this reach is about an operation of this risk. */
export function isAbout(reach: CalendarReach, risk: Risk): boolean {
  return reach === 'EVERYTHING' || risk === 'high' || risk === 'destructive';
}

/** Whether a hold still holds: its end is the first moment at which it does not. */
export function isHeldAt({ until }: Pick<AutomationHold, 'until'>, at: Date): boolean {
  return until === null || at < until;
}

/** Whether a blackout is on: its begin belongs to it, its end does not. */
export function isBlackedOutAt({ from, until }: Pick<Blackout, 'from' | 'until'>, at: Date): boolean {
  return from <= at && at < until;
}

/** The hold that lasts longest, of those that hold. */
export function lastingHold(holds: readonly AutomationHold[], at: Date): AutomationHold | null {
  const [first] = holds.filter((hold) => isHeldAt(hold, at)).toSorted((a, b) => endOf(b) - endOf(a));
  return first ?? null;
}

function heldBy(holds: readonly AutomationHold[], { at }: Beginning): Inaction | null {
  const hold = lastingHold(holds, at);
  if (hold === null) return null;
  const what = hold.scope.kind === 'all' ? 'All automation' : 'The automation of this cluster';
  const end = hold.until === null ? 'until somebody releases it' : `until ${inUtc(hold.until)}`;
  return { code: 'HELD', message: `${what} is held ${end}, by ${hold.heldByName}: ${hold.reason}` };
}

function blackedOutBy(blackouts: readonly Blackout[], { at, risk }: Beginning): Inaction | null {
  const [blackout] = blackouts
    .filter((each) => isAbout(each.appliesTo, risk) && isBlackedOutAt(each, at))
    .toSorted((a, b) => endOf(b) - endOf(a));
  if (blackout === undefined) return null;
  const { name, until, ownerName, reason } = blackout;
  return { code: 'BLACKOUT', message: `Blackout "${name}" until ${inUtc(until)}, by ${ownerName}: ${reason}` };
}

function outside(windows: readonly MaintenanceWindow[], { at, risk }: Beginning): Inaction | null {
  const about = windows.filter(({ appliesTo }) => isAbout(appliesTo, risk));
  if (about.length === 0 || about.some((window) => openingAt(window, at) !== null)) return null;
  const next = nextWindow(about, at);
  const unreadable = unreadableOf(about);
  if (next === null) {
    const which = about.map(({ name }) => `"${name}"`).join(', ');
    return {
      code: 'OUTSIDE_WINDOW',
      message: `Outside the maintenance windows, and none of them opens again: ${which}${unreadable}`,
    };
  }
  const { name, ownerName, reason } = next.window;
  const others = about.length === 1 ? '' : ` (the next of ${count(about.length, 'window')})`;
  return {
    code: 'OUTSIDE_WINDOW',
    message: `Outside the maintenance window "${name}"${others}, which opens ${inUtc(next.opensAt)}, by ${ownerName}: ${reason}${unreadable}`,
  };
}

/** A window that cannot be read might be open now; nobody knows, so it is not. */
function unreadableOf(windows: readonly MaintenanceWindow[]): string {
  const found = windows.flatMap((window) => {
    const why = whyUnreadable(window);
    return why === null ? [] : [`"${window.name}" counts as closed, since ${why}`];
  });
  return found.length === 0 ? '' : ` (${found.join('; ')})`;
}

/** Which of these windows opens next after a moment, and when; null = none of them does. */
export function nextWindow(
  windows: readonly MaintenanceWindow[],
  after: Date,
): { readonly window: MaintenanceWindow; readonly opensAt: Date; readonly closesAt: Date } | null {
  const openings = windows.flatMap((window) => {
    const opening = nextOpening(window, after);
    return opening === null ? [] : [{ window, ...opening }];
  });
  const [first] = openings.toSorted((a, b) => a.opensAt.getTime() - b.opensAt.getTime());
  return first ?? null;
}

function endOf({ until }: { readonly until: Date | null }): number {
  return until === null ? Number.POSITIVE_INFINITY : until.getTime();
}
