import { nodeLabel } from '../../domain/node-identity.ts';
import { isSystemDatabase } from '../../domain/system-databases.ts';
import type { TabletHealth } from '../../domain/tablet-health.ts';
import { AppError } from '../../errors.ts';
import { whole } from './cells.ts';
import { parseBackends, parseReplicaTotals } from './parse.ts';
import type { SqlCall, SqlReader } from './port.ts';
import { showBackends, showProc } from './statements.ts';

/**
 * The one way to ask whether tablets miss a replica: the leader's count (other frontends answer from what they have
 * heard) and what that count leaves out. Throws when it cannot be read, e.g. `SQL_PRIVILEGE_MISSING` without OPERATE.
 */
export async function readTabletHealth(sql: SqlReader, call: SqlCall = {}): Promise<TabletHealth> {
  const onLeader = { ...call, route: 'leader' } as const;
  const rows = await sql.query(showProc('/statistic'), onLeader);
  const totals = parseReplicaTotals(rows);
  if (totals === null)
    throw new AppError('SQL_FAILED', "SHOW PROC '/statistic' has no row of totals", { retryable: true });
  // Asked last, so that a backend that dies between the two questions is noticed.
  const backends = parseBackends(await sql.query(showBackends(), onLeader));
  const own = rows.filter(({ DbId, DbName }) => DbId !== 'Total' && isSystemDatabase(DbName ?? ''));
  return {
    ...totals,
    ownUnhealthyTablets: own.reduce((sum, row) => sum + (whole(row.UnhealthyTabletNum) ?? 0), 0),
    deadBackends: backends
      .filter(({ alive, tabletCount }) => !alive && tabletCount > 0)
      .map(({ host, heartbeatPort, tabletCount }) => ({
        label: nodeLabel({ kind: 'BACKEND', host, port: heartbeatPort }),
        replicas: tabletCount,
      })),
  };
}
