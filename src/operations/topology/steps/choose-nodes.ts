import type { ClusterNode, NodeKind } from '../../../domain/cluster.ts';
import { nodeLabel } from '../../../domain/node-identity.ts';
import type { Refusal } from '../../../domain/plan.ts';

const words = { FRONTEND: 'a frontend', BACKEND: 'a backend', COMPUTE_NODE: 'a compute node' } as const;

/** The nodes that were asked for, each once, in the order of the request; or why they are not what was meant. */
export function chooseNodes(
  nodes: readonly ClusterNode[],
  { nodeIds, kind }: { readonly nodeIds: readonly string[]; readonly kind: NodeKind },
): { readonly chosen: readonly ClusterNode[]; readonly refusals: readonly Refusal[] } {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const refusals = nodeIds.flatMap((id, at): Refusal[] => {
    const node = byId.get(id);
    const path = ['input', 'nodeIds', String(at)];
    if (node === undefined)
      return [
        {
          code: 'NOT_FOUND',
          message: `The cluster has no node ${id}`,
          hint: 'Refresh the cluster, then look at the ids of its nodes.',
          path,
        },
      ];
    if (node.kind === kind) return [];
    return [
      {
        code: 'INVALID_INPUT',
        message: `${nodeLabel(node)} is not ${words[kind]}`,
        hint: 'Backends leave by decommissionBackends, compute nodes by removeComputeNodes, frontends by dropFrontends.',
        path,
      },
    ];
  });
  return { chosen: [...new Set(nodeIds)].flatMap((id) => byId.get(id) ?? []), refusals };
}

/** Nodes on hosts that nobody attached: refused, unless their processes are to be left alone. */
export function whyNotReached(chosen: readonly ClusterNode[], leaveProcess: boolean): readonly Refusal[] {
  if (leaveProcess) return [];
  return chosen
    .filter(({ hostId, deployDir }) => hostId === null || deployDir === null)
    .map((node) => ({
      code: 'CREDENTIAL_MISSING',
      message: `There is no SSH access to the host of ${nodeLabel(node)}, and its process would go on after it has left`,
      hint: 'Attach it with attachHosts, or give leaveProcess: true and stop it by hand.',
    }));
}
