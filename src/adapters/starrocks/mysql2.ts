import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../errors.ts';
import { type Deadline, startDeadline } from '../deadline.ts';
import { createRedactor } from '../redact.ts';
import {
  answerLost,
  explainConnectFailure,
  explainStatementFailure,
  type FailureContext,
  isLeaderAway,
  serverErrorNumber,
} from './classify.ts';
import { parseFrontends } from './parse.ts';
import type { SqlRoute, SqlRow, SqlTarget, StarRocksSql, Statement } from './port.ts';
import type { Frontend, Login, Session } from './session.ts';
import { createSessionPool, type SessionPool } from './session-pool.ts';
import { killSession, showFrontends } from './statements.ts';

export type StarRocks = {
  /** SQL to one cluster. Cheap: sessions are shared by frontend and credentials. */
  connect(target: SqlTarget): StarRocksSql;
  /** Drops every session. */
  close(): Promise<void>;
};

export type StarRocksOptions = {
  /** How long a frontend may take to accept and log in before the next one is tried. */
  readonly connectTimeoutMs?: number;
  readonly idleMs?: number;
  readonly maxSessionsPerFrontend?: number;
  /**
   * How long a statement waits, within its own time, while frontends answer that they have no leader. Default 15,000: a
   * hand-over of leadership takes seconds, an election up to a minute.
   */
  readonly leaderPatienceMs?: number;
};

const defaultTimeoutMs = 10_000;
const rememberFailureMs = 30_000;
const askForLeaderEveryMs = 500;
/**
 * The part of a statement's time that the wait may take: the rest is for the statement itself, and for reporting its
 * error.
 */
const patienceShare = 0.6;

type Shared = {
  readonly pool: SessionPool;
  readonly connectTimeoutMs: number;
  /** When a frontend was last found unreachable, by `host:port`; those are tried last for a while. */
  readonly failedAt: Map<string, number>;
  readonly background: Set<Promise<void>>;
};

export function createStarRocks(options: StarRocksOptions = {}): StarRocks {
  const { connectTimeoutMs = 3_000, idleMs = 30_000, maxSessionsPerFrontend = 4, leaderPatienceMs = 15_000 } = options;
  const pool = createSessionPool({ maxPerFrontend: maxSessionsPerFrontend, idleMs });
  const shared: Shared = { pool, connectTimeoutMs, failedAt: new Map(), background: new Set() };
  return {
    connect: (target) => ({
      async query(statement, { route = 'any', timeoutMs = defaultTimeoutMs, signal, isNewLogin = false } = {}) {
        const deadline = startDeadline({ what: statement.name, timeoutMs, signal });
        const patienceMs = Math.min(leaderPatienceMs, timeoutMs * patienceShare);
        try {
          return await withPatience({ target, statement, deadline, shared, isNewLogin }, { route, patienceMs });
        } finally {
          deadline.end();
        }
      },
    }),
    async close() {
      await Promise.all(shared.background);
      pool.close();
    },
  };
}

type Call = {
  readonly target: SqlTarget;
  readonly statement: Statement;
  readonly deadline: Deadline;
  readonly shared: Shared;
  readonly isNewLogin: boolean;
};

/**
 * While frontends answer and only the leader is missing, asks again for a while: the next leader will answer. A change is
 * sent again only if nobody can have taken it.
 */
async function withPatience(
  call: Call,
  { route, patienceMs }: { route: SqlRoute; patienceMs: number },
): Promise<readonly SqlRow[]> {
  const until = performance.now() + patienceMs;
  for (;;) {
    const outcome = await queryRoute(call, route);
    if (outcome.kind === 'answered') return outcome.rows;
    const mayRepeat = outcome.passes && (call.statement.effect === 'read' || outcome.kind === 'not-sent');
    if (!mayRepeat || performance.now() + askForLeaderEveryMs > until) throw outcome.error;
    await call.deadline.race(sleep(askForLeaderEveryMs, undefined, { ref: false }));
  }
}

