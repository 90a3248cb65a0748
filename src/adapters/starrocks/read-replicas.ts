import { z } from 'zod';
import { isSystemDatabase } from '../../domain/system-databases.ts';
import { AppError } from '../../errors.ts';
import type { SqlCall, StarRocksSql } from './port.ts';
import { replicaDistribution, showTableConfig } from './statements.ts';

const properties = z.object({ replication_num: z.string().optional() });

/** Asking a table costs a statement; beyond so many, the others count as being on the backend, to be safe. */
const askAtMost = 200;

/** `database.table` of the tables that keep one replica only and have a tablet on this backend (by its BackendId). */
export async function readSingleReplicaTables(
  sql: StarRocksSql,
  backendId: string,
  call: SqlCall = {},
): Promise<string[]> {
  const single = await listSingleReplicaTables(sql, call);
  const found: string[] = [];
  for (const [index, name] of single.entries()) {
    if (index >= askAtMost || (await hasTabletOn(sql, name, backendId, call)))
      found.push(`${name.database}.${name.table}`);
  }
  return found;
}

/** How many tables keep one replica only. */
export async function countSingleReplicaTables(sql: StarRocksSql, call: SqlCall = {}): Promise<number> {
  return (await listSingleReplicaTables(sql, call)).length;
}

async function listSingleReplicaTables(
  sql: StarRocksSql,
  call: SqlCall,
): Promise<{ database: string; table: string }[]> {
  const rows = await sql.query(showTableConfig(), call);
  return rows
    .filter((row) => replicationOf(row.PROPERTIES ?? null) === 1 && !isSystemDatabase(row.TABLE_SCHEMA ?? ''))
    .map((row) => ({ database: row.TABLE_SCHEMA ?? '', table: row.TABLE_NAME ?? '' }));
}

async function hasTabletOn(
  sql: StarRocksSql,
  name: { database: string; table: string },
  backendId: string,
  call: SqlCall,
): Promise<boolean> {
  const rows = await sql.query(replicaDistribution(name), call);
  return rows.some((row) => row.BackendId === backendId && Number(row.ReplicaNum) > 0);
}

/** Null for tables that have no replicas of their own, such as views and external tables. */
function replicationOf(text: string | null): number | null {
  if (text === null || text === '') return null;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new AppError('SQL_FAILED', 'information_schema.tables_config has PROPERTIES that are not JSON', {
      hint: 'This version of StarRocks may be newer than Starwarden.',
      cause,
    });
  }
  const parsed = properties.safeParse(json);
  return parsed.success && parsed.data.replication_num !== undefined ? Number(parsed.data.replication_num) : null;
}
