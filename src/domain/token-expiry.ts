/** A token of the API, as far as it matters for when people are told that it ends. */
export type EndingToken = {
  readonly id: string;
  readonly label: string;
  readonly personId: string;
  readonly personName: string;
  readonly createdAt: Date;
  /** Null = it does not end. */
  readonly expiresAt: Date | null;
  /** It was ended, its person was shut out, or the same person has another of this label that lasts longer. */
  readonly isSettled: boolean;
};

const dayMs = 86_400_000;

/** So many days before its end people are told of a token. */
export const toldDaysBefore = [14, 3, 1] as const;

/** How far it has come: 0 = nobody need be told; 1 to 3 = so many of those days have come; 4 = it has ended. */
export type TokenStage = 0 | 1 | 2 | 3 | 4 | typeof settledStage;
/** Nobody need do anything any more. */
export const settledStage = 5;

/**
 * Pure. A token that was made for a short time is told of only where that says something: of 14 days before its end, if it
 * lasts more than twice as long.
 */
export function stageOfToken({ createdAt, expiresAt, isSettled }: EndingToken, now: Date): TokenStage {
  if (isSettled) return settledStage;
  if (expiresAt === null) return 0;
  const leftMs = expiresAt.getTime() - now.getTime();
  if (leftMs <= 0) return 4;
  const lastsMs = expiresAt.getTime() - createdAt.getTime();
  const last = toldDaysBefore.findLastIndex((days) => leftMs <= days * dayMs && lastsMs > 2 * days * dayMs);
  return last === -1 ? 0 : (stages[last] ?? 0);
}

const stages = [1, 2, 3] as const;

/** `in 13 days`, `in 5 h`, `2 days ago`. */
export function untilEnd(expiresAt: Date, now: Date): string {
  const ms = expiresAt.getTime() - now.getTime();
  const hours = Math.max(1, Math.floor(Math.abs(ms) / 3_600_000));
  const long = hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
  return ms > 0 ? `in ${long}` : `${long} ago`;
}