async function queryRoute(call: Call, route: SqlRoute): Promise<Outcome> {
  if (route === 'any') return queryAny(call, byLastFailure(call.target.frontends, call.shared.failedAt));
  if (route !== 'leader') return queryAny(call, [route]);
  const found = await findLeader(call);
  if ('kind' in found) return found;
  const outcome = await queryAny(call, [found]);
  // Other frontends still name a leader that has just gone.
  return outcome.kind === 'answered' || outcome.error.code !== 'SQL_UNREACHABLE'
    ? outcome
    : { ...outcome, passes: outcome.error.retryable };
}

/** Tries the frontends in turn; a change goes on to the next one only when nothing was sent. */
async function queryAny(call: Call, frontends: readonly Frontend[]): Promise<Outcome> {
  const failures: AppError[] = [];
  let passes = false;
  for (const frontend of frontends) {
    const outcome = await queryOne(call, frontend);
    if (outcome.kind === 'answered') return outcome;
    passes ||= outcome.passes;
    const isElsewherePossible = outcome.error.code === 'SQL_UNREACHABLE';
    const isHarmless = call.statement.effect === 'read' || outcome.kind === 'not-sent';
    if (!isElsewherePossible || !isHarmless) return outcome;
    failures.push(outcome.error);
  }
  return { kind: 'not-sent', error: allUnreachable(call.statement, failures), passes };
}

type Outcome =
  | { readonly kind: 'answered'; readonly rows: readonly SqlRow[] }
  /** `passes` = a frontend answers, and only a leader is missing. */
  | { readonly kind: 'not-sent' | 'sent'; readonly error: AppError; readonly passes: boolean };

/** A read is repeated when its session had died while it was idle; this ends when the idle sessions are used up. */
async function queryOne(call: Call, frontend: Frontend): Promise<Outcome> {
  const outcome = await tryOnce(call, frontend);
  return outcome.kind === 'stale' ? queryOne(call, frontend) : outcome;
}

async function tryOnce(
  { target, statement, deadline, shared, isNewLogin }: Call,
  frontend: Frontend,
): Promise<Outcome | { readonly kind: 'stale' }> {
  const where = `${frontend.host}:${frontend.port}`;
  const password = await deadline.race(target.password());
  const { redact } = createRedactor([password, ...(statement.secrets ?? [])]);
  const context: FailureContext = { statement, where, user: target.user, redact };
  const login: Login = { frontend, user: target.user, password, tls: target.tls };

  const connectDeadline = startDeadline({
    what: `logging in to ${where}`,
    timeoutMs: Math.min(shared.connectTimeoutMs, deadline.remainingMs()),
    signal: deadline.signal,
  });
  const checkFirst = statement.effect === 'change';
  const leasing = shared.pool.lease(login, { deadline, connectDeadline, checkFirst, isNewLogin });
  const leased = await leasing.catch((error: unknown) => error).finally(connectDeadline.end);
  if (!isLease(leased)) {
    deadline.signal.throwIfAborted();
    const error = explainConnectFailure(leased, context);
    if (error.code === 'SQL_UNREACHABLE') shared.failedAt.set(where, performance.now());
    return { kind: 'not-sent', error, passes: false };
  }
  shared.failedAt.delete(where);

  try {
    const rows = await deadline.race(leased.session.query(statement.text));
    if (isNewLogin) leased.end();
    else leased.giveBack();
    return { kind: 'answered', rows };
  } catch (error) {
    if (error === deadline.signal.reason) {
      leased.discard();
      if (statement.effect === 'read') stopInBackground({ session: leased.session, login, shared });
      return { kind: 'sent', error: unanswered(error, context), passes: false };
    }
    const explained = explainStatementFailure(error, context);
    if (leased.session.isUsable()) leased.giveBack();
    else leased.discard();
    const isStale = leased.isReused && statement.effect === 'read' && serverErrorNumber(error) === null;
    if (isStale) return { kind: 'stale' };
    // A statement that the frontend could not forward was carried out nowhere.
    const wasTaken = explained.code !== 'SQL_UNREACHABLE';
    return { kind: wasTaken ? 'sent' : 'not-sent', error: explained, passes: isLeaderAway(error) };
  }
}

