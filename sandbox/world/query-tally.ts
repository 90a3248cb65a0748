import type { Frontend, Sent } from './careful-client.ts';
import type { Answer } from './loop-table.ts';
import type { World } from './start-world.ts';

export type FailedQuery = {
  readonly at: Date;
  readonly kind: 'read' | 'write';
  /** The name of the frontend that it was sent to. */
  readonly frontend: string;
  /** The error number of an error packet, the driver's code of a lost connection, or `WRONG_ANSWER`. */
  readonly code: string;
  readonly message: string;
  /**
   * Of the nodes that the world began with those without a process at that moment, and the frontend itself when it was leaving:
   * what was being stopped.
   */
  readonly nodesDown: readonly string[];
};

export type Counts = {
  /** How many were sent, failed ones included. A frontend that takes no connection is gone round and counts as nothing. */
  readonly queries: number;
  readonly failed: readonly FailedQuery[];
  /** The longest time in which no query succeeded, and in which no write did. */
  readonly longestGapMs: number;
  readonly longestWriteGapMs: number;
};

/** Counts what happens to queries. */
export type Tally = {
  /** Null: nothing was sent. */
  count(kind: FailedQuery['kind'], sent: Sent | null, check?: (answer: Answer) => string | null): void;
  /** What is still being found out about failures is known. */
  settled(): Promise<void>;
  report(): Counts;
};

export function createTally(world: World): Tally {
  const names = world.describe().hosts.flatMap(({ nodes }) => nodes.map(({ name }) => name));
  const failed: FailedQuery[] = [];
  const asking: Promise<void>[] = [];
  let queries = 0;
  const any = createGap();
  const writes = createGap();
  return {
    count(kind, sent, check) {
      if (sent === null) return;
      queries += 1;
      const wrong = sent.ok ? (check?.(sent.rows[0] ?? {}) ?? null) : null;
      if (sent.ok && wrong === null) {
        any.success();
        if (kind === 'write') writes.success();
        return;
      }
      const { code, message } = sent.ok ? { code: 'WRONG_ANSWER', message: wrong ?? '' } : sent;
      const nodesDown = names.filter((name) => world.pidOf(name) === null);
      const frontend = sent.frontend.name;
      failed.push({ at: new Date(), kind, frontend, code, message, nodesDown });
      asking.push(isLeaving(sent.frontend).then((leaving) => void (leaving && nodesDown.push(frontend))));
    },
    settled: async () => void (await Promise.all(asking)),
    report: () => ({
      queries,
      failed: [...failed],
      longestGapMs: any.longestMs(),
      longestWriteGapMs: writes.longestMs(),
    }),
  };
}

/** A frontend that drains answers its health check with 500, for load balancers to see. */
async function isLeaving({ host, httpPort }: Frontend): Promise<boolean> {
  const health = fetch(`http://${host}:${httpPort}/api/health`, { signal: AbortSignal.timeout(1_000) });
  return health.then(
    ({ status }) => status === 500,
    () => false,
  );
}

function createGap() {
  let lastAt = performance.now();
  let longest = 0;
  const measure = () => Math.max(longest, performance.now() - lastAt);
  return {
    success() {
      longest = measure();
      lastAt = performance.now();
    },
    longestMs: () => Math.round(measure()),
  };
}
