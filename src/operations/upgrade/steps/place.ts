import { z } from 'zod';
import type { NodeReader } from '../../../adapters/nodes/port.ts';
import type { Replacement } from '../../../domain/node-binaries.ts';
import { processId } from '../../../steps/process-id.ts';

/**
 * A node that is taken from one version to another, and where it is. No process is named here: a plan must stay the same
 * after the node was restarted, and every step finds out for itself which process runs.
 */
export const nodeMove = z.object({
  nodeId: z.string(),
  label: z.string(),
  kind: z.enum(['FRONTEND', 'BACKEND', 'COMPUTE_NODE']),
  /** The address and port by which the cluster names the node: the `IP` column, and the edit-log or heartbeat port. */
  host: z.string(),
  port: z.number(),
  hostId: z.string(),
  deployDir: z.string(),
  unit: z.string().nullable(),
  /** The version that runs before the step, as the node reports it. */
  fromVersion: z.string(),
  /** The version that is to run afterwards. */
  toVersion: z.string(),
  /** The release that is staged: it is put in place, or was put in place and is taken out again. */
  release: z.object({ version: z.string(), sha256: z.string() }),
  /** What ran before the release came, as its kept binaries are named. */
  keptVersion: z.string(),
  stopTimeoutSeconds: z.number(),
  /** True when the node keeps replicas of tablets, which have to be complete again before the next node goes. */
  hasTablets: z.boolean(),
  /** Seconds that the node may take to come back. */
  gateTimeoutSeconds: z.number(),
});
export type NodeMove = z.infer<typeof nodeMove>;

/** The way back of a move: the same release is taken out, and the kept binaries return. */
export function reversed(move: NodeMove): NodeMove {
  return { ...move, fromVersion: move.toVersion, toVersion: move.fromVersion };
}

/** What the move puts in place of the binaries that run, in this run. */
export function replacementOf({ release, keptVersion }: NodeMove, runId: string): Replacement {
  return { release, keptVersion, runId };
}

/** The last lines of what the node wrote, for people who have to find out why it does not run. */
export function lastLogLines(node: NodeReader, signal: AbortSignal): Promise<readonly string[]> {
  return node.lastLogLines(8, { signal });
}

/** What is recorded of a node before it is stopped: its process, and since when the cluster knows it. */
export const notedNode = z.object({
  process: processId.nullable(),
  startedAt: z.string().nullable(),
});
