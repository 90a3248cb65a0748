import { z } from 'zod';
import type { SqlReader } from '../../adapters/starrocks/port.ts';
import { readTabletHealth } from '../../adapters/starrocks/read-tablet-health.ts';
import { nodeKinds, type ObservedNode } from '../../domain/cluster.ts';
import { findSameNode, nodeLabel } from '../../domain/node-identity.ts';
import { tabletsInWords, unhealthyTablets } from '../../domain/tablet-health.ts';
import { found, type NamedCheck, skipped } from '../../domain/verdict.ts';
import { count } from '../../domain/words.ts';
import { AppError } from '../../errors.ts';
import type { PlannedStep } from '../define.ts';

const namedNode = z.object({
  nodeId: z.string(),
  label: z.string(),
  kind: z.enum(nodeKinds),
  host: z.string(),
  port: z.number(),
  place: z.object({ hostId: z.string(), deployDir: z.string(), unit: z.string().nullable() }).optional(),
});
export type NamedNode = z.infer<typeof namedNode>;

/** The nodes that a run works on, in the order of its plan; those of lanes that a person left out are not among them. */
export function nodesIn(steps: readonly PlannedStep[]): readonly NamedNode[] {
  const found = steps
    .filter(({ phase, state }) => phase === 'do' && state !== 'skipped')
    .flatMap(({ params }) => {
      const node = namedNode.safeParse(params);
      return node.success ? [node.data] : [];
    });
  return [...new Map(found.map((node) => [node.nodeId, node])).values()];
}

/** Passes when the cluster shows each of these nodes alive. */
export function nodesAliveCheck(nodes: readonly ObservedNode[], wanted: readonly NamedNode[]): NamedCheck {
  const missing = wanted.flatMap((node) => {
    const row = findSameNode(nodes, node);
    if (row === undefined) return [`${node.label} is not in the cluster`];
    return row.alive ? [] : [`${nodeLabel(row)} is down${row.errorMessage ? `: ${row.errorMessage}` : ''}`];
  });
  return found('nodes-alive', 'BLOCK', missing.length === 0, {
    observed: missing.length === 0 ? `${count(wanted.length, 'node')} alive` : missing.join('; '),
    wanted: 'every node of the run alive',
    hint: "Look at the node's log on its host.",
  });
}

/** Tablets that miss replicas are repaired by the cluster itself: told, and decides nothing. */
export async function tabletsCheck(sql: SqlReader, signal: AbortSignal): Promise<NamedCheck> {
  try {
    const health = await readTabletHealth(sql, { signal });
    return found('tablets-healthy', 'WARN', unhealthyTablets(health) === 0, {
      observed: tabletsInWords(health),
      wanted: '0',
      hint: 'The cluster repairs them by itself; look again in some minutes.',
    });
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'SQL_PRIVILEGE_MISSING') throw error;
    return skipped('tablets-healthy', { why: 'the SQL user may not ask', wanted: '0', severity: 'WARN' });
  }
}
