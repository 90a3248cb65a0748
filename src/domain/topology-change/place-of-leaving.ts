import type { Neighbour } from '../deploy/found-there.ts';
import { identityPorts } from '../deploy/node-ports.ts';
import type { Known } from '../known.ts';
import { isSameNode, type NodeIdentity, nodeLabel } from '../node-identity.ts';

/** Why a place is not the node's; part of what a step answers that may not go on. */
export type WrongPlace = { readonly code: 'PRECONDITION_FAILED'; readonly message: string; readonly hint: string };

type Leaving = NodeIdentity & { readonly label: string; readonly place: { readonly deployDir: string } };

/**
 * Why the directory that the inventory has may not be the one of the node that leaves; null = nothing speaks against it. What
 * is stopped later is what runs from there, and a directory in which nothing runs would pass for a process that has ended.
 */
export function whyWrongPlace(
  { kind, label, port, place }: Leaving,
  seen: {
    /** The cluster says so. */
    readonly alive: boolean;
    /** A process of this kind runs from the directory. */
    readonly runs: boolean;
    /** By the conf file there. */
    readonly port: Known<number>;
  },
): WrongPlace | null {
  const { deployDir } = place;
  const hint = 'Attach its host again with attachHosts, which finds the directory, or give leaveProcess: true.';
  const blocked = (message: string): WrongPlace => ({ code: 'PRECONDITION_FAILED', message, hint });
  if (seen.alive && !seen.runs)
    return blocked(`The cluster says that ${label} is alive, and no process of it runs from ${deployDir}`);
  if ('unknown' in seen.port)
    return seen.runs
      ? blocked(`Whether ${label} is what runs from ${deployDir} cannot be told: ${seen.port.unknown}`)
      : null;
  if (seen.port.value === port) return null;
  return blocked(
    `The conf file in ${deployDir} has ${identityPorts[kind]} ${seen.port.value}, so it is not of ${label}, or was changed since it started`,
  );
}

/**
 * A known node of any cluster that has the directory of one that has left, on the same machine: it was used again meanwhile.
 * A machine is known by its host, or by the key that it shows.
 */
export function whoTookPlace(
  leaving: Leaving & { readonly place: { readonly hostId: string } },
  nodes: readonly Neighbour[],
  own: { readonly clusterId: string; readonly hostKey: string | null },
): string | null {
  const { hostId, deployDir } = leaving.place;
  const other = nodes.find(
    (node) =>
      node.deployDir === deployDir &&
      node.kind === leaving.kind &&
      (node.hostId === hostId || (own.hostKey !== null && node.hostKeyFingerprint === own.hostKey)) &&
      !(node.clusterId === own.clusterId && isSameNode(node, leaving)),
  );
  return other === undefined ? null : nodeLabel(other);
}
