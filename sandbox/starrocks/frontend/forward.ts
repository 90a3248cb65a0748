import { setTimeout as sleep } from 'node:timers/promises';
import type { Result } from '../mysql/packets.ts';
import { type Address, ClosedByPeer, callNode, javaText } from '../rpc.ts';
import { SqlError } from '../sql/errors.ts';
import type { ForwardRequest, FrontendCalls, FrontendContext } from './context.ts';
import type { Session } from './session.ts';

const mostHops = 30;

/**
 * Passes a statement on to the leader and waits until this frontend has replayed what it changed. A leader that is gone
 * is known as the leader until another is elected, and the statement fails with the words of the Java client: the first
 * ones with `Socket is closed by peer.`, for the connections that were kept from before, the next ones with a refusal.
 */
export async function forward(fe: FrontendContext, session: Session, text: string): Promise<Result> {
  if (fe.leaving) await successor(fe);
  const { leader } = fe.group;
  if (!leader) throw new SqlError(1064, 'HY000', 'java.net.ConnectException: Connection refused');
  if (session.hops > mostHops) throw new SqlError(5401, 'HY000', `forward too many times ${session.hops}`);
  const request: ForwardRequest = {
    text,
    user: session.user,
    userHost: session.userHost,
    remote: session.remote,
    db: session.db,
    roles: session.roles,
    variables: [...session.variables],
    hops: session.hops + 1,
    release: session.origin ?? fe.release.version,
  };
  const target = { host: leader.host, port: leader.rpcPort === 0 ? fe.self.rpcPort : leader.rpcPort };
  const timeoutMs = fe.pace.atLeast(310_000, 10_000);
  const signal = session.running?.abort.signal;
  const call = fe.leaderPool.during(target, () =>
    callNode<FrontendCalls, 'execute'>(target, 'execute', request, signal ? { timeoutMs, signal } : { timeoutMs }),
  );
  const reply = await call.catch((error: unknown) => {
    throw new SqlError(1064, 'HY000', javaText(error));
  });
  await fe.group.waitFor(reply.journalId, fe.pace.atLeast(10_000, 3000));
  if (!reply.outcome.ok) throw new SqlError(reply.outcome.code, reply.outcome.sqlState, reply.outcome.message);
  return reply.outcome.result;
}

/** A frontend that leaves with care keeps what was under way until somebody leads: only a leader that is lost costs that. */
async function successor(fe: FrontendContext): Promise<void> {
  const until = performance.now() + fe.pace.atLeast(30_000, 5000);
  while (fe.group.leader === null && performance.now() < until) await sleep(10);
}

/**
 * The connections to the leader that the real frontend keeps open between statements. Here a call opens its own, so
 * that only their number is kept: as many as were ever used at once. When their far side dies, each of them fails
 * once, as it is taken from the pool, before anybody notices that nobody listens there any more.
 */
export type ConnectionPool = { during<T>(target: Address, call: () => Promise<T>): Promise<T> };

export function createConnectionPool(): ConnectionPool {
  const kept = new Map<string, { open: number; busy: number }>();
  return {
    async during(target, call) {
      const key = `${target.host}:${target.port}`;
      const pool = kept.get(key) ?? { open: 0, busy: 0 };
      kept.set(key, pool);
      pool.busy++;
      try {
        const reply = await call();
        pool.open = Math.max(pool.open, pool.busy);
        return reply;
      } catch (error) {
        if (!isGone(error) || pool.open === 0) throw error;
        pool.open--;
        throw isRefused(error) ? new ClosedByPeer() : error;
      } finally {
        pool.busy--;
      }
    },
  };
}

function isGone(error: unknown): boolean {
  return error instanceof ClosedByPeer || isRefused(error) || codeOf(error) === 'ECONNRESET';
}

function isRefused(error: unknown): boolean {
  return codeOf(error) === 'ECONNREFUSED';
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : null;
}
