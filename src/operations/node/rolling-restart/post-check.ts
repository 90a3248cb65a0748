import type { Reading } from '../../../adapters/reading.ts';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import { leaderCheck, nothingBlocks } from '../../../domain/end-checks.ts';
import { findLeader } from '../../../domain/quorum.ts';
import type { PostCheck } from '../../../domain/run.ts';
import type { EndedRun } from '../../define.ts';
import { nodesAliveCheck, nodesIn, tabletsCheck } from '../end-checks.ts';
import { queryReport } from '../query-report.ts';

/** Passes when every node that the run restarted is alive and a frontend leads; shows what it cost in queries. */
export async function checkRollingRestart(
  { sql, signal }: Pick<Reading, 'sql' | 'signal'>,
  { steps }: Pick<EndedRun, 'steps'>,
): Promise<PostCheck> {
  const nodes = toObservedNodes(await readTopology(sql, { signal }));
  const alive = nodesAliveCheck(nodes, nodesIn(steps));
  const queries = queryReport(steps);
  const checks = [alive, leaderCheck(nodes), await tabletsCheck(sql, signal), ...(queries === null ? [] : [queries])];
  const isSettling = alive.status === 'FAIL' || findLeader(nodes) === undefined;
  return { passed: nothingBlocks(checks), checks, isSettling };
}
