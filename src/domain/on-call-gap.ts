import type { PersonRef } from './alert.ts';
import { nobodyInWords, type OnCallOverride, onCallAt, type Rotation } from './on-call.ts';

/** A time in which calling a rotation reaches nobody. */
export type OnCallGap = {
  readonly from: Date;
  /** When somebody may be reached again; null = not within the time that was looked at. */
  readonly until: Date | null;
  /** As a clause. */
  readonly why: string;
};

type Looked = {
  readonly overrides: readonly OnCallOverride[];
  readonly from: Date;
  readonly forMs: number;
  /** False for somebody who was shut out. */
  readonly isActive: (personId: string) => boolean;
  /** Whether a person has a Slack account here, so that they can be called. */
  readonly isReachable: (person: PersonRef) => boolean;
};

/** How far ahead is looked: long enough to mend it in working hours, whatever the holiday. */
export const gapsAheadMs = 14 * 86_400_000;
/** More changes than shifts of an hour have in that time, with a person's turn in each. */
const mostChanges = 1_000;

/**
 * Pure. The first time ahead in which neither who is on call nor who is second can be called; null = there is none. Where only the first
 * cannot be reached the next step is taken at once, so the second is somebody.
 */
export function firstGap(
  rotation: Rotation,
  { overrides, from, forMs, isActive, isReachable }: Looked,
): OnCallGap | null {
  const end = new Date(from.getTime() + forMs);
  let gap: { readonly from: Date; readonly why: string } | null = null;
  let at = from;
  for (let changes = 0; at < end && changes < mostChanges; changes += 1) {
    const now = onCallAt(rotation, { overrides, at, isActive });
    const people = now.kind === 'NOBODY' ? [] : [now.primary, now.secondary].filter((each) => each !== null);
    const isGap = !people.some(isReachable);
    if (!isGap && gap !== null) return { ...gap, until: at };
    if (isGap) gap ??= { from: at, why: now.kind === 'NOBODY' ? nobodyInWords(now.why) : without(people) };
    if (now.until === null || now.until <= at) break;
    at = now.until;
  }
  return gap === null ? null : { ...gap, until: null };
}

function without(people: readonly PersonRef[]): string {
  const names = people.map(({ name }) => name).join(' and ');
  return people.length === 1 ? `${names} has no Slack account here` : `${names} have no Slack account here`;
}
