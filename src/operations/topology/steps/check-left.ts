import type { Reading } from '../../../adapters/reading.ts';
import { readTabletHealth } from '../../../adapters/starrocks/read-tablet-health.ts';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import type { ObservedNode, RemovedNode } from '../../../domain/cluster.ts';
import { leaderCheck } from '../../../domain/end-checks.ts';
import { findSameNode, isSameNode } from '../../../domain/node-identity.ts';
import { type TabletHealth, tabletsInWords, unhealthyTablets } from '../../../domain/tablet-health.ts';
import { found, type NamedCheck, skipped } from '../../../domain/verdict.ts';
import { AppError } from '../../../errors.ts';
import type { PlannedStep } from '../../define.ts';
import { type LeavingNode, leavingNode } from './leaving-node.ts';

type Looking = Pick<Reading, 'sql' | 'inventory' | 'signal'>;

/** The nodes that steps of this kind were to take out, in the order of the plan. */
export function leavingIn(steps: readonly PlannedStep[], kind: string): readonly LeavingNode[] {
  return steps.flatMap((step) => (step.phase === 'do' && step.kind === kind ? [leavingNode.parse(step.params)] : []));
}

/** What the cluster shows now, and what is recorded of nodes that have left. */
export async function lookAtLeft(reading: Looking, given: { readonly clusterId: string; readonly runId: string }) {
  const { sql, inventory, signal } = reading;
  const nodes = toObservedNodes(await readTopology(sql, { signal }));
  const removed = (await inventory.listRemovedNodes(given.clusterId)).filter(({ runId }) => runId === given.runId);
  return { nodes, removed };
}

/** One line of whether each has left, and one of whether its process was seen to have ended. */
export function leftChecks(
  leaving: readonly LeavingNode[],
  { nodes, removed }: { readonly nodes: readonly ObservedNode[]; readonly removed: readonly RemovedNode[] },
): NamedCheck[] {
  return leaving.flatMap((node) => {
    const row = findSameNode(nodes, node);
    const record = removed.find((one) => isSameNode(one, node));
    const name = node.label.replaceAll(/[^a-z0-9]+/gi, '-');
    return [
      found(`left-${name}`, 'BLOCK', row === undefined, {
        observed: row === undefined ? `${node.label} is out of the cluster` : `${node.label} is in the cluster`,
        wanted: 'out of the cluster',
        hint: 'Look at SHOW BACKENDS, SHOW FRONTENDS and SHOW COMPUTE NODES.',
      }),
      processCheck(name, node, record ?? null),
    ];
  });
}

function processCheck(name: string, { label }: LeavingNode, record: RemovedNode | null): NamedCheck {
  const wanted = 'no process of it runs';
  if (record?.processEnded == null)
    return skipped(`process-${name}`, {
      why: `the process of ${label} was left alone, and nobody looked whether it runs`,
      wanted,
      severity: 'WARN',
      hint: 'Stop it on its host: StarRocks leaves the process of a node running that has left.',
    });
  return found(`process-${name}`, 'BLOCK', record.processEnded, {
    observed: record.processEnded ? `the process of ${label} has ended` : `a process of ${label} runs`,
    wanted,
    hint: 'Stop it on its host.',
  });
}

/** Tablets that miss a replica, and the leader: for the end of every change of backends. */
export async function wellChecks({ sql, signal }: Pick<Reading, 'sql' | 'signal'>, nodes: readonly ObservedNode[]) {
  const health = await healthOrNull(sql, signal);
  return [
    leaderCheck(nodes),
    health === null
      ? skipped('tablets-healthy', { why: 'the SQL user may not ask', wanted: '0 unhealthy', severity: 'WARN' })
      : found('tablets-healthy', 'WARN', unhealthyTablets(health) === 0, {
          observed: tabletsInWords(health),
          wanted: '0 unhealthy',
          hint: 'The cluster repairs them by itself; look again in some minutes.',
        }),
  ];
}

async function healthOrNull(sql: Reading['sql'], signal: AbortSignal): Promise<TabletHealth | null> {
  try {
    return await readTabletHealth(sql, { signal });
  } catch (error) {
    if (error instanceof AppError && error.code === 'SQL_PRIVILEGE_MISSING') return null;
    throw error;
  }
}
