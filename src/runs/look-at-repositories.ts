import { parseRepositories, parseSnapshots } from '../adapters/starrocks/parse.ts';
import { showRepositories, showSnapshot } from '../adapters/starrocks/statements.ts';
import type { Repository } from '../domain/backup/repository.ts';
import { type SeenRepository, seeRepositories } from '../domain/backup/seen-repository.ts';
import { type SeenSnapshot, seeSnapshots } from '../domain/backup/seen-snapshot.ts';
import { withoutKeys } from '../domain/backup/store-location.ts';
import { AppError } from '../errors.ts';
import { readClusterFacts } from '../operations/backup/deletion/observe.ts';
import { namedBackupsIn } from '../store/reads/repositories.ts';
import type { Engine } from './engine.ts';

/** How long people wait for a cluster before they are told what is known without it. */
const lookMs = 5_000;
/** A bucket of ten thousand snapshots is listed in some seconds. */
const listMs = 15_000;

export type LookedAtRepositories = {
  /** By name. */
  readonly repositories: readonly SeenRepository[];
  /** What the cluster did not answer, in sentences. */
  readonly problems: readonly string[];
};

/**
 * The repositories of a cluster: those under management, which the caller has read, with what the cluster says of them now,
 * and those that only StarRocks knows. When it does not answer, the former alone.
 */
export async function lookAtRepositories(
  { connections }: Pick<Engine, 'connections'>,
  { clusterId, managed }: { readonly clusterId: string; readonly managed: readonly Repository[] },
): Promise<LookedAtRepositories> {
  const { sql, signal } = connections.reading(clusterId, AbortSignal.timeout(lookMs));
  try {
    const rows = parseRepositories(await sql.query(showRepositories(), { signal, timeoutMs: lookMs }));
    return { repositories: seeRepositories({ clusterId, managed, rows }), problems: [] };
  } catch (error) {
    const problem = `The cluster did not tell its repositories, so that those it has besides are not shown: ${inWords(error)}`;
    return { repositories: seeRepositories({ clusterId, managed, rows: null }), problems: [problem] };
  }
}

export type LookedAtSnapshotsOf = {
  /** By name. */
  readonly snapshots: readonly SeenSnapshot[];
  readonly problems: readonly string[];
};

/** What lies in a repository, as StarRocks lists it, and which of it is ours. Nothing is shown when it cannot be listed. */
export async function lookIntoRepository(
  { connections, db }: Pick<Engine, 'connections' | 'db'>,
  { clusterId, name, location }: Pick<SeenRepository, 'clusterId' | 'name' | 'location'>,
): Promise<LookedAtSnapshotsOf> {
  const { sql, signal } = connections.reading(clusterId, AbortSignal.timeout(listMs));
  try {
    const rows = parseSnapshots(await sql.query(showSnapshot({ repository: name }), { signal, timeoutMs: listMs }));
    const { origin } = await readClusterFacts(sql, signal);
    const backups = await namedBackupsIn(db, { clusterId, repository: name });
    return { snapshots: seeSnapshots(rows, { backups, origin, location }), problems: [] };
  } catch (error) {
    return { snapshots: [], problems: [`The snapshots in ${name} could not be listed: ${inWords(error)}`] };
  }
}

/** Why a cluster could not be asked. Anything else than an answer or silence of the cluster is thrown on. */
function inWords(error: unknown): string {
  if (!(error instanceof AppError) || error.code === 'STORE_UNAVAILABLE') throw error;
  return withoutKeys(error.message);
}
