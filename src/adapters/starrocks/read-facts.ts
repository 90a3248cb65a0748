import { type FactAnswers, type FactName, type FactProblem, mergeFacts } from '../../domain/metrics/facts.ts';
import { AppError } from '../../errors.ts';
import { inParallel } from '../in-parallel.ts';
import { answersOf, type Found, ofCluster } from './fact-answer.ts';
import type { SqlCall, SqlReader } from './port.ts';
import { readRunningJobs } from './read-jobs.ts';
import { type FrontendToAsk, readConnectionLimits, readTransactionLimit, readUserLimits } from './read-limits.ts';
import { readMediumFacts } from './read-media.ts';
import { readRoutineLoadFacts } from './read-routine-loads.ts';
import { readTabletHealth, readTabletsWithoutReplica, type TabletHealth, tabletFacts } from './read-tablet-facts.ts';

export type FactsRequest = {
  /** What `dueFacts` says; facts that one reader reads come together. */
  readonly due: readonly FactName[];
  readonly before: FactAnswers;
  readonly at: Date;
  /** The living frontends whose query port is known. */
  readonly frontends: readonly FrontendToAsk[];
  /** Who is connected now; their limits are asked, those of the first 50. */
  readonly users: readonly string[];
};

type Reader = {
  readonly facts: readonly FactName[];
  readonly read: (sql: SqlReader, asked: Asked, call: SqlCall) => Promise<Found>;
};

type Asked = FactsRequest & {
  /** What several readers need, asked once for them all. */
  readonly health: (call: SqlCall) => Promise<TabletHealth>;
};

const mostUsers = 50;
/** Each costs two statements. */
const mostDatabases = 500;

const readers: readonly Reader[] = [
  {
    facts: [
      ...(['tablets', 'tablets_unhealthy', 'tablets_inconsistent', 'tablets_cloning', 'tablets_in_error'] as const),
      'replicas_on_dead_backends',
    ],
    read: async (_, { health }, call) => tabletFacts(await health(call)),
  },
  {
    facts: ['tablets_without_replica'],
    read: async (sql, { health }, call) => readTabletsWithoutReplica(sql, await health(call), call),
  },
  {
    facts: [
      ...(['routine_load_running', 'routine_load_lag', 'routine_load_rows', 'routine_load_error_rows'] as const),
      ...(['routine_load_error_share', 'routine_loads_behind'] as const),
    ],
    read: (sql, { before }, call) => readRoutineLoadFacts(sql, before, call),
  },
  { facts: ['transaction_limit'], read: (sql, _, call) => readTransactionLimit(sql, call) },
  { facts: ['connection_limit'], read: (sql, { frontends }, call) => readConnectionLimits(sql, frontends, call) },
  {
    facts: ['user_connection_limit'],
    read: (sql, { users }, call) => readUserLimits(sql, users.slice(0, mostUsers), call),
  },
  {
    facts: ['medium_used_share', 'medium_available_bytes'],
    read: (sql, _, call) => readMediumFacts(sql, call),
  },
  {
    facts: ['backups_running'],
    read: async (sql, _, call) => ({
      backups_running: ofCluster((await readRunningJobs(sql, call, { mostDatabases })).length),
    }),
  },
];

/** The facts that SQL answers. */
export const sqlFacts: readonly FactName[] = readers.flatMap(({ facts }) => facts);

/** So that asking for facts is never much of what the frontends do. */
const readersAtOnce = 2;
/** What failed after so long kept others waiting. */
const slowMs = 5_000;

export type FactsCall = SqlCall & {
  /** A reader that takes longer gives way to the others, and is asked after them the next time. Default 15,000 ms. */
  readonly readerTimeoutMs?: number;
  /** Told of what is known once all but the slow ones have answered. */
  readonly keep?: (answers: FactAnswers) => Promise<void>;
  /** Told of a fault of ours in one reader; what it reads is unknown then, and the others go on. */
  readonly failed?: (error: unknown) => void;
};

/**
 * Asks the cluster for the facts that are due, and answers all that is known then: a fact that fails says why, hides no
 * other, and keeps its last answer as long as that counts. What took too long the last time is asked when the others have
 * answered, and has the time that is left. An error that is thrown is one of our own store.
 */
export async function readFacts(sql: SqlReader, request: FactsRequest, given: FactsCall = {}): Promise<FactAnswers> {
  const { readerTimeoutMs = 15_000, keep, failed = () => undefined, ...call } = given;
  const asked = { ...request, health: once((first: SqlCall) => readTabletHealth(sql, first)) };
  const due = readers.filter(({ facts }) => facts.some((name) => request.due.includes(name)));
  const wasSlow = ({ facts }: Reader) => facts.some((name) => isSlow(request.before[name]));
  const ask = async (some: readonly Reader[], limitMs: number | null) => {
    const answers = await inParallel(some, readersAtOnce, (reader) =>
      askReader(reader, { sql, asked, call, limitMs, failed }),
    );
    return mergeFacts({}, Object.assign({}, ...answers));
  };
  const slow = due.filter(wasSlow);
  const known = mergeFacts(
    request.before,
    await ask(
      due.filter((reader) => !wasSlow(reader)),
      readerTimeoutMs,
    ),
  );
  if (slow.length === 0) return known;
  await keep?.(known);
  return mergeFacts(known, await ask(slow, null));
}

function isSlow(answer: FactAnswers[FactName]): boolean {
  if (answer === undefined) return false;
  return ('values' in answer ? answer.failed : answer)?.isSlow === true;
}

type Asking = {
  readonly sql: SqlReader;
  readonly asked: Asked;
  readonly call: SqlCall;
  readonly failed: (error: unknown) => void;
  /** Null = until the whole call is given up. */
  readonly limitMs: number | null;
};

/** What failed is asked again by whoever comes next. */
function once<T>(ask: (call: SqlCall) => Promise<T>): (call: SqlCall) => Promise<T> {
  let answer: Promise<T> | undefined;
  return (call) => {
    answer ??= ask(call).catch((error: unknown) => {
      answer = undefined;
      throw error;
    });
    return answer;
  };
}

async function askReader(
  { facts, read }: Reader,
  { sql, asked, call, limitMs, failed: report }: Asking,
): Promise<FactAnswers> {
  const atMs = asked.at.getTime();
  const signals = [call.signal, limitMs === null ? undefined : AbortSignal.timeout(limitMs)];
  const signal = AbortSignal.any(signals.filter((each) => each !== undefined));
  const startedAt = performance.now();
  try {
    return answersOf(await read(sql, asked, { ...call, signal }), facts, { atMs });
  } catch (error) {
    const isOurs = !(error instanceof AppError);
    if (!isOurs && error.code === 'STORE_UNAVAILABLE') throw error;
    if (isOurs) report(error);
    const tookMs = performance.now() - startedAt;
    const why = isOurs ? 'Starwarden failed to read it' : error.message;
    const problem = signal.aborted ? `it was given up after ${Math.round(tookMs / 1_000)} s` : why;
    const isSlow = signal.aborted || tookMs >= slowMs;
    const failed: FactProblem = { atMs, problem, ...(isSlow ? { isSlow } : {}) };
    return Object.fromEntries(facts.map((name) => [name, failed]));
  }
}
