import type { Logger } from 'pino';

/** One sort of thing that becomes due: how it is found, and what is done then. */
export type DueKind = {
  /** For the log: `run`, `card`. */
  readonly what: string;
  /** Ids of what is due and free, first things first. */
  readonly list: (limit: number) => Promise<readonly string[]>;
  /** Claims one and does what is due; does nothing when somebody else has it by then. When it throws, it is tried again. */
  readonly handle: (id: string) => Promise<void>;
  /** Handled at the same time by this process. */
  readonly atOnce: number;
};

export type DueLoopOptions = {
  /** For the log: `monitor`. */
  readonly name: string;
  readonly log: Logger;
  /** How often the database is asked. */
  readonly everyMs: number;
  /** Done before each look at what is due: what makes things due, or removes what is old. */
  readonly chores?: readonly (() => Promise<void>)[];
  readonly kinds: readonly DueKind[];
};

export type DueLoop = {
  /** Looks now, or very soon when it just did. */
  wake(): void;
  /** Begins nothing more, and waits for what is under way. */
  stop(): Promise<void>;
};

/** Between two looks, however often it is woken. */
const soonMs = 100;
/** So that several processes that were started together do not ask together for ever. */
const jitter = 0.1;

/**
 * Asks the database again and again what is due, and begins as much of it as may go on at once. Any number of processes may
 * do so: whoever claims a thing has it. Words that wake it may be lost. The database's absence ends nothing and is said once.
 */
export function startDueLoop({ name, log, everyMs, chores = [], kinds }: DueLoopOptions): DueLoop {
  const busy = new Map(kinds.map((kind) => [kind, new Map<string, Promise<void>>()]));
  const crowded = new Set<DueKind>();
  let isStopped = false;
  let isFailing = false;
  let isWoken = false;
  let turning: Promise<void> | null = null;
  let turnedAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;

  const begin = (kind: DueKind, id: string) => {
    const under = busy.get(kind);
    const done = kind
      .handle(id)
      .catch((err: unknown) =>
        log.error({ loop: name, what: kind.what, id, err }, 'what is due failed; it is tried again'),
      )
      .finally(() => {
        under?.delete(id);
        if (crowded.delete(kind)) wake();
      });
    under?.set(id, done);
  };
  const look = async (kind: DueKind) => {
    const under = busy.get(kind);
    if (under === undefined || under.size >= kind.atOnce) return void crowded.add(kind);
    // More than there is room for: what this very process works on may be among them.
    for (const id of await kind.list(kind.atOnce * 4)) {
      if (isStopped || under.has(id)) continue;
      if (under.size >= kind.atOnce) return void crowded.add(kind);
      begin(kind, id);
    }
  };
  const turn = async () => {
    const failures: unknown[] = [];
    for (const work of [...chores, ...kinds.map((kind) => () => look(kind))]) {
      if (!isStopped) await work().catch((err: unknown) => failures.push(err));
    }
    const wasFailing = isFailing;
    isFailing = failures.length > 0;
    // Once per absence: the loop comes by every second.
    if (isFailing && !wasFailing)
      log.error({ loop: name, err: failures[0] }, 'a loop cannot ask its database what is due; it goes on trying');
    if (wasFailing && !isFailing) log.info({ loop: name }, 'a loop has its database again');
  };
  const start = () => {
    clearTimeout(timer);
    if (isStopped || turning !== null) return;
    isWoken = false;
    turning = turn().finally(() => {
      turning = null;
      turnedAt = performance.now();
      later(isWoken ? Math.min(soonMs, everyMs) : everyMs * (1 + jitter * (Math.random() - 0.5)));
    });
  };
  const later = (ms: number) => {
    clearTimeout(timer);
    if (!isStopped) timer = setTimeout(start, ms);
  };
  const wake = () => {
    if (isWoken) return;
    isWoken = true;
    if (turning === null) later(Math.max(0, turnedAt + Math.min(soonMs, everyMs) - performance.now()));
  };
  start();
  return {
    wake,
    stop: async () => {
      isStopped = true;
      clearTimeout(timer);
      await turning;
      await Promise.all([...busy.values()].flatMap((under) => [...under.values()]));
    },
  };
}
