import { z } from 'zod';
import type { NodeReader } from '../../../adapters/nodes/port.ts';
import { nodeKinds } from '../../../domain/cluster.ts';
import { processId } from '../../../steps/process-id.ts';

/**
 * A node that is stopped, started or waited for, and where it is. No process is named here: a plan must stay the same
 * after the node was restarted, and every step finds out for itself which process runs.
 */
export const nodePlace = z.object({
  nodeId: z.string(),
  label: z.string(),
  kind: z.enum(nodeKinds),
  /** The address and port by which the cluster names the node: the `IP` column, and the edit-log or heartbeat port. */
  host: z.string(),
  port: z.number(),
  hostId: z.string(),
  deployDir: z.string(),
  /** The systemd unit that runs it; null = StarRocks' own scripts do. */
  unit: z.string().nullable(),
  stopTimeoutSeconds: z.number(),
  /** True when the node keeps replicas of tablets, which have to be complete again before the next node goes. */
  hasTablets: z.boolean(),
  /** Seconds that the node may take to come back. */
  gateTimeoutSeconds: z.number(),
});
export type NodePlace = z.infer<typeof nodePlace>;

/** What is recorded of a node before it is stopped: its process, and since when the cluster knows it. */
export const notedNode = z.object({
  process: processId.nullable(),
  startedAt: z.string().nullable(),
});

/** The last lines of what the node wrote, for people who have to find out why it does not run. */
export function lastLogLines(node: NodeReader, signal: AbortSignal): Promise<readonly string[]> {
  return node.lastLogLines(8, { signal });
}
