/** How fast messages are sent. The defaults stay well below Slack's published limits. */
export type Pace = {
  /** How often MySQL is asked for what is due. */
  readonly pollMs: number;
  /** Between two posts into one channel; Slack accepts about one a second. */
  readonly postGapMs: number;
  /** Between any two edits of this process: 40 a minute, while Slack accepts 50. */
  readonly editGapMs: number;
  /** Between two edits of one message. */
  readonly cardGapMs: number;
};

export const defaultPace: Pace = { pollMs: 1_000, postGapMs: 1_000, editGapMs: 1_500, cardGapMs: 3_000 };

/** The wait grows with each call in a row that got no answer, up to half a minute. */
export function backOffMs(attempts: number): number {
  return [1_000, 5_000, 10_000][attempts - 1] ?? 30_000;
}

/**
 * How long after so many failures in a row the bot asks Slack again to let it in. Nobody is told of anything until it does, and of a
 * CRITICAL alert people are to be told within a minute.
 */
export function letInAgainMs(failures: number): number {
  return [1_000, 5_000, 10_000, 20_000][failures - 1] ?? 30_000;
}

/**
 * How long a message waits at most that Slack refuses. `UNSEEN`: it tells, or may tell, of something that nobody has seen. `ALERT`: what
 * became of an alert that people were told of. `OTHER`: it must not take time from others.
 */
const mostMs = { UNSEEN: 5 * 60_000, ALERT: 30 * 60_000, OTHER: 6 * 3_600_000 } as const;
export type Urgency = keyof typeof mostMs;

/** After a refusal the call is repeated after a minute, then more and more rarely. */
export function refusedMs(attempts: number, urgency: Urgency): number {
  return Math.min(60_000 * 2 ** Math.min(attempts - 1, 20), mostMs[urgency]);
}

export type Gate = {
  /** 0 = go now, and the next must wait `gapMs`; otherwise how long to wait. */
  enter(key: string, gapMs: number): number;
  /** Lets nobody in for so long. */
  close(key: string, forMs: number): void;
};

/** One gate per channel and kind of call. In memory: after a restart the first 429 closes it again. */
export function createGate(clock: () => number = () => performance.now()): Gate {
  const openAt = new Map<string, number>();
  return {
    enter: (key, gapMs) => {
      const wait = Math.ceil((openAt.get(key) ?? 0) - clock());
      if (wait > 0) return wait;
      openAt.set(key, clock() + gapMs);
      return 0;
    },
    close: (key, forMs) => {
      openAt.set(key, Math.max(openAt.get(key) ?? 0, clock() + forMs));
    },
  };
}

/**
 * Whether a message whose answer was lost is sent again although nobody could look for it: Slack that answers no search may have
 * stored it, and each try might be one more message. So it is one try in four, of which others only look.
 */
export function isRepeatedUnseen(attempts: number): boolean {
  return attempts % 4 === 0;
}
