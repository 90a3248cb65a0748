import { readClusterSnapshots } from '../adapters/starrocks/read-cluster-snapshots.ts';
import { type ClusterSnapshots, hasClusterSnapshots } from '../domain/backup/cluster-snapshots.ts';
import type { Cluster, ClusterNode } from '../domain/cluster.ts';
import { AppError } from '../errors.ts';
import type { Engine } from './engine.ts';

const lookTimeoutMs = 5_000;

export type LookedAtSnapshots = ClusterSnapshots & { readonly problems: readonly string[] };

/** Asks a cluster for its automated snapshots. Null = it can have none; what it did not answer stands in `problems`. */
export async function lookAtSnapshots(
  { connections }: Pick<Engine, 'connections'>,
  { cluster, nodes }: { readonly cluster: Cluster; readonly nodes: readonly ClusterNode[] },
): Promise<LookedAtSnapshots | null> {
  const frontends = nodes.filter(({ kind }) => kind === 'FRONTEND');
  const versions = frontends.flatMap(({ version }) => (version === null ? [] : [version]));
  if (!hasClusterSnapshots({ runMode: cluster.runMode, versions })) return null;
  const { sql, signal } = connections.reading(cluster.id, AbortSignal.timeout(lookTimeoutMs));
  try {
    return { ...(await readClusterSnapshots(sql, { signal, timeoutMs: lookTimeoutMs })), problems: [] };
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'STORE_UNAVAILABLE') throw error;
    return { newest: null, jobs: [], problems: [error.message] };
  }
}
