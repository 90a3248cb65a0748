import type { Reading } from '../../../adapters/reading.ts';
import { readClusterSnapshots } from '../../../adapters/starrocks/read-cluster-snapshots.ts';
import { nothingBlocks } from '../../../domain/end-checks.ts';
import type { PostCheck } from '../../../domain/run.ts';
import { found } from '../../../domain/verdict.ts';
import type { SetClusterSnapshots } from './plan.ts';

/** ON: a finished snapshot is listed. OFF: none is. */
export async function checkClusterSnapshots(
  { to }: SetClusterSnapshots,
  { sql, signal }: Pick<Reading, 'sql' | 'signal'>,
): Promise<PostCheck> {
  const { newest } = await readClusterSnapshots(sql, { signal });
  const isAsWanted = to === 'ON' ? newest !== null : newest === null;
  const checks = [
    found('cluster-snapshot', 'BLOCK', isAsWanted, {
      observed: newest === null ? 'no finished snapshot is listed' : `${newest.name} in ${newest.storageVolume}`,
      wanted: to === 'ON' ? 'a finished snapshot' : 'no snapshot',
      hint: 'Look at information_schema.cluster_snapshot_jobs.',
    }),
  ];
  return { passed: nothingBlocks(checks), checks, facts: { snapshot: newest?.name ?? null } };
}
