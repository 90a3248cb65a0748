import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CarefulClient, createCarefulClient, type Frontend, type Sent } from './careful-client.ts';
import { type Answer, batchInsert, type LoopTable, loopTable, tableText, wholeTable } from './loop-table.ts';
import type { World } from './start-world.ts';

export type QueryLoopOptions = {
  readonly rowsPerBatch?: number;
  /** The pause between two queries of the writer, and of each reader. */
  readonly everyMs?: number;
  readonly readers?: number;
};

export type FailedQuery = {
  readonly at: Date;
  readonly kind: 'read' | 'write';
  /** The name of the frontend that it was sent to. */
  readonly frontend: string;
  /** The error number of an error packet, the driver's code of a lost connection, or `WRONG_ANSWER`. */
  readonly code: string;
  readonly message: string;
  /** The nodes without a process at that moment, and the frontend itself when it was leaving: what was being stopped. */
  readonly nodesDown: readonly string[];
};

export type QueryLoopReport = {
  /** How many were sent, failed ones included. A frontend that takes no connection is gone round and counts as nothing. */
  readonly queries: number;
  readonly failed: readonly FailedQuery[];
  /** Rows that were sent at least once, those that were acknowledged, and those that are there at the end. */
  readonly written: number;
  readonly confirmedRows: number;
  readonly rowsFound: number;
  /** The same rows by their sum, which a lost row and a doubled one cannot both keep. */
  readonly confirmedCents: number;
  readonly centsFound: number;
  /** The longest time in which no query succeeded, and in which no write did. */
  readonly longestGapMs: number;
  readonly longestWriteGapMs: number;
};

export type QueryLoop = {
  /** What happened so far; rows are counted at the end only. */
  soFar(): { readonly queries: number; readonly failed: readonly FailedQuery[] };
  /** Finishes the batch that is under way, counts the rows, and tells. Can be called again. */
  stop(): Promise<QueryLoopReport>;
};

/** A query that takes longer has failed for whoever waits for it. */
const patienceMs = 5_000;
/** How long a frontend may take to replay the last write. */
const catchUpMs = 3_000;

/**
 * The users of a cluster, while something is done to it: a writer that inserts batches of known rows into a table with three
 * replicas, and readers that count and sum, all of them in turn over the frontends. Every query is tried once where it was
 * sent; the writer then sends a failed batch again, which is harmless since the table has a primary key.
 */
export async function startQueryLoop(world: World, options: QueryLoopOptions = {}): Promise<QueryLoop> {
  const { rowsPerBatch = 5, everyMs = 100, readers = 2 } = options;
  const { cluster } = world.describe();
  const table = loopTable({ cluster, rowsPerBatch, suffix: randomBytes(4).toString('hex') });
  const clientOf = (first: number) =>
    createCarefulClient({ ...cluster, user: cluster.sqlUser, password: cluster.sqlPassword, first });
  await createTable(clientOf(0), table);
  const tally = createTally(world);
  const ending = new AbortController();
  const writing = write({ client: clientOf(0), table, tally, everyMs, signal: ending.signal });
  const reading = Array.from({ length: readers }, (_, index) =>
    read({ client: clientOf(index + 1), table, tally, everyMs, signal: ending.signal }),
  );
  const finish = async (): Promise<QueryLoopReport> => {
    ending.abort();
    const [{ batches, confirmed, last }] = await Promise.all([writing, ...reading]);
    await tally.settled();
    const wanted = confirmed * rowsPerBatch;
    const found = await countRows(last, { table, wanted }).finally(() => last.close());
    return {
      ...tally.report(),
      written: batches * rowsPerBatch,
      confirmedRows: wanted,
      confirmedCents: table.centsAfter(confirmed),
      ...found,
    };
  };
  let stopping: Promise<QueryLoopReport> | null = null;
  return {
    soFar: () => tally.report(),
    stop: () => {
      stopping ??= finish();
      return stopping;
    },
  };
}

async function createTable(client: CarefulClient, table: LoopTable): Promise<void> {
  const sent = await client.send(tableText(table), { timeoutMs: 4 * patienceMs });
  client.close();
  if (sent?.ok !== true) throw new Error(`the table of the query loop cannot be made: ${sentText(sent)}`);
}

type Work = {
  readonly client: CarefulClient;
  readonly table: LoopTable;
  readonly tally: Tally;
  readonly everyMs: number;
  readonly signal: AbortSignal;
};

/** Goes on with a batch until it is confirmed, also after the end was asked for: else nobody knew what should be there. */
async function write({ client, table, tally, everyMs, signal }: Work) {
  let batches = 0;
  let confirmed = 0;
  for (let lastTryAt = Number.POSITIVE_INFINITY; !signal.aborted; await pause(everyMs, signal)) {
    const sql = batchInsert(table, batches);
    batches += 1;
    for (;;) {
      const sent = await client.send(sql, { timeoutMs: patienceMs });
      tally.count('write', sent);
      if (sent?.ok === true) {
        confirmed += 1;
        break;
      }
      if (signal.aborted) lastTryAt = Math.min(lastTryAt, performance.now() + 4 * patienceMs);
      if (performance.now() > lastTryAt) return { batches, confirmed, last: client };
      await sleep(everyMs);
    }
  }
  return { batches, confirmed, last: client };
}

/** Asks in turn what is known beforehand, and what grows by whole batches. */
async function read({ client, table, tally, everyMs, signal }: Work): Promise<null> {
  for (let at = 0; !signal.aborted; at += 1) {
    const question = table.questions[at % table.questions.length];
    if (question === undefined) throw new Error('there is nothing to ask');
    const sent = await client.send(question.sql, { timeoutMs: patienceMs });
    tally.count('read', sent, question.check);
    await pause(everyMs, signal);
  }
  client.close();
  return null;
}

/** A frontend may be a moment behind the leader, so fewer rows than wanted are counted again before they are believed. */
async function countRows(client: CarefulClient, { table, wanted }: { table: LoopTable; wanted: number }) {
  const startedAt = performance.now();
  for (;;) {
    const sent = await client.send(wholeTable(table), { timeoutMs: patienceMs });
    const waitedMs = performance.now() - startedAt;
    if (sent?.ok === true) {
      const [row] = sent.rows;
      const rowsFound = Number(row?.rows_found);
      if (rowsFound >= wanted || waitedMs > catchUpMs) return { rowsFound, centsFound: Number(row?.cents_found ?? 0) };
    }
    if (waitedMs > 4 * patienceMs) throw new Error(`the rows cannot be counted: ${sentText(sent)}`);
    await sleep(50);
  }
}

function sentText(sent: Sent | null): string {
  if (sent === null) return 'no frontend takes a connection';
  return sent.ok ? 'answered' : sent.message;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {}); // woken up early, which is all the signal is for
}

type Tally = {
  /** Null: nothing was sent. */
  count(kind: FailedQuery['kind'], sent: Sent | null, check?: (answer: Answer) => string | null): void;
  /** What is still being found out about failures is known. */
  settled(): Promise<void>;
  report(): Pick<QueryLoopReport, 'queries' | 'failed' | 'longestGapMs' | 'longestWriteGapMs'>;
};

function createTally(world: World): Tally {
  const names = world.describe().hosts.map(({ name }) => name);
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
