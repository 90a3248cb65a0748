import { momentOf, wallTime } from '../wall-clock.ts';

/** When a channel gets its daily message, as clocks on the wall show it. */
export type DigestTime = {
  /** Minutes after midnight. */
  readonly minute: number;
  /** IANA name. */
  readonly timeZone: string;
};

/** A day of the calendar as `2026-03-02`, and the moment at which its message is due. */
export type DigestDay = { readonly day: string; readonly at: Date };

const dayMs = 86_400_000;

/** `09:00` as minutes after midnight; null = it is no time of a day. */
export function readMinute(text: string): number | null {
  const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  return hours === undefined || minutes === undefined ? null : Number(hours) * 60 + Number(minutes);
}

/** The first message of a channel: today's if its hour is still to come, else tomorrow's. */
export function firstDigest(now: Date, time: DigestTime): DigestDay {
  const today = digestOf(dayOf(now, time), time);
  return today.at > now ? today : digestOf(dayAfter(today.day), time);
}

/**
 * The message after one that was made now and stood for `day`: a day of the calendar has one message, however late it was made, and
 * what was missed in an outage is in one.
 */
export function nextDigest(now: Date, { day }: { day: string }, time: DigestTime): DigestDay {
  const today = dayOf(now, time);
  return digestOf(dayAfter(today > day ? today : day), time);
}

/** The moment at which the message of a day is due: where clocks go forward over the hour, when they do. */
export function digestOf(day: string, { minute, timeZone }: DigestTime): DigestDay {
  return { day, at: momentOf(Date.parse(`${day}T00:00:00Z`) + minute * 60_000, timeZone) };
}

/** When the day of the calendar on which something happens ends. */
export function endOfDay(at: Date, time: DigestTime): Date {
  return digestOf(dayAfter(dayOf(at, time)), { ...time, minute: 0 }).at;
}

function dayOf(at: Date, { timeZone }: DigestTime): string {
  return textOf(wallTime(at, timeZone));
}

function dayAfter(day: string): string {
  return textOf(Date.parse(`${day}T00:00:00Z`) + dayMs);
}

function textOf(wall: number): string {
  return new Date(wall).toISOString().slice(0, 10);
}
