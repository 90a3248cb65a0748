import { z } from 'zod';
import type { NodeRef } from '../../../adapters/nodes/port.ts';
import type { ClusterNode } from '../../../domain/cluster.ts';
import type { InventoryRecord } from '../../../domain/inventory.ts';
import { nodeLabel } from '../../../domain/node-identity.ts';
import type { StepSpec } from '../../../domain/plan.ts';
import { startNode } from '../../node/steps/power.ts';

/** A node that is to leave its cluster, as the steps that take it out know it. */
export const leavingNode = z.object({
  nodeId: z.string(),
  label: z.string(),
  kind: z.enum(['FRONTEND', 'BACKEND', 'COMPUTE_NODE']),
  /** The text of the `IP` column, and the edit-log or heartbeat port. */
  host: z.string(),
  port: z.number(),
  /** Where it runs; null = its host is not attached, so nobody can look there. */
  place: z.object({ hostId: z.string(), deployDir: z.string(), unit: z.string().nullable() }).nullable(),
  /** The version that it reported when the plan was made; empty = none. */
  version: z.string(),
});
export type LeavingNode = z.infer<typeof leavingNode>;

/** A node with a place that is known. */
export const reachableNode = leavingNode.extend({
  place: z.object({ hostId: z.string(), deployDir: z.string(), unit: z.string().nullable() }),
});
export type ReachableNode = z.infer<typeof reachableNode>;

export function toLeavingNode(node: ClusterNode): LeavingNode {
  const { id, kind, host, port, hostId, deployDir, unit } = node;
  return {
    ...{ nodeId: id, label: nodeLabel(node), kind, host, port },
    place: hostId === null || deployDir === null ? null : { hostId, deployDir, unit },
    version: node.version ?? '',
  };
}

export function isReachable(node: LeavingNode): node is ReachableNode {
  return node.place !== null;
}

/** The node for the port: it is found by its place once the inventory has it no more. */
export function refOf({ nodeId, label, kind, place }: ReachableNode): NodeRef {
  return { nodeId, label, kind, ...place };
}

/** What is remembered of it. `noted` was read while it still ran; null = nobody could. */
export function removedRecord(
  { kind, host, port, place }: LeavingNode,
  { noted, processEnded }: { readonly noted: Noted | null; readonly processEnded: boolean | null },
): InventoryRecord {
  const { dataDirs, identities } = noted ?? { dataDirs: [], identities: {} };
  return { record: 'nodeRemoved', node: { kind, host, port, place, dataDirs, identities, processEnded } };
}

/** Where a node kept its data, and whose the directories said they were. */
export type Noted = { readonly dataDirs: readonly string[]; readonly identities: Readonly<Record<string, string>> };

/** Starts a node again that was stopped to be taken out and is still in the cluster. */
export function startStopped({ nodeId, label, kind, version, place }: ReachableNode): StepSpec {
  return startNode.with({ nodeId, label, kind, version, ...place, process: null });
}
