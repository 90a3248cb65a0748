import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CarefulClient, createCarefulClient, type Sent } from './careful-client.ts';
import { batchInsert, type LoopTable, loopTable, tableText, wholeTable } from './loop-table.ts';
import { type Counts, createTally, type Tally } from './query-tally.ts';
import type { World } from './start-world.ts';

export type QueryLoopOptions = {
  readonly rowsPerBatch?: number;
  /** The pause between two queries of the writer, and of each reader. */
  readonly everyMs?: number;
  readonly readers?: number;
};

export type QueryLoopReport = Counts & {
  /** Rows that were sent at least once, those that were acknowledged, and those that are there at the end. */
  readonly written: number;
  readonly confirmedRows: number;
  readonly rowsFound: number;
  /** The same rows by their sum, which a lost row and a doubled one cannot both keep. */
  readonly confirmedCents: number;
  readonly centsFound: number;
};

export type QueryLoop = {
  /** What happened so far; rows are counted at the end only. */
  soFar(): Counts;
  /** Finishes the batch that is under way, counts the rows, and tells. Can be called again. */
  stop(): Promise<QueryLoopReport>;
};

/** A query that takes longer has failed for whoever waits for it. */
const patienceMs = 5_000;
/** How often something is sent once more without which the loop can neither begin nor end. */
const lastTries = 20;
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
  // Told by stop(); until then nobody listens.
  for (const work of [writing, ...reading]) work.catch(() => {});
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

/** Tried until somebody leads: a loop may begin in the middle of something. */
async function createTable(client: CarefulClient, table: LoopTable): Promise<void> {
  for (let triesLeft = lastTries; ; triesLeft -= 1) {
    const sent = await client.send(tableText(table), { timeoutMs: patienceMs });
    if (sent?.ok === true) break;
    if (triesLeft === 0) throw new Error(`the table of the query loop cannot be made: ${sentText(sent)}`);
    await sleep(250);
  }
  client.close();
}

type Work = {
  readonly client: CarefulClient;
  readonly table: LoopTable;
  readonly tally: Tally;
  readonly everyMs: number;
  readonly signal: AbortSignal;
};

async function write(work: Work): Promise<{ batches: number; confirmed: number; last: CarefulClient }> {
  const { client, table, everyMs, signal } = work;
  let batches = 0;
  let confirmed = 0;
  for (; !signal.aborted; await pause(everyMs, signal)) {
    batches += 1;
    if (await confirm(work, batchInsert(table, batches - 1))) confirmed += 1;
  }
  return { batches, confirmed, last: client };
}

/**
 * Sends a batch until it is acknowledged, also after the end was asked for: else nobody knew what should be there. False
 * when nobody acknowledged it for long after that.
 */
async function confirm({ client, tally, everyMs, signal }: Work, sql: string): Promise<boolean> {
  for (let triesLeft = lastTries; triesLeft > 0; await sleep(everyMs)) {
    const sent = await client.send(sql, { timeoutMs: patienceMs });
    tally.count('write', sent);
    if (sent?.ok === true) return true;
    if (signal.aborted) triesLeft -= 1;
  }
  return false;
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
