import type { NodeRef } from '../adapters/nodes/port.ts';
import type { ClusterNode } from '../domain/cluster.ts';
import type { Inventory } from '../domain/inventory.ts';
import { nodeLabel } from '../domain/node-identity.ts';
import { AppError } from '../errors.ts';

type Known = Pick<Inventory, 'findNode' | 'findHost' | 'listNodes'>;

/** Where the inventory has the node, and what runs it there. Throws `CREDENTIAL_MISSING` when nobody attached it. */
export async function findAttached(inventory: Known, ref: NodeRef) {
  const node = typeof ref === 'string' ? await inventory.findNode(ref) : await findByPlace(inventory, ref);
  if (node === null || node.hostId === null || node.deployDir === null) {
    const which = node === null ? 'The node' : nodeLabel(node);
    throw new AppError('CREDENTIAL_MISSING', `${which} is not attached any more`, {
      hint: 'Attach it with attachHosts.',
    });
  }
  const { kind, hostId, deployDir, unit } = node;
  return { hostId, place: { label: nodeLabel(node), kind, deployDir, unit } };
}

async function findByPlace(
  inventory: Known,
  { hostId, deployDir }: Exclude<NodeRef, string>,
): Promise<ClusterNode | null> {
  const host = await inventory.findHost(hostId);
  if (host === null) return null;
  const nodes = await inventory.listNodes(host.clusterId);
  return nodes.find((node) => node.hostId === hostId && node.deployDir === deployDir) ?? null;
}
