import type { Reading } from '../../../adapters/reading.ts';
import { readTabletHealth } from '../../../adapters/starrocks/read-tablet-health.ts';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import { leaderCheck, nothingBlocks } from '../../../domain/end-checks.ts';
import { findSameNode, nodeLabel } from '../../../domain/node-identity.ts';
import type { PostCheck } from '../../../domain/run.ts';
import { type TabletHealth, tabletsInWords, unhealthyTablets } from '../../../domain/tablet-health.ts';
import type { NamedCheck } from '../../../domain/verdict.ts';
import { AppError } from '../../../errors.ts';
import type { RestartNodeInput } from './input.ts';

/**
 * Passes when the cluster shows the node alive and has a leader; missing replicas are only reported, since they repair
 * themselves.
 */
export async function checkRestarted(
  input: RestartNodeInput,
  { sql, inventory, signal }: Pick<Reading, 'sql' | 'inventory' | 'signal'>,
): Promise<PostCheck> {
  const nodes = toObservedNodes(await readTopology(sql, { signal }));
  const known = await inventory.findNode(input.nodeId);
  const node = known === null ? undefined : findSameNode(nodes, known);
  const health = await healthOrNull(sql, signal);
  const checks: NamedCheck[] = [
    {
      name: 'node-alive',
      status: node?.alive === true ? 'PASS' : 'FAIL',
      severity: 'BLOCK',
      observed:
        node === undefined
          ? 'not in the cluster'
          : `${nodeLabel(node)} ${node.alive ? `alive since ${node.startedAt ?? '?'}` : `down: ${node.errorMessage ?? ''}`}`,
      wanted: 'alive',
      hint: "Look at the node's log on its host.",
    },
    leaderCheck(nodes),
    {
      name: 'tablets-healthy',
      status: health === null ? 'SKIPPED' : unhealthyTablets(health) === 0 ? 'PASS' : 'FAIL',
      severity: 'WARN',
      observed: health === null ? 'the SQL user may not ask' : tabletsInWords(health),
      wanted: '0',
      hint: 'The cluster repairs them by itself; look again in some minutes.',
    },
  ];
  return { passed: nothingBlocks(checks), checks, isSettling: true };
}

async function healthOrNull(sql: Reading['sql'], signal: AbortSignal): Promise<TabletHealth | null> {
  try {
    return await readTabletHealth(sql, { signal });
  } catch (error) {
    if (error instanceof AppError && error.code === 'SQL_PRIVILEGE_MISSING') return null;
    throw error;
  }
}
