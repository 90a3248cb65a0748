import type { Reading } from '../adapters/reading.ts';
import { readClusterSnapshots, readSnapshotIntervalMs } from '../adapters/starrocks/read-cluster-snapshots.ts';
import { type ClusterSnapshots, hasClusterSnapshots } from '../domain/backup/cluster-snapshots.ts';
import type { ObservedNode } from '../domain/cluster.ts';
import { AppError } from '../errors.ts';

/** What was seen of automated cluster snapshots. */
export type WatchedSnapshots =
  | (ClusterSnapshots & {
      readonly isSeen: true;
      /** When they were read. */
      readonly at: Date;
      /** How often one is due. */
      readonly intervalMs: number;
    })
  | { readonly isSeen: false; readonly why: string };

/** As StarRocks has it when nothing else is configured. */
const defaultIntervalMs = 600_000;

/** Null = the cluster can have none. Its tables are read through a node that scans, so they may be silent while SHOW answers. */
export async function readSnapshots(
  { sql, now }: Pick<Reading, 'sql' | 'now'>,
  { nodes, runMode }: { readonly nodes: readonly ObservedNode[]; readonly runMode: string | null },
  call: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<WatchedSnapshots | null> {
  const frontends = nodes.filter(({ kind }) => kind === 'FRONTEND');
  const versions = frontends.flatMap(({ version }) => (version === null ? [] : [version]));
  if (!hasClusterSnapshots({ runMode, versions })) return null;
  try {
    const snapshots = await readClusterSnapshots(sql, call);
    const intervalMs = (await readSnapshotIntervalMs(sql, call)) ?? defaultIntervalMs;
    return { isSeen: true, ...snapshots, intervalMs, at: now() };
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'STORE_UNAVAILABLE') throw error;
    return { isSeen: false, why: error.message };
  }
}
