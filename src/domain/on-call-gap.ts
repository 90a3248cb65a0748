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

/** A rotation of which what is stored cannot be read: its routes call nobody by it, since whenever that is so. */
export function unreadableGap(at: Date): OnCallGap {
  return { from: at, until: null, why: 'what is stored of it cannot be read' };
}

const dayMs = 86_400_000;

/** So many days before a gap begins people are told of it, and once more when it begins. */
export const gapToldDaysBefore = [3, 1] as const;

/** How near it is: 0 = nobody need be told; 1 and 2 = so many of those days have come; 3 = it is now. */
export type GapStage = 0 | 1 | 2 | 3 | typeof closedGap;
/** A message of which nobody need do anything any more; it stays so. */
export const closedGap = 4;

/** Pure. `now` is when the gap was looked for. */
export function stageOfGap(gap: Pick<OnCallGap, 'from'> | null, now: Date): 0 | 1 | 2 | 3 {
  if (gap === null) return 0;
  const leftMs = gap.from.getTime() - now.getTime();
  if (leftMs <= 0) return 3;
  if (leftMs <= gapToldDaysBefore[1] * dayMs) return 2;
  return leftMs <= gapToldDaysBefore[0] * dayMs ? 1 : 0;
}

/**
 * Pure. What a message tells that has shown `shown`, where `gap` is the first one now. A message never goes back: a gap that is farther away
 * than what it told of is another gap, which has a message of its own, so that people are told of it from its first day on.
 */
export function gapStageToShow(
  shown: number,
  { gap, now }: { readonly gap: Pick<OnCallGap, 'from'> | null; readonly now: Date },
): GapStage {
  const stage = stageOfGap(gap, now);
  return stage === 0 || stage < shown ? closedGap : stage;
}
