import { type Address, ClosedByPeer } from '../rpc.ts';

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
