import { z } from 'zod';
import { nodeKinds } from '../../domain/cluster.ts';
import type { Refusal } from '../../domain/plan.ts';
import type { UpgradeNode } from '../../domain/upgrade/checks-facts.ts';
import { nodeId } from '../input/fields.ts';

/* The fields that the operations of run control share. */

export const whichNodes = {
  nodeIds: z.array(nodeId).min(1).max(500).optional().meta({ description: 'These nodes, by their ids.' }),
  kinds: z
    .array(
      z.enum(nodeKinds).meta({
        values: { FRONTEND: 'Frontends.', BACKEND: 'Backends.', COMPUTE_NODE: 'Compute nodes.' },
      }),
    )
    .max(3)
    .default([])
    .meta({ description: 'Every node of these kinds: FRONTEND, BACKEND, COMPUTE_NODE.' }),
};

export const graceful = z
  .boolean()
  .default(true)
  .meta({ description: 'Let running work end first; false kills a backend at once.' });

export const stopTimeoutSeconds = z
  .int()
  .min(10)
  .max(7200)
  .default(600)
  .meta({ description: 'How long a node may take to let its work end, in seconds. Then it is killed.' });

export const gateTimeoutSeconds = z
  .int()
  .min(10)
  .max(7200)
  .default(900)
  .meta({ description: 'How long a node may take to be alive and whole again, in seconds.' });

export const acceptWarnings = z
  .array(z.string().max(64))
  .max(64)
  .default([])
  .meta({ description: 'Names of checks whose warnings are known and accepted, such as `conf-changed`.' });

type Which = {
  readonly nodeIds?: readonly string[] | undefined;
  readonly kinds: readonly UpgradeNode['kind'][];
  readonly all: boolean;
};

/**
 * The nodes that were asked for: by id, by kind, or all of them, exactly one of the three. Whoever says nothing means no
 * node, and ids that the cluster does not have are refused by name.
 */
export function chooseNodes<N extends Pick<UpgradeNode, 'id' | 'kind'>>(
  nodes: readonly N[],
  { nodeIds: ids = [], kinds, all }: Which,
): { readonly chosen: readonly N[] } | { readonly refusals: readonly Refusal[] } {
  const ways = [ids.length > 0, kinds.length > 0, all].filter(Boolean).length;
  if (ways !== 1) {
    return refuse(
      'INVALID_INPUT',
      ways === 0 ? 'Which nodes are meant was not said' : 'Nodes are meant in more than one way',
      'Name nodes, or give kinds, or say `--all` (`all: true` in the API), and only one of these.',
    );
  }
  const unknown = ids.filter((id) => !nodes.some((node) => node.id === id));
  if (unknown.length > 0) {
    return refuse(
      'NOT_FOUND',
      `The cluster has no node ${unknown.join(', ')}`,
      'Refresh the cluster, then look at the ids of its nodes.',
    );
  }
  const chosen = nodes.filter(
    (node) => all || kinds.includes(node.kind) || (node.id !== null && ids.includes(node.id)),
  );
  return chosen.length > 0
    ? { chosen }
    : refuse('PRECONDITION_FAILED', 'The cluster has no such node', 'Look at its nodes, then ask for what it has.');
}

function refuse(code: Refusal['code'], message: string, hint: string) {
  return { refusals: [{ code, message, hint }] };
}
