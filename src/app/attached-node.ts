import type { NodeRef } from '../adapters/nodes/port.ts';
import type { ClusterNode } from '../domain/cluster.ts';
import type { Inventory } from '../domain/inventory.ts';
import { nodeLabel } from '../domain/node-identity.ts';
import { AppError } from '../errors.ts';

type Known = Pick<Inventory, 'findNode' | 'findHost' | 'listNodes'>;

/**
 * Where a node is, and what runs it there: as the inventory has it; else, of one that has left it, as the plan has it. Throws
 * `CREDENTIAL_MISSING` when it cannot be reached any more.
 */
export async function findAttached(inventory: Known, ref: NodeRef) {
  const node = await findKnown(inventory, ref);
  if (node !== null) {
    const { kind, hostId, deployDir, unit } = node;
    return { hostId, place: { label: nodeLabel(node), kind, deployDir, unit } };
  }
  const { label, kind, hostId, deployDir, unit = null } = ref;
  if (kind !== undefined && (await inventory.findHost(hostId)) !== null)
    return { hostId, place: { label, kind, deployDir, unit } };
  throw new AppError('CREDENTIAL_MISSING', `${label} is not attached any more`, {
    hint: 'Attach it with attachHosts.',
  });
}

type Attached = ClusterNode & { readonly hostId: string; readonly deployDir: string };

async function findKnown(inventory: Known, { nodeId, hostId, deployDir }: NodeRef): Promise<Attached | null> {
  const named = nodeId === undefined ? null : await inventory.findNode(nodeId);
  if (named !== null && isAttached(named)) return named;
  const host = await inventory.findHost(hostId);
  const nodes = host === null ? [] : await inventory.listNodes(host.clusterId);
  return nodes.filter(isAttached).find((node) => node.hostId === hostId && node.deployDir === deployDir) ?? null;
}

function isAttached(node: ClusterNode): node is Attached {
  return node.hostId !== null && node.deployDir !== null;
}
