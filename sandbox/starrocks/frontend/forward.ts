import { setTimeout as sleep } from 'node:timers/promises';
import type { Result } from '../mysql/packets.ts';
import { callNode, javaText } from '../rpc.ts';
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
