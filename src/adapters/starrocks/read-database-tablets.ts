import type { DatabaseTablets } from '../../domain/tablets/disk.ts';
import { whole } from './cells.ts';
import type { SqlCall, SqlReader } from './port.ts';
import { showProc } from './statements.ts';

/** The leader's count for each database, those of StarRocks' own included. */
export async function readDatabaseTablets(sql: SqlReader, call: SqlCall = {}): Promise<readonly DatabaseTablets[]> {
  const rows = await sql.query(showProc('/statistic'), { ...call, route: 'leader' });
  return rows
    .filter(({ DbId }) => DbId !== 'Total')
    .map((row) => ({
      name: row.DbName ?? '',
      tables: whole(row.TableNum) ?? 0,
      tablets: whole(row.TabletNum) ?? 0,
      replicas: whole(row.ReplicaNum) ?? 0,
      unhealthyTablets: whole(row.UnhealthyTabletNum) ?? 0,
      inconsistentTablets: whole(row.InconsistentTabletNum) ?? 0,
      cloningTablets: whole(row.CloningTabletNum) ?? 0,
      errorStateTablets: whole(row.ErrorStateTabletNum) ?? 0,
    }));
}
