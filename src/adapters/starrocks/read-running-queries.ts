import type { SqlCall, SqlReader } from './port.ts';
import { showProc } from './statements.ts';

/**
 * How many queries run now. Each frontend knows only its own; `frontends` are host and query port of all that are alive.
 * Throws when one of them does not answer, because its queries would be missing.
 */
export async function readRunningQueries(
  sql: SqlReader,
  frontends: readonly { host: string; port: number }[],
  call: SqlCall = {},
): Promise<number> {
  const counts = await Promise.all(
    frontends.map(async (route) => (await sql.query(showProc('/current_queries'), { ...call, route })).length),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}