type Lease = Awaited<ReturnType<SessionPool['lease']>>;

function isLease(value: unknown): value is Lease {
  return typeof value === 'object' && value !== null && 'giveBack' in value;
}

/** A change that was sent and timed out may still happen; `CANCELED` stays, as the caller asked for it. */
function unanswered(reason: unknown, context: FailureContext): AppError {
  const { statement, where } = context;
  if (!(reason instanceof AppError)) return answerLost(String(reason), context);
  if (statement.effect === 'change' && reason.code === 'TIMEOUT') return answerLost(reason.message, context);
  return new AppError(reason.code, `${reason.message}, sent to ${where}`, {
    retryable: reason.retryable,
    ...(statement.effect === 'change' ? { hint: 'It was sent: ask the cluster whether it happened' } : {}),
    cause: reason,
  });
}

/**
 * A frontend does not notice at once that nobody waits for a query any more, so the query is stopped. A change is left to
 * end by itself: whether it happened has to be asked in any case.
 */
function stopInBackground({ session, login, shared }: { session: Session; login: Login; shared: Shared }): void {
  const { id } = session;
  if (id === null) return;
  const stop = async () => {
    const deadline = startDeadline({ what: 'kill-session', timeoutMs: shared.connectTimeoutMs });
    try {
      const lease = await shared.pool.lease(login, { deadline, connectDeadline: deadline, checkFirst: false });
      await deadline.race(lease.session.query(killSession({ id }).text)).then(lease.giveBack, lease.discard);
    } catch {
      // Otherwise the query ends by its own timeout.
    } finally {
      deadline.end();
    }
  };
  const work = stop().finally(() => shared.background.delete(work));
  shared.background.add(work);
}

/** Asks any frontend who leads. Up to 3.2 the answer may be old; from 3.3 no frontend answers without a majority. */
async function findLeader(call: Call): Promise<Frontend | Exclude<Outcome, { kind: 'answered' }>> {
  const frontends = byLastFailure(call.target.frontends, call.shared.failedAt);
  const asked = await queryAny({ ...call, statement: showFrontends() }, frontends);
  if (asked.kind !== 'answered') return { ...asked, kind: 'not-sent' };
  const leader = parseFrontends(asked.rows).find(({ role, queryPort }) => role === 'LEADER' && queryPort > 0);
  if (leader !== undefined) return { host: leader.host, port: leader.queryPort };
  const error = new AppError('SQL_UNREACHABLE', `${call.statement.name} needs the leader, and the cluster has none`, {
    hint: 'A majority of the followers has to be alive; an election takes seconds to a minute',
    retryable: true,
  });
  return { kind: 'not-sent', error, passes: true };
}

function byLastFailure(frontends: readonly Frontend[], failedAt: ReadonlyMap<string, number>): readonly Frontend[] {
  const hasFailed = ({ host, port }: Frontend) => {
    const at = failedAt.get(`${host}:${port}`);
    return at !== undefined && performance.now() - at < rememberFailureMs;
  };
  return [...frontends.filter((frontend) => !hasFailed(frontend)), ...frontends.filter(hasFailed)];
}

function allUnreachable(statement: Statement, failures: readonly AppError[]): AppError {
  const [only] = failures;
  if (only !== undefined && failures.length === 1) return only;
  const reasons = failures.length === 0 ? 'it has none' : failures.map(({ message }) => message).join('; ');
  return new AppError('SQL_UNREACHABLE', `${statement.name}: no frontend of the cluster answered: ${reasons}`, {
    hint: 'Check that a frontend runs and that the network lets its query port through',
    retryable: failures.some(({ retryable }) => retryable),
    cause: failures,
  });
}
