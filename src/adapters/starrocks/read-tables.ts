import { z } from 'zod';
import { AppError } from '../../errors.ts';
import { inParallel } from '../in-parallel.ts';
import { whole } from './cells.ts';
import type { SqlCall, SqlReader, SqlRow } from './port.ts';
import { showProc, showTableConfig, type TableName } from './statements.ts';

/** A table that has replicas. `replicationNum` is null where only counting the replicas can show it. */
export type ReplicatedTable = TableName & { readonly replicationNum: number | null };

const properties = z.object({ replication_num: z.string().optional() });
/** With a backend whose brpc port is dead, `information_schema` answers late or never. */
const tableConfigMs = 5_000;
const atOnce = 6;

/**
 * Every table that has replicas. `information_schema` is scanned by a backend, so it does not answer when no backend
 * lives, which is just when this matters: then the metadata of the leader is asked. Throws with both reasons when neither
 * answers.
 */
export async function readReplicatedTables(sql: SqlReader, call: SqlCall = {}): Promise<readonly ReplicatedTable[]> {
  try {
    const timeoutMs = Math.min(tableConfigMs, call.timeoutMs ?? tableConfigMs);
    const rows = await sql.query(showTableConfig(), { ...call, timeoutMs });
    return rows.flatMap(fromConfig);
  } catch (error) {
    if (!(error instanceof AppError) || call.signal?.aborted || error.message.includes(strangeProperties)) throw error;
    return readFromMetadata(sql, call).catch((second: unknown) => {
      if (!(second instanceof AppError)) throw second;
      throw new AppError(second.code, `${second.message}; before that, ${error.message}`, {
        retryable: second.retryable,
        ...(second.hint === null ? {} : { hint: second.hint }),
        cause: second,
      });
    });
  }
}

/** Needs OPERATE and no backend, and also shows tables on which the user has no privilege. */
async function readFromMetadata(sql: SqlReader, call: SqlCall): Promise<ReplicatedTable[]> {
  const onLeader = { ...call, route: 'leader' } as const;
  const databases = await sql.query(showProc('/dbs'), onLeader);
  const tables = await inParallel(databases, atOnce, async ({ DbId, DbName }) => {
    if (DbId == null || !/^\d+$/.test(DbId)) return [];
    const rows = await sql.query(showProc(`/dbs/${DbId}`), onLeader);
    return rows
      .filter(({ ReplicaCount }) => whole(ReplicaCount) !== 0)
      .map((row) => ({ database: DbName ?? '', table: row.TableName ?? '', replicationNum: null }));
  });
  return tables.flat();
}

const strangeProperties = 'information_schema.tables_config has PROPERTIES that are not JSON';

/** Views and external tables have no such property. */
function fromConfig(row: SqlRow): ReplicatedTable[] {
  const text = row.PROPERTIES ?? '';
  if (text === '') return [];
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new AppError('SQL_FAILED', strangeProperties, {
      hint: 'This version of StarRocks may be newer than Starwarden.',
      cause,
    });
  }
  const parsed = properties.safeParse(json);
  if (!parsed.success || parsed.data.replication_num === undefined) return [];
  const replicationNum = Number(parsed.data.replication_num);
  return [{ database: row.TABLE_SCHEMA ?? '', table: row.TABLE_NAME ?? '', replicationNum }];
}
