import type { Reading } from '../../adapters/reading.ts';
import { listCatalogs } from '../../adapters/starrocks/list-catalogs.ts';
import { parseFrontends, parseRepositories } from '../../adapters/starrocks/parse.ts';
import { showDatabases, showFrontends, showRepositories } from '../../adapters/starrocks/statements.ts';
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
};

export async function observeGround({ sql, inventory, clusterId, signal }: Reading): Promise<BackupGround> {
  const frontends = parseFrontends(await sql.query(showFrontends(), { signal }));
  return {
    runMode: (await inventory.findCluster(clusterId))?.runMode ?? null,
    version: releaseOf(frontends),
    databases: (await sql.query(showDatabases(), { signal })).map((row) => Object.values(row)[0] ?? ''),
    repositories: parseRepositories(await sql.query(showRepositories(), { signal })),
    catalogs: await catalogsOrNull(sql, signal),
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
