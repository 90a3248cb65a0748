import type { PersonRef } from './alert.ts';
import type { CalendarScope } from './calendar.ts';
import { isTimeZone } from './cron.ts';
import { momentOf, readWallTime, wallTime } from './wall-clock.ts';

/** Who is called when, one after the other in their order. */
export type Rotation = {
  readonly id: string;
  readonly name: string;
  /** Routes use it within this scope only, so who may change it may change whom those routes call. */
  readonly scope: CalendarScope;
  readonly persons: readonly PersonRef[];
  /** When the first shift of the first person begins, as clocks on the wall show it: `2026-03-02T09:00`. */
  readonly startsAt: string;
  /** IANA name. */
  readonly timeZone: string;
  /** On the wall: a day on which clocks change has a shift of 24 hours that lasts 23 or 25. */
  readonly shiftHours: number;
};

/** Somebody else is called for a time, in place of the primary. */
export type OnCallOverride = {
  readonly id: string;
  /** The name of the rotation: it outlives a change of that. */
  readonly rotation: string;
  readonly person: PersonRef;
  readonly from: Date;
  readonly until: Date;
  readonly reason: string;
  readonly byName: string;
  /** Of two that hold, the one that was made later counts. */
  readonly madeAt: Date;
};

export type NobodyOnCall = 'NOT_BEGUN' | 'NOBODY_LEFT' | 'UNKNOWN_TIME_ZONE';

/** `until` = when it may be somebody else; null = nobody knows a time. */
export type OnCall =
  | {
      readonly kind: 'SOMEBODY';
      readonly primary: PersonRef;
      /** The next in order who is not the primary; null = there is no second person. */
      readonly secondary: PersonRef | null;
      readonly override: OnCallOverride | null;
      readonly until: Date;
    }
  | { readonly kind: 'NOBODY'; readonly why: NobodyOnCall; readonly until: Date | null };

type Circumstances = {
  readonly overrides: readonly OnCallOverride[];
  readonly at: Date;
  /** False for somebody who was shut out: their turn goes to the next in order. */
  readonly isActive?: (personId: string) => boolean;
};

const hourMs = 3_600_000;
export const longestShiftHours = 28 * 24;
export const mostPersons = 50;

/** Who is called at a moment: exactly one primary, or why there is none. */
export function onCallAt(rotation: Rotation, { overrides, at, isActive = () => true }: Circumstances): OnCall {
  const own = overrides.filter((each) => each.rotation === rotation.name && isActive(each.person.id));
  const override = own
    .filter(({ from, until }) => from <= at && at < until)
    .toSorted((a, b) => b.madeAt.getTime() - a.madeAt.getTime() || (a.id < b.id ? 1 : -1))[0];
  const changes = own.flatMap(({ from, until }) => [from, until]).filter((change) => change > at);
  const turn = turnAt(rotation, at);
  const end = earliest([...changes, ...('endsAt' in turn ? [turn.endsAt] : [])]);
  const inOrder = 'index' in turn ? startingAt(rotation.persons, turn.index).filter(({ id }) => isActive(id)) : [];
  const primary = override?.person ?? inOrder[0];
  if (primary === undefined) return { kind: 'NOBODY', why: 'why' in turn ? turn.why : 'NOBODY_LEFT', until: end };
  const secondary = inOrder.find(({ id }) => id !== primary.id) ?? null;
  return { kind: 'SOMEBODY', primary, secondary, override: override ?? null, until: end ?? at };
}

/** Why nobody is called, in words that follow "nobody is on call in dba:". */
export function nobodyInWords(why: NobodyOnCall): string {
  switch (why) {
    case 'NOT_BEGUN':
      return 'its first shift has not begun';
    case 'NOBODY_LEFT':
      return 'everybody in it was shut out';
    case 'UNKNOWN_TIME_ZONE':
      return 'this Starwarden does not know its time zone';
    default:
      return why satisfies never;
  }
}

/** What is wrong with a rotation as it is asked for: the field and a sentence; null = nothing. */
export function mistakeInRotation(
  rotation: Pick<Rotation, 'name' | 'persons' | 'startsAt' | 'timeZone' | 'shiftHours'>,
): { readonly field: string; readonly message: string } | null {
  const { name, persons, startsAt, timeZone, shiftHours } = rotation;
  if (!/^[a-z][a-z0-9-]{1,39}$/.test(name))
    return { field: 'name', message: 'A rotation is called by 2 to 40 small letters, digits and hyphens' };
  if (persons.length === 0 || persons.length > mostPersons)
    return { field: 'personIds', message: `A rotation has 1 to ${mostPersons} persons` };
  if (new Set(persons.map(({ id }) => id)).size !== persons.length)
    return { field: 'personIds', message: 'Nobody is twice in a rotation' };
  if (readWallTime(startsAt) === null)
    return { field: 'startsAt', message: 'The first shift begins at a local time such as 2026-03-02T09:00' };
  if (!isTimeZone(timeZone))
    return { field: 'timeZone', message: 'The time zone is an IANA name, such as Europe/Berlin or UTC' };
  const isWhole = Number.isInteger(shiftHours) && shiftHours >= 1 && shiftHours <= longestShiftHours;
  if (!isWhole || (shiftHours < 24 ? 24 % shiftHours !== 0 : shiftHours % 24 !== 0))
    return { field: 'shiftHours', message: 'A shift lasts 1, 2, 3, 4, 6, 8 or 12 hours, or 1 to 28 whole days' };
  return null;
}

type Turn = { readonly index: number; readonly endsAt: Date } | { readonly why: NobodyOnCall; readonly endsAt: Date };

function turnAt({ startsAt, timeZone, shiftHours }: Rotation, at: Date): Turn | { readonly why: NobodyOnCall } {
  const first = readWallTime(startsAt);
  if (first === null || !isTimeZone(timeZone)) return { why: 'UNKNOWN_TIME_ZONE' };
  const begins = (shift: number) => momentOf(first + shift * shiftHours * hourMs, timeZone);
  if (at < begins(0)) return { why: 'NOT_BEGUN', endsAt: begins(0) };
  let shift = Math.max(0, Math.floor((wallTime(at, timeZone) - first) / (shiftHours * hourMs)));
  // When clocks go back they show a time twice: a shift that began at its first occurrence goes on through the second.
  while (begins(shift + 1) <= at) shift += 1;
  return { index: shift, endsAt: begins(shift + 1) };
}

function startingAt(persons: readonly PersonRef[], index: number): readonly PersonRef[] {
  const from = persons.length === 0 ? 0 : index % persons.length;
  return [...persons.slice(from), ...persons.slice(0, from)];
}

function earliest(times: readonly Date[]): Date | null {
  return times.reduce<Date | null>((first, time) => (first === null || time < first ? time : first), null);
}
