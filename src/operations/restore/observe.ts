import type { Reading } from '../../adapters/reading.ts';
import { parseBackends, parseRepositories } from '../../adapters/starrocks/parse.ts';
import type { SqlReader, SqlRow } from '../../adapters/starrocks/port.ts';
import { showGrants } from '../../adapters/starrocks/restore-statements.ts';
import {
  showBackends,
  showDatabases,
  showProc,
  showRepositories,
  showTableConfig,
} from '../../adapters/starrocks/statements.ts';
import type { RestoreGround, StandingTable } from '../../domain/restore/preflight.ts';
import { rolesIn } from '../../domain/restore/rights.ts';
import { AppError } from '../../errors.ts';
import { findDatabaseId, readTableIds } from './read-copy.ts';

export type Surroundings = Pick<
  RestoreGround,
  'runMode' | 'databases' | 'repositories' | 'backends' | 'tables' | 'standing' | 'grants'
>;

/** What a restore meets on the cluster, whatever is restored. */
export async function observeSurroundings(
  { database, target }: Pick<RestoreGround, 'database' | 'target'>,
  { sql, inventory, clusterId, signal }: Pick<Reading, 'sql' | 'inventory' | 'clusterId' | 'signal'>,
): Promise<Surroundings> {
  const call = { signal, route: 'leader' } as const;
  return {
    runMode: (await inventory.findCluster(clusterId))?.runMode ?? null,
    databases: (await sql.query(showDatabases(), call)).map((row) => Object.values(row)[0] ?? ''),
    repositories: parseRepositories(await sql.query(showRepositories(), call)),
    backends: parseBackends(await sql.query(showBackends(), call)),
    tables: await tablesOrNull(sql, database, signal),
    standing: await namesOrNull(sql, target, signal),
    grants: await grantsOrNull(sql, signal),
  };
}

/** For checks that only warn where nothing is known. */
async function tablesOrNull(
  sql: SqlReader,
  database: string,
  signal: AbortSignal,
): Promise<readonly StandingTable[] | null> {
  const call = { signal, route: 'leader', timeoutMs: 20_000 } as const;
  try {
    const id = await findDatabaseId(sql, database, signal);
    if (id === null) return null;
    const kinds = new Map(
      (await sql.query(showProc(`/dbs/${id}`), call)).map((row) => [row.TableName, row.PartitionType]),
    );
    return (await sql.query(showTableConfig({ database }), call)).map((row) => toStanding(row, kinds));
  } catch (error) {
    if (error instanceof AppError && error.code !== 'CANCELED') return null;
    throw error;
  }
}

async function namesOrNull(sql: SqlReader, database: string, signal: AbortSignal): Promise<readonly string[] | null> {
  const id = await findDatabaseId(sql, database, signal);
  return id === null ? null : [...(await readTableIds(sql, id, signal)).keys()];
}

/** What is granted to our user and to the roles that it has, and those have: it may always ask for these. */
async function grantsOrNull(sql: SqlReader, signal: AbortSignal): Promise<readonly string[] | null> {
  const call = { signal, timeoutMs: 20_000 } as const;
  const linesOf = async (role: string | null) =>
    (await sql.query(showGrants(role), call)).map(({ Grants }) => Grants ?? '');
  try {
    const lines = [...(await linesOf(null))];
    const roles = new Set(lines.flatMap(rolesIn));
    for (const role of roles) {
      const more = await linesOf(role);
      lines.push(...more);
      // What is added is still come to.
      for (const other of more.flatMap(rolesIn)) roles.add(other);
    }
    return lines;
  } catch (error) {
    if (error instanceof AppError && error.code !== 'CANCELED') return null;
    throw error;
  }
}

function toStanding(
  row: SqlRow,
  kinds: ReadonlyMap<string | null | undefined, string | null | undefined>,
): StandingTable {
  const property = (key: string) => propertyOf(row.PROPERTIES, key);
  const replicas = Number(property('replication_num') ?? '');
  return {
    name: row.TABLE_NAME ?? '',
    replicas: Number.isInteger(replicas) && replicas > 0 ? replicas : null,
    partitioning: kinds.get(row.TABLE_NAME) ?? null,
    hasDynamicPartitions: property('dynamic_partition.enable') === 'true',
    group: property('colocate_with') ?? null,
  };
}

/** The value of a key in what `tables_config` prints as PROPERTIES: JSON with texts as values. */
export function propertyOf(properties: string | null | undefined, key: string): string | null {
  const escaped = key.replaceAll('.', '\\.');
  return new RegExp(`"${escaped}"\\s*:\\s*"([^"]*)"`).exec(properties ?? '')?.[1] ?? null;
}
