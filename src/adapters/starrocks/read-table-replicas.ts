import type { TableReplica } from '../../domain/tablets/replicas.ts';
import { AppError } from '../../errors.ts';
import { flag, whole } from './cells.ts';
import type { SqlCall, SqlReader } from './port.ts';
import { replicaStatus, showTablet, type TableName } from './statements.ts';

/**
 * Every replica of a table, by the leader: the others answer from what they have heard. Null = there is no such table, or it
 * has no replicas of its own (a view, an external table). Needs OPERATE.
 */
export async function readTableReplicas(
  sql: SqlReader,
  name: TableName,
  call: SqlCall = {},
): Promise<readonly TableReplica[] | null> {
  try {
    const rows = await sql.query(replicaStatus(name), { ...call, route: 'leader' });
    return rows.map((row) => ({
      tabletId: row.TabletId ?? '',
      replicaId: row.ReplicaId ?? '',
      backendId: row.BackendId ?? '',
      status: row.Status ?? 'unknown',
      isBad: flag(row.IsBad ?? 'true'),
      version: whole(row.Version),
      committedVersion: whole(row.CommittedVersion),
    }));
  } catch (error) {
    if (error instanceof AppError && error.code === 'SQL_FAILED' && isNoTable(error.message)) return null;
    throw error;
  }
}

function isNoTable(message: string): boolean {
  // `exsit` is StarRocks' own spelling.
  return /(table does not exist or is not|unknown (database|table)|database .* does not ex(is|si)t)/i.test(message);
}

/** The table of a tablet; null = there is no such tablet. */
export async function findTableOfTablet(
  sql: SqlReader,
  tabletId: number,
  call: SqlCall = {},
): Promise<TableName | null> {
  const [row] = await sql.query(showTablet(tabletId), { ...call, route: 'leader' });
  const { DbName: database, TableName: table } = row ?? {};
  return database == null || table == null ? null : { database, table };
}
