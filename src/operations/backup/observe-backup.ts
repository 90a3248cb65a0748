import type { Reading } from '../../adapters/reading.ts';
import { readFrontendValues } from '../../adapters/starrocks/frontend-config.ts';
import { listCatalogs } from '../../adapters/starrocks/list-catalogs.ts';
import { parseFrontends, parseRepositories } from '../../adapters/starrocks/parse.ts';
import { readTabletHealth } from '../../adapters/starrocks/read-tablet-health.ts';
import { showDatabases, showFrontends, showRepositories } from '../../adapters/starrocks/statements.ts';
import type { TabletHealth } from '../../domain/tablet-health.ts';
import type { RepositoryRow } from '../../domain/topology.ts';
import { AppError } from '../../errors.ts';

/** What every backup of a cluster depends on. */
export type BackupGround = {
  readonly runMode: string | null;
  readonly version: string | null;
  readonly databases: readonly string[];
  readonly repositories: readonly RepositoryRow[];
  /** Names of external catalogs; null = not known. */
  readonly catalogs: readonly string[] | null;
  /** `enable_backup_materialized_view` of the leader; null = not known. */
  readonly takesMaterialized: boolean | null;
};

export async function observeGround({ sql, inventory, clusterId, signal }: Reading): Promise<BackupGround> {
  const frontends = parseFrontends(await sql.query(showFrontends(), { signal }));
  return {
    runMode: (await inventory.findCluster(clusterId))?.runMode ?? null,
    version: releaseOf(frontends),
    databases: (await sql.query(showDatabases(), { signal })).map((row) => Object.values(row)[0] ?? ''),
    repositories: parseRepositories(await sql.query(showRepositories(), { signal })),
    catalogs: await catalogsOrNull(sql, signal),
    takesMaterialized: await takesMaterializedOrNull(sql, signal),
  };
}

/** The release that the leader runs; null = not known. */
export function releaseOf(frontends: ReturnType<typeof parseFrontends>): string | null {
  return (frontends.find(({ role }) => role === 'LEADER') ?? frontends[0])?.version?.release ?? null;
}

/** The names of external catalogs; null = they could not be asked for. */
export async function catalogsOrNull(sql: Reading['sql'], signal: AbortSignal): Promise<readonly string[] | null> {
  try {
    return await listCatalogs(sql, signal);
  } catch (error) {
    if (error instanceof AppError && (error.code === 'SQL_FAILED' || error.code === 'SQL_PRIVILEGE_MISSING'))
      return null;
    throw error;
  }
}

const materializedKey = 'enable_backup_materialized_view';
const patienceMs = 10_000;

/**
 * Whether a BACKUP that names nothing takes materialized views: as the leader is set now, which makes every backup. Null = that
 * could not be read; it needs OPERATE.
 */
export async function takesMaterializedOrNull(sql: Reading['sql'], signal: AbortSignal): Promise<boolean | null> {
  const call = { route: 'leader', signal, timeoutMs: patienceMs } as const;
  const value = (await orNull(readFrontendValues(sql, materializedKey, call)))?.[materializedKey];
  return value === 'true' ? true : value === 'false' ? false : null;
}

/** What is known of backends that are down and of missing replicas; null = it could not be read; it needs OPERATE. */
export function replicasOrNull({ sql, signal }: Pick<Reading, 'sql' | 'signal'>): Promise<TabletHealth | null> {
  return orNull(readTabletHealth(sql, { signal, timeoutMs: patienceMs }));
}

/** For what is only told to people: no failure to read it stops a backup. */
async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof AppError && error.code !== 'CANCELED') return null;
    throw error;
  }
}
