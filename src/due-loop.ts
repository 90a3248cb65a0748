import type { Logger } from 'pino';

/** One sort of thing that becomes due: how it is found, and what is done then. */
export type DueKind = {
  /** For the log: `run`, `card`. */
  readonly what: string;
  /** Ids of things that are due and free, the most urgent first. */
  readonly list: (limit: number) => Promise<readonly string[]>;
  /**
   * Claims one thing and does the work that is due; does nothing when somebody else has it by then. When it throws, the
   * thing is tried again.
   */
  readonly handle: (id: string) => Promise<void>;
  /** How many this process handles at the same time. */
  readonly atOnce: number;
};

export type DueLoopOptions = {
  /** For the log: `monitor`. */
  readonly name: string;
  readonly log: Logger;
  /** How often the database is asked. */
  readonly everyMs: number;
  /** Done before each time the database is asked: for what makes things due, or removes old ones. */
  readonly chores?: readonly (() => Promise<void>)[];
  readonly kinds: readonly DueKind[];
};

export type DueLoop = {
  /** Asks the database now, or very soon if it has just asked. */
  wake(): void;
  /** Begins nothing more, and waits for what is under way. */
  stop(): Promise<void>;
};

/** The shortest time between asking twice, however often it is woken. */
const soonMs = 100;
/** Keeps several processes that were started together from always asking at the same time. */
const jitter = 0.1;

/**
 * Asks the database again and again what is due, and begins as many of these as may go on at the same time. Any number of
 * processes may do so: a thing is done by the process that claims it. Notifications that wake the loop may be lost. When
 * the database is away the loop goes on, and logs that once.
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
    // Asks for more than there is room for: some may be those that this process is working on.
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
    // Logged once per absence: the loop asks every second.
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
